"""What a merge's calibration did to scores, as figures and as a table."""

import pytest
from support.dashboards.made_calibration import made_calibration, made_reliable

from dashboards.figure import Figure
from dashboards.section import Note
from dashboards.sections.calibrated import calibrated
from dashboards.tables import Table, csv_table, html_table


def test_the_table_has_the_numbers_of_the_file() -> None:
    errors, curves, table = calibrated(made_reliable(["r50"]), "merged", "-2")
    assert isinstance(errors, Figure) and isinstance(curves, Figure) and isinstance(table, Table)
    assert [errors.name, curves.name, table.name] == [
        "calibration-change-2",
        "reliability-change-2",
        "calibrated-scores-2",
    ]
    rare, common, frequent = table.rows
    assert [*rare.values()] == ["r50", "rare", 40, pytest.approx(20), pytest.approx(5), 0.25, 0.25]
    # Before, 200 of score 0.5 that are right in 40 %; after, none promises too much.
    assert [*frequent.values()][2:] == [200, pytest.approx(10), 0.0, 1.0, 0.0]
    assert common["detections"] == 0
    assert csv_table(table).splitlines()[2] == "r50,common,0,,,,"
    html = html_table(table)
    assert html.count(">no detection<") == 4 and ">20.00<" in html and ">25%<" in html


def test_a_file_of_before_shows_its_errors_and_says_what_is_missing() -> None:
    errors, note = calibrated(made_calibration({"r50": {"all": (0.2, 0.1)}}), "merged")
    assert isinstance(errors, Figure) and errors.name == "calibration-change"
    assert isinstance(note, Note) and note.kind == "missing"
    assert "calibration of merged was fitted before its file kept that; fit it again" in note.text
