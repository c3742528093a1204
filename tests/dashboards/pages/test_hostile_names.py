"""Names of rows, categories and files that look like code are shown and never run."""

import json
from pathlib import Path

import pytest
from selenium.webdriver.support.ui import Select
from support.browser.browser import Browser
from support.dashboards.made_results import made_grid
from support.dashboards.read_pages import LINES, PANEL, lines

from dashboards.pages.report import report_page
from dashboards.sources.found import Found, Report
from dashboards.sources.grid import read_grid
from longtail.cluster.results.named_results import file_name

pytestmark = pytest.mark.slow

HOSTILE = (
    "<script>document.title = 'run'</script>",
    '"><img src=x onerror="document.title = \'run\'">',
    "</script><script>document.title = 'run'</script>",
    "'+(document.title='run')+'",
    "{{ 7 * 7 }} ${document.title = 'run'}",
    "<!--<script>",
    "javascript:document.title='run'",
    "\u2028\u202e\u0000 &amp; ]]>",
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    grid = made_grid(folder, 2, len(HOSTILE))
    tree = json.loads((grid / "table.json").read_text())
    for number, name in enumerate(HOSTILE[:2]):
        tree["rows"][name] = tree["rows"].pop(f"row_{number}")
        evaluation = grid / f"row_{number}" / "evaluation" / "evaluation.json"
        records = json.loads(evaluation.read_text())
        for record, category in zip(records["per_category"], HOSTILE, strict=True):
            record["name"] = category
        records["warnings"] = list(HOSTILE)
        evaluation.write_text(json.dumps(records))
        (grid / f"row_{number}").rename(grid / file_name(name))
    tree["differences"] = []
    tree["experiment"] = HOSTILE[1]
    (grid / "table.json").write_text(json.dumps(tree))
    found = read_grid(grid)
    lost = Found(HOSTILE[1], "grid", failed=tuple((name, name) for name in HOSTILE))
    file = folder / "page.html"
    report = Report(HOSTILE[0], (found, lost), HOSTILE[0])
    file.write_text(report_page(report), encoding="utf-8")
    return file


def test_nothing_of_a_name_runs(page: Path, browser: Browser) -> None:
    browser.open(page)
    for name in ("row", "against"):
        Select(browser.find(f"#{name}")).select_by_index(int(name == "against"))
    browser.find("#query").send_keys("script")
    browser.find(f"{LINES} th button").click()

    assert browser.driver.title == HOSTILE[0]
    assert browser.run("return document.querySelectorAll('img, iframe, object').length") == 0
    assert browser.console() == []
    assert browser.requests() == []


def test_names_are_shown_as_they_are(page: Path, browser: Browser) -> None:
    browser.open(page)

    # No page can show U+0000.
    shown = [name.replace("\x00", "\ufffd").strip() for name in HOSTILE]
    assert browser.texts("h1") == [HOSTILE[0]]
    assert sorted(browser.texts("#ranking tbody th")) == sorted(HOSTILE[:2])
    assert browser.texts("#row option") == list(HOSTILE[:2])
    assert {name.replace("\x00", "\ufffd") for name in lines(browser)} == set(shown)
    assert browser.signal(PANEL, "row") == 1


def test_hint_of_a_dot_shows_its_name(page: Path, browser: Browser) -> None:
    browser.open(page)

    browser.run(
        "const dot = document.querySelector(arguments[0] + ' .mark-symbol path');"
        "dot.dispatchEvent(new PointerEvent('pointermove', {bubbles: true}));"
        "dot.dispatchEvent(new MouseEvent('mousemove', {bubbles: true}))",
        PANEL,
    )

    name = browser.run(
        "return document.querySelector(arguments[0] + ' .mark-symbol path').__data__.datum.name",
        PANEL,
    )
    browser.wait(lambda: name in browser.texts("#vg-tooltip-element td.value"))
    assert browser.driver.title == HOSTILE[0]
    assert browser.console() == []


def test_policy_stops_a_script_that_is_none_of_the_page(page: Path, browser: Browser) -> None:
    browser.open(page)

    browser.run(
        "const script = document.createElement('script');"
        "script.textContent = \"document.title = 'run'\";"
        "document.body.append(script);"
        "document.body.insertAdjacentHTML('beforeend',"
        " `<img src='https://example.org/x.png' onerror=\"document.title = 'run'\">`)"
    )

    said: list[str] = []
    browser.wait(lambda: _violations(said, browser) == {"script-src", "img-src"})
    assert browser.driver.title == HOSTILE[0]


def _violations(said: list[str], browser: Browser) -> set[str]:
    said += browser.console()
    return {name for name in ("script-src", "img-src") if any(name in line for line in said)}
