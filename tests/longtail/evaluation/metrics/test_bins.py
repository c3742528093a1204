"""Means of groups of categories."""

import numpy as np
import pytest

from longtail.categories import INSTANCE_BINS, CategoryTable
from longtail.evaluation.metrics.bins import (
    ap_by_instance_bin,
    gap_by_group,
    mean_of_bins,
)


def table(instance_counts: list[int], letters: str) -> CategoryTable:
    records = [
        {
            "id": i + 1,
            "name": str(i),
            "frequency": letter,
            "image_count": 1,
            "instance_count": instance_count,
        }
        for i, (instance_count, letter) in enumerate(zip(instance_counts, letters, strict=True))
    ]
    return CategoryTable.from_records(records, "made up")


def test_bins_are_means_over_the_categories_that_occur() -> None:
    categories = table([0, 9, 10, 99, 100, 1000, 5000], "rrrccff")
    ap = np.array([0.2, -1.0, 0.4, 0.6, 0.5, -1.0, 0.8])
    bins = ap_by_instance_bin(ap, categories)
    assert tuple(bins) == INSTANCE_BINS
    assert list(bins.values()) == pytest.approx([0.2, 0.5, 0.5, 0.8])


def test_a_bin_without_an_occurring_category_is_undefined() -> None:
    bins = ap_by_instance_bin(np.array([0.5, -1.0]), table([20, 2000], "rf"))
    assert list(bins.values()) == [-1.0, 0.5, -1.0, -1.0]


def test_the_bins_of_report_004_come_back_from_its_categories() -> None:
    instances = [5] * 67 + [50] * 298 + [500] * 284 + [5000] * 181 + [5] * 227
    ap = np.repeat([0.086, 0.22, 0.196, 0.266, -1.0], [67, 298, 284, 181, 227])
    bins = ap_by_instance_bin(ap, table(instances, "r" * len(ap)))
    assert list(bins.values()) == pytest.approx([0.086, 0.22, 0.196, 0.266])
    assert ap[ap > -1].mean() == pytest.approx(0.2110, abs=5e-5)


def test_the_mean_of_bins_leaves_empty_ones_out() -> None:
    assert mean_of_bins({"a": 0.1, "b": -1.0, "c": 0.3}) == pytest.approx(0.2)
    assert mean_of_bins({"a": -1.0}) == -1.0


def test_the_gap_of_a_group_is_box_minus_mask_and_undefined_where_one_is() -> None:
    segm = {"APr": 0.1, "APc": -1.0, "APf": 0.4}
    box = {"APr": 0.15, "APc": 0.3, "APf": 0.35}
    gaps = gap_by_group(segm, box)
    assert gaps == {"r": pytest.approx(0.05), "c": -1.0, "f": pytest.approx(-0.05)}
