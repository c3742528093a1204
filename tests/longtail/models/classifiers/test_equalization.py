import numpy as np

from longtail.models.category_statistics import CategoryStatistics
from longtail.models.classifiers.equalization import tail_categories

IMAGES = np.array([9, 10, 11])


def _tail(tail_frequency: float | None, num_images: int = 100, known: bool = True) -> list[bool]:
    groups = np.array([2, 1, 0]) if known else None
    statistics = CategoryStatistics.from_arrays(IMAGES, IMAGES, groups, num_images)
    found: list[bool] = tail_categories(statistics, tail_frequency).tolist()
    return found


def test_tail_is_the_groups_r_and_c_without_a_threshold() -> None:
    assert _tail(None) == [False, True, True]


def test_tail_threshold_is_on_the_share_of_annotated_images_and_excludes_itself() -> None:
    assert _tail(0.1) == [True, False, False]


def test_the_share_is_compared_in_double_precision() -> None:
    # 10 / 100 rounds to another number in single precision.
    assert _tail(np.nextafter(0.1, 1)) == [True, True, False]
    assert _tail(np.nextafter(0.1, 0)) == [True, False, False]


def test_the_tail_is_empty_where_groups_or_images_are_not_known() -> None:
    assert _tail(None, known=False) == [False] * 3
    assert _tail(0.1, num_images=0) == [False] * 3
