import numpy as np
import pytest
from scipy import ndimage
from support.scenes import drawn, make_scene, pixels_of, rectangle

from longtail.data.loading.transforms.cutout import Cutout
from longtail.data.loading.transforms.horizontal_flip import HorizontalFlip

WHITE = np.full((40, 60, 3), 255, np.uint8)


def hidden(transform: Cutout, seed: int) -> np.ndarray:
    pixels = pixels_of(drawn(make_scene(pixels=WHITE), transform, seed=seed))
    grey: np.ndarray = (pixels == 114).all(axis=-1)
    assert (pixels[~grey] == 255).all()
    return grey


def test_one_rectangle_takes_its_share_of_each_side() -> None:
    heights, widths, tops = [], [], []
    for seed in range(120):
        grey = hidden(Cutout((1, 1), (0.25, 0.5), 1.0), seed)
        ((rows, columns),) = ndimage.find_objects(grey.astype(int))
        heights.append(rows.stop - rows.start)
        widths.append(columns.stop - columns.start)
        tops.append(rows.start)
    assert set(heights) == set(range(10, 21))
    assert min(widths) == 15 and max(widths) == 30
    assert min(tops) == 0 and max(tops) >= 25


def test_as_many_as_are_drawn() -> None:
    small = Cutout((2, 4), (0.025, 0.025), 1.0)
    counts = [ndimage.label(hidden(small, seed))[1] for seed in range(100)]
    assert set(counts) <= {1, 2, 3, 4} and {2, 3, 4} <= set(counts)


def test_all_can_be_hidden_and_then_nothing_is_left() -> None:
    scene = make_scene(
        (40, 60), [rectangle(10, 10, 20, 20), None], [[10, 10, 20, 20], [0, 0, 9, 9]]
    )
    after = drawn(scene, Cutout((1, 1), (1.0, 1.0), 1.0))
    assert (pixels_of(after) == 114).all()
    assert len(after.instances) == 0


def test_what_annotators_outlined_stays_unless_it_is_nearly_hidden() -> None:
    masks = [rectangle(x, y, x + 6, y + 6) for y in range(0, 40, 8) for x in range(0, 60, 10)]
    scene = make_scene((40, 60), masks, pixels=WHITE, semantic=np.full((40, 60), 3, np.uint8))
    for seed in range(10):
        after = drawn(scene, Cutout((3, 3), (0.2, 0.5), 1.0), seed=seed)
        grey = (pixels_of(after) == 114).all(axis=-1)
        visible = [int((~grey[y : y + 6, x : x + 6]).sum()) for x, y in corners(masks)]
        # A tenth of 36 is 3.6 pixels; fewer than 4 vanish.
        stays = [i for i, number in enumerate(visible) if number >= 4]
        assert after.instances.labels.tolist() == stays
        assert after.instances.areas().tolist() == [36] * len(stays)
        assert after.instances.boxes.tolist() == scene.instances.boxes[stays].tolist()
        assert after.semantic is not None and (after.semantic == 3).all()


def corners(masks: list) -> list[tuple[int, int]]:
    return [(int(mask.bounds()[0]), int(mask.bounds()[1])) for mask in masks]


def test_what_moved_before_is_hidden_where_it_is_now() -> None:
    scene = make_scene((40, 60), [rectangle(0, 0, 6, 6)], pixels=WHITE)
    for seed in range(30):
        cutout = Cutout((1, 1), (0.5, 0.5), 1.0)
        after = drawn(scene, HorizontalFlip(1.0), cutout, seed=seed)
        visible = (pixels_of(after)[:6, 54:] == 255).all(axis=-1).sum()
        assert len(after.instances) == (visible >= 4)


def test_a_share_of_the_images_loses_something() -> None:
    changed = [hidden(Cutout((1, 3), (0.05, 0.2), 0.3), seed).any() for seed in range(300)]
    assert np.mean(changed) == pytest.approx(0.3, abs=0.08)
    assert Cutout((1, 3), (0.05, 0.2), 0.3).largest((40, 60)) == (40, 60)
