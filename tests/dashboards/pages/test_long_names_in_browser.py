"""Names of 80 characters on a page: whole within their figures, and told apart."""

from pathlib import Path

import pytest
from support.browser.browser import Browser
from support.dashboards.made_calibration import made_reliable

from dashboards.figures.search.importance import importance
from dashboards.figures.training.gantt import gantt
from dashboards.pages.document import document
from dashboards.section import Section
from dashboards.sections.calibrated import calibrated
from dashboards.sources.node_times import Attempt, NodeTime
from longtail.metrics import points_text

pytestmark = pytest.mark.slow

NAMES = [
    f"seesaw_head_with_repeat_factors_of_0.001_for_{epochs}_epochs_and_a_long_warm_up_of_it"[:80]
    for epochs in (12, 24)
]
CALIBRATION = made_reliable(NAMES)
OVER = """
return [...document.querySelectorAll('svg text')].filter((text) => {
  const box = text.getBoundingClientRect(), svg = text.closest('svg').getBoundingClientRect();
  return text.textContent.trim() && (box.left < svg.left - 1 || box.right > svg.right + 1
    || box.top < svg.top - 1 || box.bottom > svg.bottom + 1);
}).map((text) => text.textContent)
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    nodes = [NodeTime(f"stage-{n}", "stage", n, ("a",), 0, (Attempt(0, 60),), True) for n in NAMES]
    shares = {"AP": dict(zip(NAMES, (0.99, 0.01), strict=True))}
    blocks = (
        gantt(nodes),
        importance(dict(zip(NAMES, NAMES, strict=True)), shares, "AP"),
        *calibrated(CALIBRATION, "merged"),
    )
    path = tmp_path_factory.mktemp("page") / "page.html"
    section = Section("s", "S", "", tuple(block for block in blocks if block is not None))
    path.write_text(document("T", "", [section]))
    return path


@pytest.mark.parametrize("width", [390, 1280])
def test_no_text_leaves_its_figure_and_labels_differ(
    file: Path, browser: Browser, width: int
) -> None:
    browser.open(file, width=width)
    assert browser.run(OVER) == []
    for figure, number in (("time", 2), ("importance", 2), ("calibration-change", 6)):
        words = browser.texts(f"#{figure} svg text")
        labels = [word for word in words if word.startswith("seesaw")]
        assert len(labels) == len({*labels}) == number, figure
    titles = [of for of in browser.texts("#reliability-change svg text") if of.startswith("see")]
    assert len(titles) == len({*titles}) == 2
    assert browser.console() == [] and browser.requests() == []


def test_a_wide_page_that_becomes_narrow_has_shorter_names(file: Path, browser: Browser) -> None:
    def longest() -> int:
        words = browser.texts("#time svg text")
        return max(len(word) for word in words if word.startswith("seesaw"))

    browser.open(file, width=1280)
    before = longest()
    browser.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 390, "height": 900, "deviceScaleFactor": 1, "mobile": True},
    )
    browser.wait(lambda: longest() < before)


def test_dots_and_the_table_have_the_numbers_of_the_file(file: Path, browser: Browser) -> None:
    browser.open(file)
    dots = browser.run(
        "return [...document.querySelectorAll('#reliability-change .panel:nth-child(1) '"
        " + '.mark-symbol path')].map((path) => path.__data__.datum)"
        ".filter((of) => of.count).map((of) => [of.group, of.when, of.count, of.precision])"
    )
    source = CALIBRATION.sources[NAMES[0]]
    expected = [
        [letter, when, of.count, of.precision]
        for when in ("before", "after")
        for letter in "rcf"
        for of in getattr(source.reliability[letter], when)
        if of.count
    ]
    assert sorted(dots) == sorted(expected)
    rows = browser.run(
        "return [...document.querySelectorAll('#calibrated-scores tbody tr')]"
        ".map((row) => [...row.cells].map((cell) => cell.textContent))"
    )
    error = source.error["r"]
    assert rows[0] == [
        NAMES[0], "rare", "40", points_text(error.before), points_text(error.after), "25%", "25%"
    ]  # fmt: skip
    assert rows[1][2:] == ["0", *["no detection"] * 4]
