import numpy as np

from ensemble.fusion.agreement import may_fire
from ensemble.sources.blocks import Block, images_seen
from ensemble.sources.valid_area import EVERY_SIZE, ValidArea
from longtail.predictions.columns import DetectionColumns

SIDES = np.array([10.0, 100.0, 10.0, 10.0])


def block() -> Block:
    """Four detections: sources 0, 0, 1, 1; images 0, 1, 0, 0; categories 0, 1, 1, 0."""
    sources, images = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 0])
    return Block(np.array([7, 8]), columns(), sources, images, np.array([0, 1, 1, 0]))


def columns() -> DetectionColumns:
    ones = np.ones(4, np.int64)
    offsets = np.zeros(5, np.int64)
    return DetectionColumns(
        ones, ones, SIDES, SIDES, np.zeros((4, 4)), ones, ones, np.zeros(0, np.uint8), offsets
    )


EVERYTHING = np.ones((2, 2), np.bool_)


def test_sources_without_limits_are_not_written_out() -> None:
    assert may_fire(block(), SIDES, EVERYTHING, EVERYTHING, [EVERY_SIZE] * 2) is None


def test_a_source_is_silent_about_images_it_was_not_run_on() -> None:
    seen = images_seen(block(), 2)
    assert seen.tolist() == [[True, True], [True, False]]
    fires = may_fire(block(), SIDES, seen, EVERYTHING, [EVERY_SIZE] * 2)
    assert fires is not None
    assert fires[:, 1].tolist() == [True, False, True, True]
    assert fires[:, 0].all()


def test_a_source_is_silent_about_categories_it_does_not_know() -> None:
    knows = np.array([[True, False], [True, True]])
    fires = may_fire(block(), SIDES, EVERYTHING, knows, [EVERY_SIZE] * 2)
    assert fires is not None
    assert fires[:, 0].tolist() == [True, False, False, True]


def test_a_source_is_silent_about_sizes_it_is_not_trusted_with() -> None:
    fires = may_fire(block(), SIDES, EVERYTHING, EVERYTHING, [EVERY_SIZE, ValidArea(50)])
    assert fires is not None
    assert fires[:, 1].tolist() == [False, True, False, False]
