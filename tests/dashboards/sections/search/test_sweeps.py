"""What a report says of a sweep."""

import msgspec
import pytest
from support.dashboards.searches import (
    TWO_PATHS,
    blocks_of,
    figure_called,
    figure_names,
    margins_of,
    report_of,
    said,
    table_called,
)
from support.sweep_scene import (
    DETECTIONS,
    DIMENSIONS,
    LAMBDA,
    MASK,
    halved_trials,
    sweep_of,
    trial_of,
)

from dashboards.pages.report import sections_of
from dashboards.section import Section
from dashboards.sections.header import header
from dashboards.sections.headline import headline
from dashboards.sections.search.best import best
from dashboards.sections.search.margins import margins
from dashboards.sections.search.on_the_way import on_the_way
from dashboards.sections.search.trade_off import trade_off
from dashboards.sections.search.values import values
from dashboards.sources.found import Report
from longtail.config.search_space import Choice, Dimension
from longtail.sweep.analysis.analysis import analyse
from longtail.sweep.analysis.margin_file import MarginResults
from longtail.sweep.analysis.reevaluation import ReevaluatedTrial, Reevaluation, fresh_runs
from longtail.sweep.trial import Trial

TWO: dict[str, Dimension] = {path: DIMENSIONS[path] for path in TWO_PATHS}


def titles(report: Report) -> list[str]:
    return [section.title for section in sections_of(report)]


def section_of(report: Report, name: str) -> Section:
    (found,) = (section for section in sections_of(report) if section.name == name)
    return found


def test_a_sweep_with_early_stopping_shows_its_curves() -> None:
    sweep = sweep_of(TWO, scheduler="asha")
    report = report_of(analyse(sweep, halved_trials(sweep, 36)))
    assert titles(report) == ["About", "Search", "Values", "On the way"]
    words = said(best(report))
    assert "36 trials: 4 finished, 32 stopped, 0 failed." in words
    assert "Random points, stopped early by ASHA. Best in the sweep: trial " in words
    assert "none was run with fresh seeds" in words
    words = said(values(report))
    assert "12 trials after 300 iterations of the last stage" in words
    assert "Trials that ended before are left out" in words
    assert figure_names(values(report)) == [
        "importance",
        "every-trial",
        "along-ap",
        "heat-ap-0",
    ]
    assert "100: 36, 300: 12, 900: 4" in said(on_the_way(report))


def test_the_best_trials_are_listed_with_their_values() -> None:
    sweep = sweep_of(TWO)
    trials = halved_trials(sweep, 12)
    analysis = analyse(sweep, trials)
    section = best(report_of(analysis))
    table = table_called(section, "best-trials")
    assert [row["trial"] for row in table.rows] == [t.number for t in analysis.ranking[:10]]
    assert table.rows[0]["AP"] == pytest.approx(100 * analysis.ranking[0].metrics["AP"])
    assert "The best 10; 2 more have an evaluation." in table.text
    searched = table_called(section, "searched").rows
    assert [row["path"] for row in searched] == sorted(TWO_PATHS)
    assert searched[0]["searched"] == "loguniform(0.0001, 0.1)"
    assert searched[0]["base"] == "0.00177"


def test_a_sweep_of_two_metrics_shows_what_is_not_dominated() -> None:
    sweep = sweep_of(TWO, metrics=("AP", "APr"))
    analysis = analyse(sweep, halved_trials(sweep, 20))
    report = report_of(analysis)
    (table,) = (
        table
        for name, table in figure_called(trade_off(report), "front-ap-apr").tables.items()
        if name.endswith("-0")
    )
    members = table[table["member"]]
    assert set(members["name"]) == {str(number) for number in analysis.pareto}
    assert f"the {len(analysis.pareto)} finished trials that no other one" in said(
        trade_off(report)
    )
    assert "APr along each path" in said(values(report))
    states = [row["state"] for row in table_called(best(report), "best-trials").rows]
    assert "finished, not dominated" in states


def test_the_confirmation_says_by_how_much_the_best_fell() -> None:
    sweep = sweep_of(TWO)
    trials = halved_trials(sweep, 5)
    runs = fresh_runs(0.30, {1: 0.24, 2: 0.27, 3: 0.30})
    confirmed = (
        ReevaluatedTrial(3, trials[3].point, {"AP": runs}),
        ReevaluatedTrial(4, trials[4].point, {"AP": fresh_runs(0.29, {})}),
    )
    confirmation = Reevaluation(("AP",), (1, 2, 3), 5, confirmed, "g", ("<b>boom</b>",))
    section = best(report_of(analyse(sweep, trials, confirmation)))
    words = said(section)
    assert "The best of 5 single runs" in words
    assert "fell by 3.00 points, from AP 30.00 to 27.00" in words
    assert "19.55 to 34.45" in words and "-3.00" in words and "<b>boom</b>" in words
    again = table_called(section, "confirmed")
    assert "Fresh seeds: 1, 2, 3." in again.text
    first, second = again.rows
    assert (first["now"], first["mean"], first["seeds"]) == (
        "best now",
        pytest.approx(27.0),
        "24.00, 27.00, 30.00",
    )
    assert all(column.title for column in again.columns)
    assert second["now"] is None and "not the best" in words
    assert second["seeds"] is None and "no run finished" in words and "not known" in words


@pytest.mark.parametrize("number", [0, 1, 2, 4])
def test_few_trials_still_make_a_report(number: int) -> None:
    sweep = sweep_of({LAMBDA: DIMENSIONS[LAMBDA]})
    report = report_of(analyse(sweep, halved_trials(sweep, number)), "It has not ended.")
    assert ("No trial has finished." in said(best(report))) == (number == 0)
    found = "none has finished" if number == 0 else "the best is trial "
    assert f"{number} trial{'' if number == 1 else 's'}; {found}" in headline(report)
    assert ("4 trials are needed" in said(values(report))) == (number < 4)
    assert "It has not ended." in said(header(report))
    assert figure_names(values(report)) == (
        [] if number == 0 else ["every-trial", "along-ap"]
        if number < 4
        else ["importance", "every-trial", "along-ap"]
    )  # fmt: skip


def test_failed_trials_are_listed_with_their_errors() -> None:
    failed = Trial(0, {LAMBDA: 0.01, MASK: 1.0}, "failed", [], "t", "e", 0.0, "loss <nan>")
    report = report_of(analyse(sweep_of(TWO), [failed]))
    assert titles(report) == ["About", "Search", "Values"]
    assert "loss &lt;nan&gt;" in said(best(report))
    (row,) = table_called(best(report), "failed-trials").rows
    assert row == {"trial": 0, LAMBDA: "0.01", MASK: "1", "error": "loss <nan>"}
    assert figure_names(values(report)) == []
    on_the_way = msgspec.structs.replace(trial_of(1, 0.2, failed.point), state="failed")
    report = report_of(analyse(sweep_of(TWO), [failed, on_the_way]))
    table = figure_called(values(report), "along-ap").tables["along-ap"]
    assert set(table["state"]) == {"failed on the way"}


def test_words_of_users_are_escaped() -> None:
    word = f"<{'word' * 20}>"
    sweep = sweep_of({DETECTIONS: Choice((100, 300)), MASK: Choice((word, 1.0))})
    trials = [trial_of(n, n / 10, {DETECTIONS: 100 + 200 * (n % 2), MASK: word}) for n in range(5)]
    assert word not in said(best(report_of(analyse(sweep, trials))))


def test_margins_are_shown_with_whether_they_can_matter() -> None:
    sweep = sweep_of(TWO, metrics=("AP", "APr"))
    trials = halved_trials(sweep, 5)
    analysis = analyse(sweep, trials, None, margins_of(trials))
    section = margins(report_of(analysis))
    words = said(section)
    assert "12 of 48 images exceed the cap of 300: margins change nothing in the others." in words
    assert "the rare margin (alpha of report 003)" in words and "5 finished trials" in words
    assert analysis.margins is not None
    assert len(figure_names(section)) == len(analysis.margins.maps) == 4
    for place, item in enumerate(analysis.margins.maps):
        name = f"margin-heat-{item.metric.lower()}-{place}"
        table = figure_called(section, name).tables[name]
        means = [cell.mean for row in item.cells.cells for cell in row]
        assert list(table["mean"] / 100) == pytest.approx(means)


def test_without_a_finished_trial_there_are_no_margins() -> None:
    sweep = sweep_of(TWO)
    trials = [trial_of(0, 0.2, {LAMBDA: 0.001, MASK: 1.0}, state="stopped")]
    assert margins(report_of(analyse(sweep, trials, margins=MarginResults({})))) is None
    assert margins(report_of(analyse(sweep, trials))) is None


def test_problems_of_margins_are_told_also_where_no_trial_is_left() -> None:
    trials = [trial_of(0, 0.2, {LAMBDA: 0.001, MASK: 1.0})]
    problem = MarginResults({}, ("trial 0: <store> is gone",))
    section = margins(report_of(analyse(sweep_of(TWO), trials, margins=problem)))
    assert "trial 0: <store> is gone" in said(section) and figure_names(section) == []


def test_two_sweeps_have_names_of_their_own() -> None:
    sweep = sweep_of(TWO, metrics=("AP", "APr"))
    trials = halved_trials(sweep, 6)
    (source,) = report_of(analyse(sweep, trials, None, margins_of(trials))).sources
    sections = sections_of(Report("Two", (source, source)))
    names = [
        block.name for section in sections for block in blocks_of(section) if hasattr(block, "name")
    ]
    assert len(names) == len(set(names)) and "importance-2" in names
    assert all("Sweep lambda: " in said(of) for of in sections if of.name != "about")
    tables = [
        name
        for section in sections
        for block in blocks_of(section)
        for name in getattr(block, "tables", ())
    ]
    assert len(tables) == len(set(tables))
