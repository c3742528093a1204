"""The sentence below the title: the best row, and a verdict on it."""

from pathlib import Path

from support.dashboards.made_matches import matched_grid
from support.dashboards.made_results import made_difference, made_rows

from dashboards.sections.headline import headline
from dashboards.sources.comparing import compared
from dashboards.sources.found import Found, Report
from dashboards.sources.grid import read_grid
from longtail.metrics import signed_points_text


def test_the_best_row_stands_with_its_difference_to_the_baseline(tmp_path: Path) -> None:
    source = read_grid(matched_grid(tmp_path, {"low": 0.15, "high": 0.6}))
    words = headline(Report("", (source,), "low"))
    assert "The best is high with " in words
    assert " to low (" in words and words.endswith(", a real difference.")


def test_the_baseline_as_the_best_stands_with_its_margin_to_the_next(tmp_path: Path) -> None:
    source = read_grid(matched_grid(tmp_path, {"low": 0.15, "high": 0.6, "middle": 0.45}))
    report = Report("", (source,), "high")
    words = headline(report)
    of = compared(report, [("high", "middle")]).found["high", "middle"].comparison["metrics"]["AP"]
    assert f"mask AP: {signed_points_text(of['difference'])} to middle (" in words
    assert words.endswith("a real difference." if of["real"] else "on these images.")


def test_a_difference_that_is_known_the_other_way_is_turned(tmp_path: Path) -> None:
    best, other = sorted(made_rows(tmp_path, 2, 12), key=lambda row: -row.ap)
    known = made_difference(other.name, best.name, -0.04)
    source = Found("a", "grid", rows=(best, other), differences=(known,))
    words = headline(Report("", (source,), best.name))
    assert f": +4.00 to {other.name} (2.50 to 5.50), a real difference." in words


def test_rows_that_are_the_same_in_every_resample_are_said_to_be_so(tmp_path: Path) -> None:
    best, other = sorted(made_rows(tmp_path, 2, 12), key=lambda row: -row.ap)
    known = made_difference(best.name, other.name, 0.0)
    known.comparison["metrics"]["AP"].update(low=0.0, high=0.0)
    source = Found("a", "grid", rows=(best, other), differences=(known,))
    words = headline(Report("", (source,), other.name))
    assert words.endswith("(0.00 to 0.00), the same in every resample.")


def test_the_best_of_many_rows_is_said_to_be_chosen(tmp_path: Path) -> None:
    rows = sorted(made_rows(tmp_path, 41, 12), key=lambda row: -row.ap)
    known = made_difference(rows[0].name, rows[1].name, 0.04)

    def words(count: int) -> str:
        source = Found("a", "grid", rows=tuple(rows[:count]), differences=(known,))
        return headline(Report("", (source,), rows[1].name))

    assert words(20).endswith("a real difference.")
    assert "the best of 41: of rows that are all alike, 2 rows would" in words(41)
