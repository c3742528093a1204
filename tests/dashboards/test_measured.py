"""Numbers with what bounds them, in the three forms of a table."""

import csv
import io
import math

from dashboards.measured import Measured, ap_span, possible, told_of_ends
from dashboards.tables import Column, Table, csv_table, html_table, latex_table

GAIN = Measured(0.82, "+0.10 to +1.54", "better", {"low": 0.1, "high": 1.54})
TABLE = Table(
    "gains",
    "Gains",
    [Column("row", "row"), Column("AP", "AP", best="high"), Column("gain", "gain", "+.2f")],
    [
        {"row": "a<b", "AP": Measured(20.5, "\u00b1 0.40 (3 seeds)"), "gain": GAIN},
        {"row": "c", "AP": Measured(20.1), "gain": Measured(math.nan, "baseline")},
    ],
)


def test_ap_beyond_its_ends_is_not_shown() -> None:
    assert [possible(of) for of in (-0.1, 0.0, 42.0, 100.5)] == [0.0, 0.0, 42.0, 100.0]
    assert math.isnan(possible(math.nan))
    assert ap_span(-0.004, 0.0123) == "0.00 to 1.23"
    assert told_of_ends([math.nan, 3.0]) == ""
    assert told_of_ends([0.0, 3.0]).strip() == "Intervals end where AP does, at 0 and 100."


def test_a_page_shows_the_verdict_before_the_number_and_the_interval_below() -> None:
    html = html_table(TABLE)
    assert 'data-value="0.82"' in html
    assert '<span class="better">better</span> +0.82 <small>+0.10 to +1.54</small>' in html
    assert "<b>20.50</b> <small>\u00b1 0.40 (3 seeds)</small>" in html
    assert "<b>20.10</b>" not in html and ">20.10<" in html


def test_instead_of_an_undefined_number_stands_why() -> None:
    html = html_table(TABLE)
    assert ">baseline<" in html and "nan" not in html


def test_a_file_has_the_bounds_in_columns_of_their_own() -> None:
    lines = list(csv.DictReader(io.StringIO(csv_table(TABLE))))
    assert list(lines[0]) == ["row", "AP", "gain", "gain_low", "gain_high", "gain_verdict"]
    assert lines[0] == {
        "row": "a<b",
        "AP": "20.5",
        "gain": "0.82",
        "gain_low": "0.1",
        "gain_high": "1.54",
        "gain_verdict": "better",
    }
    assert lines[1]["gain"] == lines[1]["gain_low"] == lines[1]["gain_verdict"] == ""


def test_a_paper_has_them_small_beside_the_number() -> None:
    latex = latex_table(TABLE)
    assert r"+0.82 {\tiny +0.10 to +1.54, better}" in latex
    assert r"\textbf{20.50} {\tiny $\pm$ 0.40 (3 seeds)}" in latex
    assert r"c & 20.10 & --" in latex


def test_nothing_is_best_where_all_are_equal() -> None:
    column = Column("AP", "AP", best="high")
    equal = Table("t", "T", [column], [{"AP": Measured(1.5)}, {"AP": 1.5}])
    assert equal.best(column) is None
