"""Names and points of an evaluation's numbers in MLflow."""

from typing import Any

from longtail.evaluation.recording.metrics import interval_points, points_of_row


def interval(low: float, high: float, standard_error: float = 0.1) -> dict[str, float]:
    return {"low": low, "high": high, "standard_error": standard_error}


def test_a_row_has_the_names_of_a_grid_and_leaves_out_what_is_undefined() -> None:
    row: dict[str, Any] = {
        "segm": {"AP": 0.25, "APr": -1.0, "AR@300": 0.5},
        "box": {"AP": 0.375},
        "segm_fixed": {"AP": 0.3},
        "bins": {"0001-0009": 0.125, "1000-inf": -1.0},
        "gap_box_mask": 0.125,
        "intervals": {"segm": {"metrics": {"AP": interval(0.2, 0.3)}}},
    }
    assert points_of_row(row) == {
        "val/AP": 25.0,
        "val_box/AP": 37.5,
        "val_fixed/AP": 30.0,
        "val_bin/AP_0001-0009": 12.5,
        "val/gap_box_mask": 12.5,
        "val/AP_low": 20.0,
        "val/AP_high": 30.0,
    }


def test_intervals_of_boxes_and_undefined_ones_are_not_shown() -> None:
    boxes = {"metrics": {"AP": interval(0.2, 0.3)}}
    undefined = {"metrics": {"APr": interval(-1.0, -1.0, standard_error=-1.0)}}
    assert interval_points({"box": boxes, "segm": undefined}) == {}
    assert interval_points({}) == points_of_row({}) == {}
