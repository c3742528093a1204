"""Diagnoses on a page: the row that is chosen is the row that is drawn, with its file's numbers."""

from pathlib import Path
from typing import Any

import pytest
from support.browser.browser import Browser
from support.dashboards.made_diagnosed import made_diagnosed
from support.dashboards.made_results import made_report

from dashboards.pages.document import document
from dashboards.sections.diagnosis import diagnosis
from dashboards.sources.found import Found, Row
from longtail.metrics import points_text

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def rows() -> tuple[Row, ...]:
    """The first lacks common categories, the second a diagnosis."""
    return made_diagnosed("c", None, "")


@pytest.fixture
def page(rows: tuple[Row, ...], browser: Browser, tmp_path: Path) -> Browser:
    report = made_report(Found("made", "grid", rows=rows))
    section = diagnosis(report)
    assert section is not None
    file = tmp_path / "page.html"
    shown = report.number(report.shown)
    file.write_text(document("Made", "", [section], [row.name for row in rows], shown))
    browser.open(file)
    return browser


def choose(page: Browser, row: int) -> None:
    page.run(
        "const row = document.querySelector('#row'); row.value = arguments[0];"
        "row.dispatchEvent(new Event('change', {bubbles: true}))",
        str(row),
    )


def wait_for(page: Browser, figure: str, word: str) -> None:
    page.wait(lambda: any(word in of for of in words(page, figure)))


def words(page: Browser, figure: str) -> list[str]:
    return page.texts(f"#{figure} svg text")


def drawn(page: Browser, panel: str) -> list[dict[str, Any]]:
    """What the dots of a panel stand for."""
    found: list[dict[str, Any]] = page.run(
        "return [...document.querySelectorAll(arguments[0] + ' .mark-symbol path')]"
        ".map((path) => ({...path.__data__.datum}))",
        panel,
    )
    return found


def test_the_best_row_is_drawn_with_the_numbers_of_its_file(
    page: Browser, rows: tuple[Row, ...]
) -> None:
    tree = max(rows, key=lambda row: row.ap).diagnosis
    for place, letter in enumerate("fcr", 1):
        bins = [of for of in tree["calibration"][letter]["bins"] if of["count"]]
        dots = drawn(page, f"#reliability .panel:nth-child({place})")
        assert [of["count"] for of in dots] == [of["count"] for of in bins]
        assert [of["precision"] for of in dots] == [round(of["precision"], 4) for of in bins]
        error = points_text(tree["calibration"][letter]["error"])
        count = sum(of["count"] for of in bins)
        assert f"D-ECE {error}, {count:,} detections" in words(page, "reliability")
    for counts in tree["confusion"]["matrix"]:
        assert {f"{count:,}" for count in counts[:3]} <= {*words(page, "confusion")}
    assert page.console() == [] and page.requests() == []


def test_another_row_is_drawn_when_it_is_chosen_and_its_holes_are_named(
    page: Browser, rows: tuple[Row, ...]
) -> None:
    choose(page, 0)
    error = points_text(rows[0].diagnosis["calibration"]["r"]["error"])
    wait_for(page, "reliability", f"D-ECE {error},")
    for figure, word in (
        ("errors", "common, none"),
        ("ap-lost", "not defined, no object: common"),
        ("scores", "no judged detection"),
    ):
        wait_for(page, figure, word)
    assert "not defined: no judged detection" in words(page, "reliability")
    scores = rows[0].diagnosis["scores"]["f"]
    counts = f"{scores['right']['count']:,} right, {scores['wrong']['count']:,} wrong"
    assert counts in words(page, "scores")


def test_a_row_without_a_diagnosis_draws_nothing_and_says_so(page: Browser) -> None:
    choose(page, 1)
    for figure in ("reliability", "scores", "confusion", "ap-lost"):
        wait_for(page, figure, "not diagnosed")
    wait_for(page, "errors", "rare, not diagnosed")
    assert drawn(page, "#reliability") == []
    assert "No diagnosis of row_1: " in page.texts("#diagnosis .note")[0]
