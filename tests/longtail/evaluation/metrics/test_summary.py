"""The thirteen numbers out of curves whose values are known."""

import numpy as np
import pytest

from longtail.categories import CategoryTable
from longtail.evaluation.metrics.summary import (
    Curves,
    Summary,
    ap_per_category,
    count_weighted_mean,
    summarize,
)


def two_categories() -> CategoryTable:
    counts = {"image_count": 1, "instance_count": 1}
    return CategoryTable.from_records(
        [
            {"id": 1, "name": "a", "frequency": "r", **counts},
            {"id": 2, "name": "b", "frequency": "f", **counts},
        ],
        "made up",
    )


def test_each_metric_reads_its_own_part_of_the_curves() -> None:
    curves = Curves.undefined(2)
    thresholds = np.arange(10) / 10
    curves.precision[:, :, 0, 0] = thresholds[:, None]
    curves.precision[:, :, 1, 0] = 1.0
    curves.precision[:, :, 0, 1] = 0.25
    curves.precision[:, :, 1, 3] = 0.75
    curves.recall[:, 0, 0] = 0.5
    curves.recall[:, 1, 3] = 0.125
    expected = {
        "AP": 0.725,
        "AP50": 0.5,
        "AP75": 0.75,
        "APs": 0.25,
        "APm": -1.0,
        "APl": 0.75,
        "APr": 0.45,
        "APc": -1.0,
        "APf": 1.0,
        "AR@300": 0.5,
        "ARs@300": -1.0,
        "ARm@300": -1.0,
        "ARl@300": 0.125,
    }
    metrics = summarize(curves, two_categories(), 300)
    assert list(metrics) == list(expected)
    np.testing.assert_allclose(list(metrics.values()), list(expected.values()), atol=1e-12)
    np.testing.assert_allclose(ap_per_category(curves), [0.45, 1.0], atol=1e-12)


def test_curves_without_ground_truth_are_undefined_everywhere() -> None:
    curves = Curves.undefined(2)
    assert set(summarize(curves, two_categories(), 300).values()) == {-1.0}
    assert ap_per_category(curves).tolist() == [-1.0, -1.0]


def table(letters: str) -> CategoryTable:
    counts = {"image_count": 1, "instance_count": 1}
    records = [{"id": i, "name": str(i), "frequency": g, **counts} for i, g in enumerate(letters)]
    return CategoryTable.from_records(records, "made up")


def test_the_published_bins_of_report_004_give_its_published_ap() -> None:
    counts = [67, 298, 284, 181]
    assert count_weighted_mean([8.6, 22.0, 19.6, 26.6], counts) == pytest.approx(21.10, abs=5e-3)


def test_empty_parts_do_not_enter_a_weighted_mean() -> None:
    assert count_weighted_mean([-1.0, 0.5, 0.2], [0, 1, 2]) == pytest.approx(0.3)
    assert count_weighted_mean([-1.0, -1.0], [0, 0]) == -1.0


def test_ap_that_is_the_mean_of_its_groups_has_no_error() -> None:
    metrics = {"AP": 1 / 3, "APr": 0.2, "APc": -1.0, "APf": 0.6}
    summary = Summary(metrics, np.array([0.1, 0.3, -1.0, 0.6]))
    assert summary.identity_error(table("rrcf")) < 1e-15


def test_ap_that_is_not_the_mean_of_its_groups_has_an_error() -> None:
    metrics = {"AP": 0.34, "APr": 0.2, "APc": -1.0, "APf": 0.6}
    summary = Summary(metrics, np.array([0.1, 0.3, 0.6]))
    assert summary.identity_error(table("rrf")) == pytest.approx(0.34 - 1 / 3)
