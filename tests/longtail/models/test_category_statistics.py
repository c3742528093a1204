import numpy as np
import pytest
import torch

from longtail.categories import CategoryTable
from longtail.models.category_statistics import UNKNOWN_GROUP, CategoryStatistics

IMAGES, INSTANCES = np.array([0, 4, 9]), np.array([0, 5, 90])
GROUPS = np.array([0, 0, 2])


def test_arrays_become_tensors_of_their_own() -> None:
    images = IMAGES.copy()
    statistics = CategoryStatistics.from_arrays(images, INSTANCES, GROUPS, 12)
    images[0] = 7
    assert statistics.num_categories == 3
    assert statistics.image_count.tolist() == [0, 4, 9]
    assert statistics.instance_count.tolist() == [0, 5, 90]
    assert statistics.frequency_group.tolist() == [0, 0, 2]
    assert statistics.num_images == 12
    assert {statistics.image_count.dtype, statistics.instance_count.dtype} == {torch.int64}


def test_a_table_gives_its_counts_and_groups() -> None:
    records = [
        {"id": i, "name": str(i), "frequency": letter, "image_count": i, "instance_count": 2}
        for i, letter in ((3, "f"), (1, "c"), (2, "r"))
    ]
    table = CategoryTable.from_records(records, "train.json")
    statistics = CategoryStatistics.from_table(table, 5)
    assert statistics.image_count.tolist() == [1, 2, 3]
    assert statistics.frequency_group.tolist() == [1, 0, 2]
    assert statistics.num_images == 5


def test_counts_alone_leave_groups_and_images_unknown() -> None:
    statistics = CategoryStatistics.from_arrays(IMAGES, INSTANCES)
    assert statistics.frequency_group.tolist() == [UNKNOWN_GROUP] * 3
    assert statistics.num_images == 0


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match=r"\(2,\), \(3,\)"):
        CategoryStatistics.from_arrays(IMAGES[:2], INSTANCES)
    with pytest.raises(ValueError, match=r"\(2,\), \(3,\)"):
        CategoryStatistics.from_arrays(IMAGES, INSTANCES, GROUPS[:2])


def test_counts_start_at_zero() -> None:
    with pytest.raises(ValueError, match="instance_count -1 of category index 1"):
        CategoryStatistics.from_arrays(IMAGES, np.array([3, -1, 5]))
