from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as PilImage
from support.scenes import ignored_at, make_scene, pixels_of, rectangle

from longtail.data.loading.scenes.geometry import Geometry
from longtail.data.loading.scenes.scene import Scene
from longtail.data.loading.transforms.crop import framed
from longtail.data.loading.transforms.resize import scaled
from longtail.data.loading.transforms.rotation import turned

SIZE = (40, 60)
SEMANTIC = np.full(SIZE, 3, np.uint8)


def scene() -> Scene:
    plain = make_scene(SIZE, [rectangle(10, 10, 50, 30)], semantic=SEMANTIC, present=[0])
    return replace(
        plain,
        ignored=ignored_at([[0, 0, 20, 20], [50, 0, 60, 10]], [0.25, 0.5]),
    )


def test_annotations_are_carried_only_when_they_are_settled() -> None:
    small = scaled(scene(), (20, 30))
    assert small.size == (20, 30)
    assert small.instances.boxes.tolist() == [[10, 10, 50, 30]]
    settled = small.settled()
    assert settled.instances.boxes.tolist() == [[5, 5, 25, 15]]
    assert settled.regions.tolist() == [[0, 0, 30, 20]]
    assert settled.ignored.boxes.tolist() == [[0, 0, 10, 10], [25, 0, 30, 5]]
    assert settled.semantic is not None and settled.semantic.shape == (20, 30)
    assert settled.settled().instances.boxes.tolist() == [[5, 5, 25, 15]]


def test_ignore_boxes_that_leave_the_picture_take_their_weights_along() -> None:
    cut = framed(scene(), (40, 30)).settled()
    assert cut.ignored.boxes.tolist() == [[0, 0, 20, 20]]
    assert cut.ignored.weights.tolist() == [0.25]
    assert (cut.ignored.proposals.tolist(), cut.ignored.labels.tolist()) == ([False], [-1])
    assert cut.regions.tolist() == [[0, 0, 30, 40]]


def test_what_was_cut_off_does_not_come_back_with_a_margin() -> None:
    """Annotations of what is not in the pixels any more would lie on grey."""
    wide = framed(framed(scene(), (40, 30)), (40, 60)).settled()
    assert (pixels_of(wide)[:, 30:] == 114).all()
    assert wide.instances.boxes.tolist() == [[10, 10, 30, 30]]
    assert wide.regions.tolist() == [[0, 0, 30, 40]]
    assert wide.semantic is not None
    assert (wide.semantic[:, :30] == 3).all() and (wide.semantic[:, 30:] == 255).all()


def test_a_picture_that_is_turned_there_and_back_has_lost_its_corners() -> None:
    back = turned(turned(make_scene(SIZE, [rectangle(0, 0, 60, 40)]), 90), -90).settled()
    assert back.instances.boxes.tolist() == [[10, 0, 50, 40]]
    assert (pixels_of(back)[:, :10] == 114).all()


def test_maps_that_show_nothing_new_stay_one() -> None:
    """A bitmap is resampled once."""
    before = scene()
    after = framed(scaled(framed(before, (40, 30)), (80, 60)), (80, 20), (0, 40))
    assert after.instances is before.instances
    assert after.settled().instances.boxes.tolist() == [[0, 20, 20, 60]]


def test_other_colours_move_nothing() -> None:
    before = scene()
    after = before.recoloured(lambda picture: PilImage.new("RGB", picture.size))
    assert not pixels_of(after).any()
    assert after.pending is before.pending and after.instances is before.instances


@pytest.mark.parametrize(
    ("matrix", "size", "cuts", "shows_outside"),
    [
        ([[1.0, 0, 0], [0, 1, 0]], (40, 60), False, False),
        ([[-1199 / 60, 0, 1199], [0, 800 / 40, 0]], (800, 1199), False, False),
        ([[1.0, 0, 0], [0, 1, 0]], (50, 60), False, True),
        ([[1.0, 0, -5], [0, 1, 0]], (40, 50), True, False),
        ([[1.0, 0, -5], [0, 1, 0]], (40, 60), True, True),
        ([[0.0, 1, 0], [-1, 0, 60]], (60, 40), False, False),
    ],
)
def test_a_map_says_what_it_loses_and_what_it_shows_besides(
    matrix: list[list[float]], size: tuple[int, int], cuts: bool, shows_outside: bool
) -> None:
    geometry = Geometry(np.array(matrix), size)
    assert geometry.shows_outside(SIZE) == shows_outside
    assert Geometry.unmoved(SIZE).then(geometry).cuts == cuts
    assert Geometry.unmoved(SIZE).then(geometry).then(Geometry.unmoved(size)).cuts == cuts
