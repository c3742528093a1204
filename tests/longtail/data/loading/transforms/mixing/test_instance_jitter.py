import numpy as np
import pytest
from support.scenes import decoded, drawn, make_scene, pixels_of, rectangle

from longtail.data.loading.scenes.masks import BitmapMask, PolygonMask
from longtail.data.loading.scenes.scene import Scene
from longtail.data.loading.transforms.mixing.instance_jitter import InstanceJitter

SIZE = (60, 80)
STILL = InstanceJitter(1.0, (1.0, 1.0), 0.0, 0.0)
SHIFTED = InstanceJitter(1.0, (1.0, 1.0), 0.5, 0.0)
NEAR = InstanceJitter(1.0, (1.0, 1.0), 0.2, 0.0)
ANYHOW = InstanceJitter(1.0, (0.7, 1.3), 0.3, 20.0)


def _on_black(
    *masks: PolygonMask | BitmapMask | None, boxes: list[list[float]] | None = None
) -> Scene:
    """White where the masks are."""
    pixels = np.zeros((*SIZE, 3), np.uint8)
    for mask in masks:
        pixels[decoded(mask, SIZE)] = 255
    return make_scene(SIZE, masks, boxes=boxes, pixels=pixels)


def test_without_any_motion_everything_stays() -> None:
    scene = _on_black(rectangle(10, 10, 30, 40), rectangle(50, 20, 70, 30))
    same = drawn(scene, STILL)
    assert same.picture.tobytes() == scene.picture.tobytes()
    assert sorted(same.instances.boxes.tolist()) == sorted(scene.instances.boxes.tolist())


@pytest.mark.parametrize("seed", range(8))
def test_the_old_place_is_filled_in_and_pixels_move_with_the_mask(seed: int) -> None:
    moved = drawn(_on_black(rectangle(30, 20, 50, 40)), ANYHOW, seed=seed)
    (mask,) = moved.instances.masks.items
    where = decoded(mask, SIZE)
    white = pixels_of(moved)[..., 0] >= 128
    assert (white & ~where).sum() == 0
    # Only pixels of the edge are mixed with what was around.
    assert (where & ~white).sum() <= 80 and white.sum() > 100


@pytest.mark.parametrize("seed", range(8))
def test_factor_angle_and_shift_keep_to_their_bounds(seed: int) -> None:
    moved = drawn(
        _on_black(rectangle(30, 20, 50, 40)), InstanceJitter(1.0, (0.8, 1.2), 0.1, 0.0), seed=seed
    )
    x0, y0, x1, y1 = moved.instances.boxes[0]
    assert 16 <= x1 - x0 <= 24 and (x1 - x0) == pytest.approx(y1 - y0)
    assert abs((x0 + x1) / 2 - 40) <= 2 and abs((y0 + y1) / 2 - 30) <= 2


def test_polygons_stay_polygons_unless_something_is_in_front() -> None:
    for seed in range(8):
        moved = drawn(_on_black(rectangle(30, 20, 50, 40)), ANYHOW, seed=seed)
        assert isinstance(moved.instances.masks.items[0], PolygonMask)


def test_instances_that_share_pixels_move_as_one() -> None:
    whole, part, apart = (
        rectangle(10, 10, 30, 40),
        rectangle(12, 12, 20, 20),
        rectangle(60, 40, 64, 44),
    )
    for seed in range(8):
        moved = drawn(_on_black(whole, part, apart), NEAR, seed=seed).instances
        boxes = dict(zip(moved.labels.tolist(), moved.boxes, strict=True))
        assert (boxes[1] - boxes[0]).tolist() == pytest.approx([2, 2, -10, -20])
        masks = dict(zip(moved.labels.tolist(), moved.masks.items, strict=True))
        assert masks[0] is not None and masks[0].area() == pytest.approx(600)


def test_a_smaller_one_hides_a_larger_one() -> None:
    # Side by side, and moved by up to half of their size: in some they meet.
    scene, met = _on_black(rectangle(10, 10, 40, 50), rectangle(41, 20, 51, 30)), 0
    for seed in range(20):
        moved = drawn(scene, SHIFTED, seed=seed)
        small, large = moved.instances.masks.items
        assert moved.instances.labels.tolist() == [1, 0]
        assert isinstance(small, PolygonMask)
        assert not (decoded(small, SIZE) & decoded(large, SIZE)).any()
        met += isinstance(large, BitmapMask)
    assert 0 < met < 20


def test_instances_without_a_mask_keep_their_place_and_may_be_hidden() -> None:
    scene = _on_black(None, rectangle(30, 20, 50, 40), boxes=[[2, 2, 9, 9], [30, 20, 50, 40]])
    for seed in range(5):
        moved = drawn(scene, SHIFTED, seed=seed).instances
        where = moved.labels.tolist().index(0)
        assert moved.boxes[where].tolist() == [2, 2, 9, 9]
        assert moved.masks.items[where] is None
    only = make_scene(SIZE, [None], boxes=[[2, 2, 9, 9]])
    assert drawn(only, ANYHOW).picture.tobytes() == only.picture.tobytes()


def test_classes_of_pixels_that_changed_are_unknown() -> None:
    scene = make_scene(SIZE, [rectangle(30, 20, 50, 40)], semantic=np.full(SIZE, 7, np.uint8))
    moved = drawn(scene, SHIFTED, seed=1)
    changed = (pixels_of(moved) != pixels_of(scene)).any(axis=2)
    assert moved.semantic is not None and (moved.semantic[changed] == 255).all()
    assert (moved.semantic == 7).sum() > 3000


def test_a_border_of_an_instance_is_not_mixed_with_black() -> None:
    pixels = np.full((*SIZE, 3), 200, np.uint8)
    scene = make_scene(SIZE, [rectangle(0, 0, 20, 20)], pixels=pixels)
    for seed in range(8):
        assert (pixels_of(drawn(scene, ANYHOW, seed=seed)) >= 199).all()


def test_nothing_happens_with_a_probability_of_zero_and_the_size_stays() -> None:
    scene = _on_black(rectangle(30, 20, 50, 40))
    never = InstanceJitter(0.0, (0.5, 0.6), 0.5, 90.0)
    for seed in range(20):
        assert drawn(scene, never, seed=seed).picture.tobytes() == scene.picture.tobytes()
    assert never.largest((20, 30)) == (20, 30)
