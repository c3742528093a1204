import numpy as np
import pytest
import torch

from longtail.models.category_statistics import CategoryStatistics

TAIL = np.array([True, False, False])
IMAGES, INSTANCES = np.array([0, 4, 9]), np.array([0, 5, 90])


def test_arrays_become_tensors_of_their_own() -> None:
    images = IMAGES.copy()
    statistics = CategoryStatistics.from_arrays(TAIL, images, INSTANCES)
    images[0] = 7
    assert statistics.num_categories == 3
    assert statistics.tail.tolist() == [True, False, False]
    assert statistics.image_count.tolist() == [0, 4, 9]
    assert statistics.instance_count.tolist() == [0, 5, 90]
    assert statistics.tail.dtype == torch.bool
    assert {statistics.image_count.dtype, statistics.instance_count.dtype} == {torch.int64}


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match=r"\(2,\), \(3,\)"):
        CategoryStatistics.from_arrays(TAIL, IMAGES[:2], INSTANCES)


def test_counts_start_at_zero() -> None:
    with pytest.raises(ValueError, match="instance_count -1 of category index 1"):
        CategoryStatistics.from_arrays(TAIL, IMAGES, np.array([3, -1, 5]))
