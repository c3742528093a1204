import pytest
from support.dashboards.drawn import check_quiet, drawn_words
from support.dashboards.made_calibration import made_calibration

from dashboards.figures.diagnosis.calibration_change import calibration_change, change_table

CALIBRATION = made_calibration(
    {
        "r50": {"all": (0.2, 0.1), "r": (0.3, 0.05), "f": (0.1, 0.125)},
        "x101": {"all": (0.5, 0.25)},
    }
)


def test_errors_are_in_points_and_undefined_ones_are_left_out() -> None:
    table = change_table(CALIBRATION)
    assert table.drop(columns=["source", "group"]).to_numpy().tolist() == [
        ["r50, all", 20.0, 10.0],
        ["r50, rare", 30.0, 5.0],
        ["r50, frequent", 10.0, 12.5],
        ["x101, all", 50.0, 25.0],
    ]


def test_the_figure_says_what_became_of_rare_categories() -> None:
    figure = calibration_change(CALIBRATION, "-2")
    assert figure.name == "calibration-change-2" and {*figure.tables} == {figure.name}
    assert "Worst for rare categories: r50, 30.00 before and 5.00 after." in figure.text
    assert {"r50, rare", "x101, all"} <= {*drawn_words(figure)}


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    check_quiet(calibration_change(CALIBRATION), capfd)
