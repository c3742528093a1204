"""The thirteen numbers out of curves whose values are known."""

import numpy as np

from longtail.categories import CategoryTable
from longtail.evaluation.summary import Curves, ap_per_category, summarize


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
