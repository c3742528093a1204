"""What a page says of its data, code and cost, what it lacks, and what to be careful about."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.dashboards.made_results import made_evaluation

from dashboards.section import Html, Note
from dashboards.sections.header import header, training_seconds
from dashboards.sources.found import Found, Report, Row, Training


def _notes(report: Report, kind: str) -> list[str]:
    section = header(report)
    assert section is not None
    return [of.text for of in section.blocks if isinstance(of, Note) and of.kind == kind]


def _html(report: Report) -> str:
    section = header(report)
    assert section is not None
    return "".join(of.html for of in section.blocks if isinstance(of, Html))


def _rows(*warnings: tuple[str, ...]) -> tuple[Row, ...]:
    tree = made_evaluation(3, 0.3)
    return tuple(
        Row(f"row_{number}", "variant", {**tree, "warnings": list(of)})
        for number, of in enumerate(warnings)
    )


def _training(finished: bool, *times: tuple[int, float]) -> Training:
    records = [{"attempt": attempt, "time": time} for attempt, time in times]
    return Training("training", (), Path("node"), records, {}, finished)


def test_facts_of_each_source_are_listed() -> None:
    one = Found("a", "grid", facts=(("commit", "1234"), ("made", "<today>")))
    html = _html(Report("", (one,)))
    assert "<dt>commit</dt><dd>1234</dd>" in html
    assert "&lt;today&gt;" in html
    assert "<h3>" not in html

    two = _html(Report("", (one, replace(one, name="b", kind="sweep"))))
    assert "<h3>grid a</h3>" in two
    assert "<h3>sweep b</h3>" in two


def test_cost_is_time_of_attempts_without_what_lay_between() -> None:
    training = _training(True, (1, 100), (1, 160), (2, 9000), (2, 9030))

    assert training_seconds(training) == 90
    found = Found("a", "grid", trainings=(training, _training(False, (1, 0), (1, 3 * 3600))))
    assert "<dd>2, 1 of them not finished; 3.0 hours together</dd>" in _html(Report("", (found,)))


@pytest.mark.parametrize(
    ("seconds", "text"), [(59, "59 seconds"), (600, "10 minutes"), (9000, "2.5 hours")]
)
def test_cost_is_told_in_a_unit_that_fits(seconds: float, text: str) -> None:
    found = Found("a", "grid", trainings=(_training(True, (1, 0), (1, seconds)),))

    assert f"1; {text} together" in _html(Report("", (found,)))


def test_what_is_missing_is_named_with_its_reason() -> None:
    found = Found(
        "a", "grid", failed=(("row_1", "lost"), ("row_2", "lost"), ("row_3", "stopped")),
        missing=("no telemetry",),
    )  # fmt: skip

    assert _notes(Report("", (found,)), "missing") == [
        "row_1, row_2: lost",
        "row_3: stopped",
        "no telemetry",
    ]


def test_a_warning_is_told_once_with_the_rows_that_it_is_about() -> None:
    rows = _rows(("few images", "odd"), ("few images",))

    found = Found("a", "grid", rows=rows, warnings=("old form",))
    assert _notes(Report("", (found,)), "warning") == ["old form", "few images", "row_0: odd"]


def test_warnings_of_intervals_are_told_too() -> None:
    (row,) = _rows(())
    tree = {**row.evaluation, "intervals": {"segm": {"metrics": {}, "warnings": ["narrow"]}}}

    found = Found("a", "grid", rows=(replace(row, evaluation=tree),))
    assert _notes(Report("", (found,)), "warning") == ["narrow"]


def test_only_five_warnings_are_open() -> None:
    found = Found("a", "grid", warnings=tuple(f"warning {number}" for number in range(8)))

    report = Report("", (found,))
    assert _notes(report, "warning") == [f"warning {number}" for number in range(5)]
    html = _html(report)
    assert "<summary>3 more warnings</summary>" in html
    assert all(f"warning {number}<" in html for number in (5, 6, 7))


def test_one_more_warning_is_one() -> None:
    found = Found("a", "grid", warnings=tuple(f"warning {number}" for number in range(6)))
    assert "<summary>1 more warning</summary>" in _html(Report("", (found,)))


def test_nothing_to_say_is_no_section() -> None:
    assert header(Report("", (Found("a", "grid"),))) is None
