"""Frequency groups by the number of images."""

import pytest

from longtail.data.convert.annotation_records import Instance
from longtail.data.convert.frequency import Counts, Limits, count_categories, group_of, thirds


def counts(*image_counts: int) -> dict[int, Counts]:
    return {i: Counts(images, images, "r") for i, images in enumerate(image_counts)}


@pytest.mark.parametrize(
    ("images", "group"), [(0, "r"), (10, "r"), (11, "c"), (100, "c"), (101, "f")]
)
def test_limits_belong_to_the_rarer_group(images: int, group: str) -> None:
    assert group_of(images, Limits(10, 100)) == group


def test_images_are_counted_once_and_instances_all() -> None:
    instances = [Instance(None, image, 7, True, b"{}") for image in (1, 1, 2)]
    assert count_categories([7, 8], instances, Limits(1, 2)) == {7: (2, 3, "c"), 8: (0, 0, "r")}


@pytest.mark.parametrize(
    ("image_counts", "limits"),
    [
        ((1, 2, 3), (1, 2)),
        ((1, 1, 2, 4, 9, 30), (1, 4)),
        ((1, 1, 1, 1, 2, 3), (1, 2)),
        ((5, 6, 7, 7, 7, 7), (5, 6)),
        ((0, 0, 0, 0, 1, 2, 3), (1, 2)),
    ],
)
def test_thirds_leave_no_group_empty(image_counts: tuple[int, ...], limits: Limits) -> None:
    found = thirds(counts(*image_counts))
    assert found == limits
    assert found is not None
    assert {group_of(images, found) for images in image_counts if images} == {"r", "c", "f"}


@pytest.mark.parametrize("image_counts", [(), (0, 0), (3, 3, 3), (1, 2, 2)])
def test_fewer_than_three_different_counts_have_no_thirds(image_counts: tuple[int, ...]) -> None:
    assert thirds(counts(*image_counts)) is None
