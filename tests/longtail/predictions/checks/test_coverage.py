from pathlib import Path

import numpy as np
import pytest

from longtail.predictions.checks.coverage import Coverage, images_found
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import ImageSet
from longtail.predictions.store import Source, StoreWriter


@pytest.mark.parametrize(
    ("num_images", "num_found", "low"),
    [(8, 2, True), (8, 4, True), (8, 5, False), (8, 0, True), (1, 0, True), (1, 1, False)],
)
def test_half_without_any_detection_is_too_many(num_images: int, num_found: int, low: bool) -> None:
    assert Coverage(num_images, num_found).is_low is low


def test_an_expert_of_some_categories_may_find_nothing_in_most_images() -> None:
    assert not Coverage(8, 1, knows_all=False).is_low
    assert Coverage(8, 0, knows_all=False).is_low


def test_without_an_image_that_could_have_a_detection_nothing_is_said() -> None:
    assert not Coverage(0, 0).is_low


def test_images_without_objects_need_no_detection() -> None:
    has_objects = np.array([True, True, False, False, False])
    has_detections = np.array([True, True, True, False, False])
    coverage = Coverage.of_objects(has_objects, has_detections)
    assert (coverage.num_images, coverage.num_found, coverage.is_low) == (2, 2, False)


def test_the_warning_has_the_counts_and_the_likely_cause() -> None:
    text = Coverage(8, 2).warning("a.json")
    assert text.startswith("a.json has detections in only 2 of 8 images; every object of 6 images")
    assert "another split" in text
    assert "a.json has no detection in any of 8 images: right" in Coverage(8, 0).warning("a.json")


def test_images_of_a_store_are_told_apart_by_their_detections(tmp_path: Path) -> None:
    # Two blocks of 32 and 8 images.
    ids = np.arange(40) * 3 + 1
    sides = np.full(40, 10)
    found = np.array([4, 4, 100])
    ones = np.ones(3, np.int64)
    columns = DetectionColumns(
        found,
        ones,
        ones * 0.5,
        ones * 0.5,
        np.tile([0.0, 0.0, 1.0, 1.0], (3, 1)),
        ones * 10,
        ones * 10,
        np.zeros(0, np.uint8),
        np.zeros(4, np.int64),
    )
    writer = StoreWriter(tmp_path, ImageSet(ids, sides, sides), Source("a"))
    writer.write_shard(0, [columns.take(np.array([0, 1])), columns.take(np.array([2]))])
    assert ids[images_found(writer.finish())].tolist() == [4, 100]
