"""The page of a sweep."""

import re
from xml.etree import ElementTree

import msgspec
import pytest
from support.sweep_scene import (
    DETECTIONS,
    DIMENSIONS,
    LAMBDA,
    MASK,
    halved_trials,
    sweep_of,
    trial_of,
)

from longtail.config.search_space import Choice, Dimension
from longtail.sweep.analysis.analysis import analyse
from longtail.sweep.analysis.reevaluation import ReevaluatedTrial, Reevaluation, fresh_runs
from longtail.sweep.page.page import analysis_page
from longtail.sweep.request import Sweep
from longtail.sweep.trial import Trial

TWO: dict[str, Dimension] = {path: DIMENSIONS[path] for path in (LAMBDA, MASK)}


def page_of(sweep: Sweep, trials: list[Trial], confirmation: Reevaluation | None = None) -> str:
    page = analysis_page("lambda", analyse(sweep, trials, confirmation))
    ids = re.findall(r' id="([^"]*)"', page)
    assert len(set(ids)) == len(ids)
    for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ElementTree.fromstring(svg)
    return page


def headings(page: str) -> list[str]:
    return re.findall(r"<h2>(.*?)</h2>", page)


def test_a_sweep_with_early_stopping_shows_its_curves() -> None:
    sweep = sweep_of(TWO, scheduler="asha")
    page = page_of(sweep, halved_trials(sweep, 36))
    assert "36 trials: 4 finished, 32 stopped, 0 failed." in page
    assert headings(page) == [
        "Searched",
        "Confirmation",
        "Best trials",
        "Importance",
        "AP along each path",
        "AP over two paths",
        "AP on the way",
    ]
    assert "12 trials after 300 iterations of the last stage" in page
    assert "none was run with fresh seeds" in page


def test_a_sweep_of_two_metrics_shows_what_is_not_dominated() -> None:
    sweep = sweep_of(TWO, metrics=("AP", "APr"))
    trials = halved_trials(sweep, 20)
    analysis = analyse(sweep, trials)
    page = page_of(sweep, trials)
    assert "Between the metrics" in headings(page)
    assert page.count('class="member"') == len(analysis.pareto)
    assert "APr along each path" in headings(page)


def test_the_confirmation_says_by_how_much_the_best_fell() -> None:
    sweep = sweep_of(TWO)
    trials = halved_trials(sweep, 5)
    runs = fresh_runs(0.30, {1: 0.24, 2: 0.27, 3: 0.30})
    confirmed = (ReevaluatedTrial(3, trials[3].point, {"AP": runs}),)
    confirmation = Reevaluation(("AP",), (1, 2, 3), 5, confirmed, "g", ("<b>boom</b>",))
    page = page_of(sweep, trials, confirmation)
    assert "The best of 5 single runs" in page
    assert "fell by 3.00 points, from AP 30.00 to 27.00" in page
    assert "19.55 to 34.45" in page
    assert "<td>-3.00</td>" in page
    assert "&lt;b&gt;boom&lt;/b&gt;" in page


@pytest.mark.parametrize("number", [0, 1, 2, 4])
def test_few_trials_still_make_a_page(number: int) -> None:
    sweep = sweep_of({LAMBDA: DIMENSIONS[LAMBDA]})
    page = page_of(sweep, halved_trials(sweep, number))
    assert ("No trial has finished." in page) == (number == 0)
    assert ("4 trials are needed" in page) == (number < 4)


def test_failed_trials_are_listed_with_their_errors() -> None:
    failed = Trial(0, {LAMBDA: 0.01, MASK: 1.0}, "failed", [], "t", "e", 0.0, "loss <nan>")
    page = page_of(sweep_of(TWO), [failed])
    assert headings(page) == ["Searched", "Importance", "Failed trials"]
    assert "loss &lt;nan&gt;" in page
    on_the_way = msgspec.structs.replace(trial_of(1, 0.2, failed.point), state="failed")
    assert 'class="failed"' in page_of(sweep_of(TWO), [failed, on_the_way])


def test_long_values_are_escaped_and_cut() -> None:
    word = f"<{'word' * 20}>"
    sweep = sweep_of({DETECTIONS: Choice((100, 300)), MASK: Choice((word, 1.0))})
    trials = [trial_of(n, n / 10, {DETECTIONS: 100 + 200 * (n % 2), MASK: word}) for n in range(5)]
    page = page_of(sweep, trials)
    assert word not in page
    assert "\u2026" in page


def test_the_page_needs_nothing_from_elsewhere() -> None:
    sweep = sweep_of(TWO, scheduler="asha")
    page = page_of(sweep, halved_trials(sweep, 12))
    assert not re.search(r"(src|href)=|<script|@import|url\(", page)
    assert page.count("http") == page.count("http-equiv") + page.count("http://www.w3.org/2000/svg")
    assert "prefers-color-scheme: dark" in page
