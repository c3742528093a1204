"""What a report says of a tuning."""

from pathlib import Path

import pytest
from support.dashboards.searches import (
    figure_called,
    figure_names,
    no_merge,
    said,
    table_called,
    tune_report,
    tuned_trial,
    tuning_folder,
)

from dashboards.pages.report import sections_of
from dashboards.sections.header import header
from dashboards.sections.headline import headline
from dashboards.sections.search.margins import margins
from dashboards.sections.search.trade_off import trade_off
from dashboards.sections.search.tuned import tuned
from dashboards.sections.search.values import values
from dashboards.sources.combine import combine
from dashboards.sources.found import Report
from dashboards.sources.open import open_source

TRIALS = [
    tuned_trial(0, 0.2, method="wbf", iou_thr=0.55),
    tuned_trial(1, 0.3, method="nms"),
    no_merge(2, "wbf has no <match>", method="soft-nms"),
]


@pytest.fixture
def report(tmp_path: Path) -> Report:
    ended = tune_report(TRIALS[1], ["APr is rough"])
    return combine("", [open_source(tuning_folder(tmp_path / "fusion", TRIALS, ended))])


def test_the_sections_are_those_that_have_data(report: Report) -> None:
    assert report.title == "Tuning fusion"
    names = ["about", "tuning", "trade-off", "values", "margins-on-scores"]
    assert [section.name for section in sections_of(report)] == names


def test_the_sentence_below_the_title_names_the_best_trial(report: Report) -> None:
    assert headline(report) == "A tuning. 3 trials; the best is trial 1 with AP 30.00."


def test_the_winner_is_named_on_both_halves(report: Report) -> None:
    words = said(tuned(report))
    assert "3 trials, 1 of them no merge. Best on the half that is tuned on: trial 1" in words
    assert "AP 30.00, with margins 0.1 rare and 0.05 common." in words
    assert (
        "On the other half the winner is better than the start: +2.00 AP, +0.50 to +3.50." in words
    )
    assert "APr is rough" in said(header(report)) and "wbf has no &lt;match&gt;" in words


def test_the_tables_have_the_numbers_of_the_report(report: Report) -> None:
    section = tuned(report)
    rows = {row["row"]: row for row in table_called(section, "other-half").rows}
    assert list(rows) == ["a", "start", "tuned"]
    assert rows["tuned"]["AP"] == pytest.approx(25.0)
    assert rows["tuned"]["interval"] == "24.00 to 26.00"
    (minus,) = table_called(section, "tuned-minus").rows
    assert minus["AP"] == "+2.00 (+0.50 to +3.50)"
    assert minus["APr"] is None
    merges = table_called(section, "best-merges")
    assert [row["trial"] for row in merges.rows] == [1, 0]
    assert "iou_thr" not in merges.rows[0] and "not read" in said(section)
    front = table_called(section, "front")
    assert [row["number"] for row in front.rows] == ["00", "01"]
    assert front.rows[1]["APr tuned"] == pytest.approx(20.0)
    assert "2 of 5 merges that none beats in AP and APr" in front.text


def test_a_start_that_is_not_beaten_is_told(tmp_path: Path) -> None:
    ended = tune_report(TRIALS[1])
    for low, high, told in ((-0.01, 0.03, "is not told apart from"), (-0.03, -0.01, "is lower")):
        gain = {"difference": 0.0, "low": low, "high": high, "standard_error": 0.01}
        ended["tuned_minus"]["start"]["AP"] = gain
        folder = tuning_folder(tmp_path / told, TRIALS, ended)
        assert f"the winner {told}" in said(tuned(combine("", [open_source(folder)])))


def test_the_front_is_drawn_on_both_halves(report: Report) -> None:
    figure = figure_called(trade_off(report), "front-ap-apr")
    assert len(figure.panels) == 2
    seen = figure.tables["front-ap-apr-1"]
    assert list(seen["name"]) == ["01", "00"]
    assert list(seen["x"]) == pytest.approx([24.0, 25.0])
    assert list(seen["x_low"]) == pytest.approx([23.0, 24.0])


def test_values_and_margins_are_drawn(report: Report) -> None:
    assert figure_names(values(report)) == ["every-trial", "along-ap"]
    table = figure_called(values(report), "along-ap").tables["along-ap"]
    # The method of both merges, the threshold of the one that read it.
    assert sorted(table["path"]) == [0, 0, 1]
    figure = figure_called(margins(report), "margins")
    assert figure.text.startswith("4 pairs of margins. 3 of 40 images exceed the cap of 300")
    assert figure.tables["margins-ap"]["mean"].max() == pytest.approx(30.0)


def test_a_tuning_that_goes_on_shows_what_there_is(tmp_path: Path) -> None:
    found = open_source(tuning_folder(tmp_path / "t", TRIALS[:1]))
    report = combine("", [found])
    assert "The tuning has not ended; 1 trial has so far." in said(header(report))
    assert [section.name for section in sections_of(report)] == [
        "about",
        "tuning",
        "values",
        "margins-on-scores",
    ]
    nothing = combine("", [open_source(tuning_folder(tmp_path / "none", [no_merge(0, "no")]))])
    assert "No trial is a merge." in said(tuned(nothing))
    assert [section.name for section in sections_of(nothing)] == ["about", "tuning"]
