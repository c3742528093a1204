"""Names and digits of metrics, as tables print them and MLflow keeps them."""

import subprocess
import sys

import pytest

from longtail.categories import FREQUENCY_GROUPS, GROUP_NAMES
from longtail.metrics import (
    AP_METRICS,
    GROUP_METRICS,
    HEADINGS,
    MLFLOW_PREFIXES,
    RESULT_METRICS,
    UNDEFINED,
    defined_points,
    in_points,
    interval_text,
    mlflow_name,
    points_text,
    signed_points_text,
    span_text,
)


def test_group_metrics_are_ap_and_one_for_each_frequency_group() -> None:
    assert GROUP_METRICS == ("AP", *(f"AP{letter}" for letter in FREQUENCY_GROUPS))
    assert GROUP_NAMES == {"r": "rare", "c": "common", "f": "frequent"}
    assert {*GROUP_METRICS} < {*AP_METRICS} and {*RESULT_METRICS} < {*HEADINGS}


def test_names_in_mlflow() -> None:
    names = [mlflow_name("AP", part) for part in MLFLOW_PREFIXES]
    assert names == ["val/AP", "val_box/AP", "val_fixed/AP", "val_bin/AP", "val_pool/AP"]
    assert mlflow_name("APr_low") == "val/APr_low"
    with pytest.raises(KeyError):
        mlflow_name("AP", "masks")


def test_points_have_two_decimals_unless_more_are_asked_for() -> None:
    assert (in_points(0.123456), in_points(0.123456, 4), in_points(1.0)) == (12.35, 12.3456, 100.0)


def test_undefined_metrics_are_left_out() -> None:
    assert defined_points({"AP": 0.25, "APr": UNDEFINED, "APc": 0.0}) == {"AP": 25.0, "APc": 0.0}


def test_undefined_and_unknown_values_are_dashes() -> None:
    assert [points_text(value) for value in (0.12345, 0.0, UNDEFINED, None)] == [
        *("12.35", "0.00", "-", "-")
    ]


def test_differences_have_their_sign() -> None:
    assert [signed_points_text(value) for value in (0.0123, -0.0123, 0.0, -1.0)] == [
        *("+1.23", "-1.23", "+0.00", "-100.00")
    ]


def test_intervals() -> None:
    assert span_text(0.1, 0.25) == "10.00 to 25.00"
    interval = {"low": -0.01, "high": 0.02, "standard_error": 0.005}
    assert interval_text(interval) == "-1.00 to 2.00"
    assert interval_text(interval | {"standard_error": UNDEFINED}) == "-"
    assert interval_text(None) == "-"


def test_names_need_no_numpy() -> None:
    code = "import sys, longtail.metrics; print({'numpy', 'torch', 'ray'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr
