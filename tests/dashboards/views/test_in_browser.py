"""MLflow's own page opens each saved view from its link, with its rows, columns and charts."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from support.browser.browser import Browser
from support.browser.frames import frame_lines
from support.dashboards import made_results
from support.dashboards.made_results import made_report
from support.dashboards.made_runs import EXPERIMENT, SEEDS, TRIALS, VARIANTS, make_grid, make_sweep
from support.dashboards.read_pages import LINES, dots, lines, points

from dashboards.pages.report import write_report
from dashboards.sources.grid import read_grid
from dashboards.views.links import Link
from dashboards.views.server import Server, free_port, served
from dashboards.views.write import write_views

pytestmark = pytest.mark.slow
PATIENCE_SECONDS = 90.0
NUM_CATEGORIES = 1203
Shown: TypeAlias = tuple[Server, dict[str, Link]]
DRAWN = """return [...document.querySelectorAll('.js-plotly-plot')].map(
    plot => (plot.data ?? []).map(trace => [trace.type, (trace.x ?? []).length]))"""
LISTED = """return [...document.querySelectorAll('.ag-row a[href*="/runs/"]')].map(
    link => [+link.closest('.ag-row').getAttribute('row-index'), link.textContent])
    .sort((one, other) => one[0] - other[0]).map(pair => pair[1])"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """A server over a made-up experiment, and the links that were printed by their names."""
    runs = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        grid = make_grid(runs)
        grid.connect().replace_artifacts(grid.open(), [_report(runs)])
        make_sweep(runs)
        links = {link.name: link for link in write_views(runs, EXPERIMENT)}
    with served(runs / "mlflow.db", free_port(5300 + os.getpid() % 1000)) as server:
        server.wait_until_ready()
        yield server, links


def _report(runs: Path) -> Path:
    """As large as LVIS."""
    path = runs / "report.html"
    write_report(made_report(read_grid(made_results.made_grid(runs, 3, NUM_CATEGORIES))), path)
    return path


class Page:
    """The page that a link opens."""

    def __init__(self, browser: Browser, shown: Shown, name: str) -> None:
        server, links = shown
        self._browser = browser
        # Another address of the same page loads nothing.
        browser.open("about:blank", waits=False)
        browser.open(links[name].at(server.address), width=2400, height=1800, waits=False)

    def await_text(self, *words: str) -> str:
        """Its text once all words are in it."""
        self._wait(lambda: all(word in self.text for word in words), f"{words}")
        return self.text

    def await_drawn(self, *charts: list[list[object]]) -> None:
        """Return when the first charts are these; MLflow adds its own below."""
        wanted = list(charts)
        self._wait(lambda: self.script(DRAWN)[: len(wanted)] == wanted, f"{wanted}")

    @property
    def text(self) -> str:
        """All that is read on it."""
        return str(self.script("return document.body.innerText"))

    def await_count(self, text: str, number: int) -> None:
        """Wait till a text is there so many times."""
        self._wait(lambda: self.text.count(text) == number, f"{number} times {text!r}")

    def script(self, text: str) -> Any:
        """What a script finds."""
        return self._browser.run(text)

    def _wait(self, condition: Any, what: str) -> None:
        from selenium.common.exceptions import TimeoutException
        from selenium.webdriver.support.ui import WebDriverWait

        try:
            WebDriverWait(self._browser.driver, PATIENCE_SECONDS).until(lambda _: condition())
        except TimeoutException:
            raise AssertionError(f"no {what}: {self.script(DRAWN)} {self.text}") from None


NUM_ROWS = len(VARIANTS) * len(SEEDS)
ROW_NAMES = [f"{variant} seed {seed}" for variant in VARIANTS[::-1] for seed in SEEDS[::-1]]


def test_rows_are_listed_flat_by_falling_ap(browser: Browser, shown: Shown) -> None:
    page = Page(browser, shown, "Rows")
    columns = ("val/AP", "val/APr", "val_box/AP", "val/gap_box_mask", "stages.0.classifier.name")
    page.await_text(f"{NUM_ROWS} matching runs", "Sort: val/AP", *columns)
    page._wait(lambda: page.script(LISTED) == ROW_NAMES, "rows in order")
    assert "sigmoid training" not in page.text and "trial 1" not in page.text


def test_the_description_has_links_and_names_are_no_markup(browser: Browser, shown: Shown) -> None:
    page = Page(browser, shown, "Rows")
    text = page.await_text("Open:", "95% interval", "25.75 to 27.25")
    assert "Means over seeds · AP against APr · Difference · Search" in text
    # In the description, and in the table, which comes later.
    page.await_count("eql <b>rfs</b> seed 1", 2)
    bold = "return [...document.querySelectorAll('b')].map(found => found.textContent)"
    assert "rfs" not in page.script(bold)


def test_means_over_seeds_are_folded_groups(browser: Browser, shown: Shown) -> None:
    page = Page(browser, shown, "Means over seeds")
    groups = [f"Group: {variant}" for variant in VARIANTS]
    text = page.await_text("Group by: longtail.variant_name", *groups, "26.25 (average)")
    assert "eql seed 1" not in text.partition("Group by")[2]


def test_ap_against_apr_is_a_dot_a_row_and_bars(browser: Browser, shown: Shown) -> None:
    page = Page(browser, shown, "AP against APr")
    page.await_text(f"{NUM_ROWS} matching runs", "val/AP vs. val/APr")
    page.await_drawn([["scatter", NUM_ROWS]], [["bar", NUM_ROWS]], [["bar", NUM_ROWS]])


def test_the_difference_is_from_the_first_row(browser: Browser, shown: Shown) -> None:
    page = Page(browser, shown, "Difference")
    text = page.await_text("Show change from baseline", "Compare by", "+6.50")
    # The name of its colour comes first.
    assert text.partition("Compare by")[2].split("\n")[2] == "sigmoid seed 0"


def test_a_search_has_all_trials_and_two_maps(browser: Browser, shown: Shown) -> None:
    page = Page(browser, shown, "Search")
    page.await_text(f"{TRIALS} matching runs", "Parallel Coordinates", "Over two parameters")
    dots = [["contour", TRIALS], ["scatter", TRIALS]]
    page.await_drawn(dots, dots)
    titles = "return [...document.querySelectorAll('.js-plotly-plot .xtitle')]"
    assert page.script(f"{titles}.map(title => title.textContent)")[0] == "log10_lambda"


def test_the_report_opens_in_the_frame_of_artifacts(browser: Browser, shown: Shown) -> None:
    page = Page(browser, shown, "Report")
    page._wait(lambda: page.script("return document.querySelector('iframe') !== null"), "frame")
    # A frame without an origin: no storage, no cookies, no pop-ups, no downloads.
    assert browser.find("iframe").get_attribute("sandbox") == "allow-scripts"
    browser.enter_frame()
    try:
        ranked = browser.texts("#ranking tbody tr")
        for number in range(3):
            tree = made_results.made_evaluation(NUM_CATEGORIES, 0.2 + 0.02 * number, seed=number)
            (line,) = (text for text in ranked if text.startswith(f"row_{number}"))
            assert points(tree["segm"]["AP"]) in line and points(tree["box"]["AP"]) in line
        judged = [of for of in tree["per_category"] if of["segm_ap"] != -1]
        assert set(dots(browser)) == {of["id"] for of in judged}
        assert browser.texts(".panel:not(:has(svg))") == []
        browser.find("#query").send_keys("category_12")
        assert all(name.startswith("category_12") for name in lines(browser))
        browser.find(f"{LINES} th button").click()
        assert len(browser.texts("tr.chosen th")) == 1
        assert frame_lines(browser) == []
    finally:
        browser.leave_frame()
    assert browser.requests() == []


def test_over_a_server_the_views_are_the_same(
    shown: Shown, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server, links = shown
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.address)
    assert write_views(tmp_path, EXPERIMENT) == list(links.values())
    assert list(tmp_path.iterdir()) == []
