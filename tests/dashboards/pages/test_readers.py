"""Pages for readers of all kinds: keyboards, screen readers, phones, paper, no scripts, MLflow."""

import json
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys
from support.browser.axe import violations
from support.browser.browser import Browser
from support.browser.frames import frame_lines
from support.dashboards.made_pages import Made, made_page
from support.dashboards.made_results import made_grid, made_report
from support.dashboards.read_pages import LINES, lines

from dashboards.pages.report import report_page
from dashboards.sources.found import Found, Report
from dashboards.sources.grid import read_grid

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made_page(tmp_path_factory.mktemp("page"), num_rows=3, num_categories=250)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_no_rule_of_accessibility_is_broken(
    made: Made, browser: Browser, scheme: str, width: int
) -> None:
    browser.open(made.file, scheme="dark" if scheme == "dark" else "light", width=width)
    assert violations(browser) == []

    browser.find("#query").send_keys("category_1")
    browser.find(f"{LINES} th button").click()
    assert violations(browser) == []


def test_keyboard_alone_searches_chooses_sorts_and_marks(made: Made, browser: Browser) -> None:
    browser.open(made.file)
    passed = []

    def press_tab_until(selector: str) -> None:
        for _ in range(60):
            browser.driver.switch_to.active_element.send_keys(Keys.TAB)
            focused = browser.run("return document.activeElement.matches(arguments[0])", selector)
            if focused:
                passed.append(selector)
                return
        raise AssertionError(f"no Tab reaches {selector}")

    def press(key: str) -> None:
        browser.driver.switch_to.active_element.send_keys(key)

    press_tab_until("nav a")
    press_tab_until("#query")
    press("category_1")
    press_tab_until("#row")
    press(Keys.ARROW_UP)
    assert browser.texts("#category-table thead th")[4] == "AP of row_1"
    press_tab_until("#ranking thead button")
    press(Keys.ENTER)
    assert browser.find("#ranking thead th").get_attribute("aria-sort") == "ascending"
    press_tab_until("#category-group")
    press_tab_until("#category-table [data-key=instances] button")
    press(Keys.SPACE)
    assert browser.find("[data-key=instances]").get_attribute("aria-sort") == "descending"
    press_tab_until(f"{LINES} th button")
    press(Keys.ENTER)
    assert browser.texts("tr.chosen th") == [next(iter(lines(browser)))]


def test_phone_scrolls_in_one_direction(made: Made, browser: Browser) -> None:
    browser.open(made.file, width=390)

    assert browser.run("return document.documentElement.scrollWidth") == 390
    outside = browser.run(
        "const inside = (item) => item.closest('.wide, nav');"
        "return [...document.querySelectorAll('body *')].filter((item) =>"
        " !inside(item) && item.getBoundingClientRect().right > 390).map((item) => item.outerHTML)"
    )
    assert outside == []


def test_paper_has_whole_tables_and_no_controls(made: Made, browser: Browser) -> None:
    browser.open(made.file, medium="print", width=794)

    assert not browser.find(".bar").is_displayed()
    heights = browser.run(
        "return [...document.querySelectorAll('.wide')].map((box) =>"
        " [box.clientHeight, box.scrollHeight])"
    )
    assert all(seen == whole for seen, whole in heights)
    shown = [line.is_displayed() for line in browser.driver.find_elements("css selector", LINES)]
    assert shown == [True] * 40 + [False] * 160
    num = browser.run("return tables.categories.id.length")
    assert browser.find("#category-printed").is_displayed()
    assert browser.texts("#category-printed") == [f"The first 40 of {num} categories are printed."]


def test_rows_are_read_without_scripts(made: Made, browser: Browser) -> None:
    browser.open(made.file, scripts=False)

    ranking = browser.find("#ranking").text
    for row in range(3):
        assert f"row_{row} {100 * made.evaluation(row)['segm']['AP']:.2f}" in ranking
    assert not browser.find(".controls").is_displayed()
    assert "This figure is drawn by a script" in browser.find("#ap-by-images").text
    assert "made by a script" in browser.find("#all-categories").text


def test_page_works_in_the_frame_that_a_tracking_server_shows_it_in(
    made: Made, browser: Browser, tmp_path: Path
) -> None:
    text = json.dumps(made.file.read_text(encoding="utf-8")).replace("<", "\\u003c")
    frame = tmp_path / "frame.html"
    frame.write_text(
        "<!doctype html><meta charset='utf-8'><title>frame</title>"
        "<iframe sandbox='allow-scripts' style='width:1000px;height:800px'></iframe><script>"
        f"const page = new Blob([{text}], {{type: 'text/html;charset=utf-8'}});"
        "document.querySelector('iframe').src = URL.createObjectURL(page);"
        "document.documentElement.dataset.drawn = 'frame'</script>",
        encoding="utf-8",
    )

    browser.open(frame)
    browser.enter_frame()
    browser.find("#query").send_keys("category_1")
    assert all(name.startswith("category_1") for name in lines(browser))
    browser.find(f"{LINES} th button").click()
    assert len(browser.texts("tr.chosen th")) == 1
    assert browser.console() == [] and frame_lines(browser) == []
    # What no page of ours does is refused there as well, and told.
    browser.run("new Image().src = 'http://example.org/1.png'")
    browser.wait(lambda: any("img-src" in line for line in frame_lines(browser)))
    browser.leave_frame()
    assert browser.requests() == []


def test_paper_breaks_no_interval_and_leaves_no_heading_behind(
    made: Made, browser: Browser
) -> None:
    browser.open(made.file, medium="print", width=500)

    lines_of_intervals = browser.run(
        "return [...document.querySelectorAll('#ranking td small')].map((item) => {"
        " const range = document.createRange(); range.selectNodeContents(item);"
        " return range.getClientRects().length; })"
    )
    assert lines_of_intervals and set(lines_of_intervals) == {1}
    # A heading is not kept with the first line of a grid.
    displays = browser.run(
        "return [...document.querySelectorAll('.blocks')].map((of) => getComputedStyle(of).display)"
    )
    assert set(displays) == {"block"}


def test_a_table_that_goes_on_has_a_shadow_at_that_side(made: Made, browser: Browser) -> None:
    browser.open(made.file, width=390)

    box = "document.querySelector('#ranking').parentElement"
    assert browser.run(f"return {box}.scrollWidth > {box}.clientWidth")
    attachments = browser.run(f"return getComputedStyle({box}).backgroundAttachment")
    assert attachments == "local, local, scroll, scroll"


def test_page_of_one_row_has_its_categories(browser: Browser, tmp_path: Path) -> None:
    made = made_page(tmp_path, num_rows=1, num_categories=12)

    browser.open(made.file)

    assert len(lines(browser)) == 12
    assert browser.texts("#category-table thead th")[-1] == "AP"
    browser.find("#query").send_keys("category_3")
    assert list(lines(browser)) == ["category_3"]
    assert browser.console() == []


def test_a_long_name_leaves_other_columns_in_sight(browser: Browser, tmp_path: Path) -> None:
    grid = made_grid(tmp_path, 2, 4)
    for number in range(2):
        path = grid / f"row_{number}" / "evaluation" / "evaluation.json"
        tree = json.loads(path.read_text())
        tree["per_category"][1]["name"] = "a_very_long_name_" * 18
        path.write_text(json.dumps(tree))
    file = tmp_path / "page.html"
    file.write_text(report_page(made_report(read_grid(grid))), encoding="utf-8")

    browser.open(file)

    box = "document.querySelector('#all-categories .wide')"
    assert browser.run(f"return {box}.scrollWidth - {box}.clientWidth") == 0


def test_page_without_rows_says_what_is_missing(browser: Browser, tmp_path: Path) -> None:
    why = "it has no result; the grid's command again goes on with it"
    found = Found("lost", "grid", failed=(("row_0", why), ("row_1", why)))
    file = tmp_path / "page.html"
    file.write_text(report_page(Report("Nothing yet", (found,))), encoding="utf-8")

    browser.open(file)

    assert browser.texts("#about .note.missing") == [f"row_0, row_1: {why}"]
    assert browser.driver.find_elements("css selector", "input, figure, table") == []
    assert browser.console() == []
    assert violations(browser) == []
