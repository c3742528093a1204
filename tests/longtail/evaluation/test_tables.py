"""Tables on a console."""

from rich.console import Console

from longtail.evaluation.tables import comparison_table, intervals_table, points_table
from longtail.evaluation.uncertainty.bootstrap import Interval, Intervals
from longtail.evaluation.uncertainty.comparison import Comparison, Difference
from longtail.metrics import points_text
from longtail.printed_table import PrintedTable


def shown(table: PrintedTable) -> str:
    console = Console(width=120)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def test_points_have_two_decimals_and_undefined_is_a_dash() -> None:
    assert (points_text(0.12345), points_text(-1.0), points_text(0.0)) == ("12.35", "-", "0.00")


def test_a_table_of_points_has_the_asked_columns() -> None:
    text = shown(points_table("AP", {"mask": {"AP": 0.5, "APr": 0.25}}, ["APr"]))
    assert "25.00" in text
    assert "50.00" not in text


UNDEFINED = dict.fromkeys(("low", "high", "standard_error", "bias"), -1.0) | {"resamples": 0}


def test_intervals_show_their_ends_level_and_resamples() -> None:
    defined = Interval(
        value=0.3, low=0.25, high=0.35, standard_error=0.02, bias=0.0, resamples=1000
    )
    metrics = {"AP": defined, "APr": Interval(value=-1.0, **UNDEFINED)}
    found = Intervals(metrics, resamples=1000, seed=0, level=0.95, warnings=())
    text = shown(intervals_table({"segm": found}))
    for piece in ("95% intervals", "(1000", "25.00 to 35.00"):
        assert piece in text
    assert "- to -" not in text


def test_a_comparison_shows_signs_and_whether_it_is_real() -> None:
    spread = {"standard_error": 0.01, "bias": 0.0, "resamples": 1000}
    better = {"a": 0.30, "b": 0.32, "difference": 0.02, "low": 0.01, "high": 0.03}
    same = {"a": 0.20, "b": 0.19, "difference": -0.01, "low": -0.03, "high": 0.01}
    undefined = {"a": -1.0, "b": -1.0, "difference": -1.0, **UNDEFINED}
    metrics = {
        "AP": Difference(**better, **spread, p_value=0.002, real=True),
        "APr": Difference(**same, **spread, p_value=0.4, real=False),
        "APc": Difference(**undefined, p_value=-1.0, real=False),
    }
    found = Comparison(metrics, resamples=1000, seed=0, level=0.95, warnings=())
    lines = shown(comparison_table({"segm": found})).splitlines()
    rows = {metric: next(line for line in lines if f" {metric} " in line) for metric in metrics}
    for piece in ("30.00", "32.00", "+2.00", "+1.00 to +3.00", "0.002", "higher"):
        assert piece in rows["AP"]
    assert "-3.00 to +1.00" in rows["APr"] and "not told apart" in rows["APr"]
    assert "1.00" not in rows["APc"]
