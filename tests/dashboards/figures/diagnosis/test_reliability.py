from typing import Any

import pytest
from support.dashboards.drawn import check_quiet, drawn_words
from support.dashboards.made_diagnosed import made_diagnosed

from dashboards.figures.diagnosis.reliability import reliability, reliability_table
from dashboards.figures.diagnosis.score_bins import share_too_high
from longtail.evaluation.diagnosis.calibration_error import ReliabilityBin
from longtail.metrics import points_text


def test_bins_are_those_of_the_diagnosis_and_empty_ones_are_left_out() -> None:
    rows = made_diagnosed("", None, "c")
    table = reliability_table(rows)
    for number in (0, 2):
        for letter in "rcf":
            bins = rows[number].diagnosis["calibration"][letter]["bins"]
            known = [of for of in bins if of["count"]]
            lines = table[(table["row"] == number) & (table["group"] == letter)]
            assert lines["count"].tolist() == [of["count"] for of in known]
            assert lines["precision"].tolist() == [round(of["precision"], 4) for of in known]
            assert lines["score"].tolist() == [round(of["mean_score"], 4) for of in known]
    assert set(table["row"]) == {0, 2}
    assert table[(table["row"] == 2) & (table["group"] == "c")].empty


def test_panels_show_the_error_of_the_row_that_is_chosen_and_name_holes() -> None:
    rows = made_diagnosed("", None, "c")
    error = rows[0].diagnosis["calibration"]["r"]["error"]
    count = sum(of["count"] for of in rows[0].diagnosis["calibration"]["r"]["bins"])
    assert f"D-ECE {points_text(error)}, {count:,} detections" in drawn_words(reliability(rows, 0))
    assert drawn_words(reliability(rows, 1)).count("not diagnosed") == 3
    last = drawn_words(reliability(rows))
    assert last.count("not defined: no judged detection") == 1
    assert sum(text.startswith("D-ECE") for text in last) == 2


def test_scores_that_promise_too_much_are_called_too_high_and_others_too_low() -> None:
    bins: list[dict[str, Any]] = [
        {"low": 0.8, "count": 30, "mean_score": 0.85, "precision": 0.5},
        {"low": 0.1, "count": 10, "mean_score": 0.15, "precision": 0.25},
        {"low": 0.2, "count": 0, "mean_score": -1.0, "precision": -1.0},
    ]
    assert share_too_high([ReliabilityBin(**of) for of in bins]) == 0.75
    (row,) = made_diagnosed("cf")
    row.diagnosis["calibration"]["r"] = {"error": 0.2875, "bins": bins}
    told = "rare scores are 28.75 points off, too high for 75% of the detections, too low for the"
    assert f"{told} others" in reliability([row]).text

    bins[1]["count"] = 1
    assert "rare scores are 28.75 points off, too high." in reliability([row]).text
    bins[0]["count"], bins[1]["count"] = 1, 30
    assert "rare scores are 28.75 points off, too low." in reliability([row]).text


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    check_quiet(reliability(made_diagnosed("", None, "c")), capfd)
