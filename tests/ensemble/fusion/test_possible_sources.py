from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ensemble.fusion.agreement import possible_sources
from ensemble.sources.blocks import Block, images_seen
from ensemble.sources.source_set import SourceSet
from ensemble.sources.spec import SourceSpec
from ensemble.sources.valid_area import EVERY_SIZE, ValidArea
from longtail.predictions.columns import DetectionColumns

SIDES = np.array([10.0, 100.0, 10.0, 10.0])


def block() -> Block:
    """Four detections: sources 0, 0, 1, 1; images 0, 1, 0, 0; categories 0, 1, 1, 0."""
    sources, images = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 0])
    return Block(np.array([7, 8]), columns(), sources, images, np.array([0, 1, 1, 0]))


def columns() -> DetectionColumns:
    ones = np.ones(4, np.int64)
    boxes = np.stack([0 * SIDES, 0 * SIDES, SIDES, SIDES], axis=1)
    no_masks = np.zeros(0, np.uint8), np.zeros(5, np.int64)
    return DetectionColumns(ones, ones, SIDES, SIDES, boxes, ones, ones, *no_masks)


EVERYTHING = np.ones((2, 2), np.bool_)


def source_set(
    trusted: NDArray[np.bool_] = EVERYTHING, area_of_second: ValidArea = EVERY_SIZE
) -> SourceSet:
    specs = [SourceSpec("a", Path("a")), SourceSpec("b", Path("b"), valid_area=area_of_second)]
    return SourceSet(specs, trusted)


def test_sources_without_limits_are_not_written_out() -> None:
    assert possible_sources(block(), EVERYTHING, source_set()) is None


def test_a_source_is_silent_about_images_it_was_not_run_on() -> None:
    seen = images_seen(block(), 2)
    assert seen.tolist() == [[True, True], [True, False]]
    possible = possible_sources(block(), seen, source_set())
    assert possible is not None
    assert possible[:, 1].tolist() == [True, False, True, True]
    assert possible[:, 0].all()


def test_a_source_is_silent_about_categories_it_does_not_know() -> None:
    trusted = np.array([[True, False], [True, True]])
    possible = possible_sources(block(), EVERYTHING, source_set(trusted))
    assert possible is not None
    assert possible[:, 0].tolist() == [True, False, False, True]


def test_a_source_is_silent_about_sizes_it_is_not_trusted_with() -> None:
    possible = possible_sources(block(), EVERYTHING, source_set(area_of_second=ValidArea(50)))
    assert possible is not None
    assert possible[:, 1].tolist() == [False, True, False, False]
