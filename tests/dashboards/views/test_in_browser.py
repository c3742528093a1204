"""MLflow's own page opens each saved view from its link, with its rows, columns and charts."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.dashboards.made_runs import EXPERIMENT, SEEDS, TRIALS, VARIANTS, make_grid, make_sweep

from dashboards.views.links import Link
from dashboards.views.server import Server, free_port, served
from dashboards.views.write import write_views

pytestmark = pytest.mark.slow
CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=2400,1800")
PATIENCE_SECONDS = 90.0
DRAWN = """return [...document.querySelectorAll('.js-plotly-plot')].map(
    plot => (plot.data ?? []).map(trace => [trace.type, (trace.x ?? []).length]))"""
LISTED = """return [...document.querySelectorAll('.ag-row a[href*="/runs/"]')].map(
    link => [+link.closest('.ag-row').getAttribute('row-index'), link.textContent])
    .sort((one, other) => one[0] - other[0]).map(pair => pair[1])"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, where it is installed."""
    webdriver = pytest.importorskip("selenium.webdriver")
    if not (os.path.exists(CHROMIUM) and os.path.exists(DRIVER)):
        pytest.skip(f"needs {CHROMIUM} and {DRIVER}")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for option in OPTIONS:
        options.add_argument(option)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, dict[str, Link]]]:
    """A server over a made-up experiment, and the links that were printed by their names."""
    runs = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        make_grid(runs)
        make_sweep(runs)
        links = {link.name: link for link in write_views(runs, EXPERIMENT)}
    with served(runs / "mlflow.db", free_port(5300 + os.getpid() % 1000)) as server:
        server.wait_until_ready()
        yield server, links


class Page:
    """The page that a link opens."""

    def __init__(self, browser: Any, shown: tuple[Server, dict[str, Link]], name: str) -> None:
        server, links = shown
        self._browser = browser
        browser.get("about:blank")
        browser.get(links[name].at(server.address))

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
        return self._browser.execute_script(text)

    def _wait(self, condition: Any, what: str) -> None:
        from selenium.common.exceptions import TimeoutException
        from selenium.webdriver.support.ui import WebDriverWait

        try:
            WebDriverWait(self._browser, PATIENCE_SECONDS).until(lambda _: condition())
        except TimeoutException:
            raise AssertionError(f"no {what}: {self.script(DRAWN)} {self.text}") from None


NUM_ROWS = len(VARIANTS) * len(SEEDS)
ROW_NAMES = [f"{variant} seed {seed}" for variant in VARIANTS[::-1] for seed in SEEDS[::-1]]


def test_rows_are_listed_flat_by_falling_ap(browser: Any, shown: Any) -> None:
    page = Page(browser, shown, "Rows")
    columns = ("val/AP", "val/APr", "val_box/AP", "val/gap_box_mask", "stages.0.classifier.name")
    page.await_text(f"{NUM_ROWS} matching runs", "Sort: val/AP", *columns)
    page._wait(lambda: page.script(LISTED) == ROW_NAMES, "rows in order")
    assert "sigmoid training" not in page.text and "trial 1" not in page.text


def test_the_description_has_links_and_names_are_no_markup(browser: Any, shown: Any) -> None:
    page = Page(browser, shown, "Rows")
    text = page.await_text("Open:", "95% interval", "25.75 to 27.25")
    assert "Means over seeds · AP against APr · Difference · Search" in text
    # In the description, and in the table, which comes later.
    page.await_count("eql <b>rfs</b> seed 1", 2)
    bold = "return [...document.querySelectorAll('b')].map(found => found.textContent)"
    assert "rfs" not in page.script(bold)


def test_means_over_seeds_are_folded_groups(browser: Any, shown: Any) -> None:
    page = Page(browser, shown, "Means over seeds")
    groups = [f"Group: {variant}" for variant in VARIANTS]
    text = page.await_text("Group by: longtail.variant_name", *groups, "26.25 (average)")
    assert "eql seed 1" not in text.partition("Group by")[2]


def test_ap_against_apr_is_a_dot_a_row_and_bars(browser: Any, shown: Any) -> None:
    page = Page(browser, shown, "AP against APr")
    page.await_text(f"{NUM_ROWS} matching runs", "val/AP vs. val/APr")
    page.await_drawn([["scatter", NUM_ROWS]], [["bar", NUM_ROWS]], [["bar", NUM_ROWS]])


def test_the_difference_is_from_the_first_row(browser: Any, shown: Any) -> None:
    page = Page(browser, shown, "Difference")
    text = page.await_text("Show change from baseline", "Compare by", "+6.50")
    # The name of its colour comes first.
    assert text.partition("Compare by")[2].split("\n")[2] == "sigmoid seed 0"


def test_a_search_has_all_trials_and_two_maps(browser: Any, shown: Any) -> None:
    page = Page(browser, shown, "Search")
    page.await_text(f"{TRIALS} matching runs", "Parallel Coordinates", "Over two parameters")
    dots = [["contour", TRIALS], ["scatter", TRIALS]]
    page.await_drawn(dots, dots)
    titles = "return [...document.querySelectorAll('.js-plotly-plot .xtitle')]"
    assert page.script(f"{titles}.map(title => title.textContent)")[0] == "log10_lambda"


def test_over_a_server_the_views_are_the_same(
    shown: tuple[Server, dict[str, Link]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server, links = shown
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.address)
    assert write_views(tmp_path, EXPERIMENT) == list(links.values())
    assert list(tmp_path.iterdir()) == []
