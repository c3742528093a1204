"""How a reader finds a category on the page of a report, and compares two rows."""

import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select
from support.browser.browser import Browser
from support.dashboards.made_pages import HALF_WIDTH, Made, made_page
from support.dashboards.read_pages import LINES, PANEL, dots, lines, number, points

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made_page(tmp_path_factory.mktemp("page"), num_rows=3, num_categories=250)


@pytest.fixture
def page(made: Made, browser: Browser) -> Browser:
    browser.open(made.file)
    return browser


def test_search_marks_dots_and_filters_lines(page: Browser) -> None:
    page.find("#query").send_keys("CATEGORY 1")

    names = page.run("return tables.categories.name")
    wanted = {name for name in names if name.startswith("category_1")}
    assert set(lines(page)) == wanted
    assert page.texts("#shown") == [f"{len(wanted)} of {len(names)} categories"]
    page.wait(lambda: all((dot["opacity"] == 1) == (dot["name"] in wanted) for dot in _dots(page)))


def test_search_without_a_match_says_so_and_can_be_taken_back(page: Browser) -> None:
    page.find("#query").send_keys("giraffe")
    assert page.texts(LINES) == []
    assert page.texts("#shown")[0].startswith("0 of ")
    assert page.texts("#category-count") == ["no category is left"]

    page.find("#query").send_keys(Keys.BACKSPACE * 7)
    assert len(lines(page)) == 200
    assert page.texts("#shown") == [""]


def test_all_lines_are_shown_on_demand(page: Browser) -> None:
    num = page.run("return tables.categories.id.length")
    assert page.texts("#category-count") == [f"200 of {num} shown"]

    page.find("#category-more").click()

    assert len(lines(page)) == num
    assert not page.find("#category-more").is_displayed()


def test_other_rows_are_shown_everywhere(page: Browser, made: Made) -> None:
    Select(page.find("#row")).select_by_visible_text("row_1")
    Select(page.find("#against")).select_by_visible_text("row_2")

    assert [page.signal(PANEL, name) for name in ("row", "against")] == [1, 2]
    assert page.texts("#category-table thead th")[4:6] == ["AP of row_1", "AP of row_2"]
    assert page.texts("#ap-by-images .rows") == ["row_1 against row_2"]
    by_name = {of["name"]: of for of in made.categories(1)}
    for name, cells in lines(page).items():
        assert cells[3] == points(by_name[name]["segm_ap"])
    defined = {of["id"] for of in by_name.values() if of["segm_ap"] != -1}
    page.wait(lambda: set(dots(page)) == defined)


def test_a_row_against_itself_says_so_instead_of_differences_of_0(page: Browser) -> None:
    Select(page.find("#against")).select_by_visible_text("row_2")

    assert page.texts("#ap-by-images .rows") == ["row_2 against itself"]
    assert "compared with itself" in page.texts("#category-count")[0]
    assert {cells[5] for cells in lines(page).values()} == {"none"}

    Select(page.find("#against")).select_by_visible_text("row_1")
    assert "itself" not in page.texts("#category-count")[0]


def test_lines_are_sorted_by_numbers_with_undefined_ones_last(page: Browser) -> None:
    page.find("#category-more").click()
    head = page.find("#category-table th[data-key=row]")

    for direction in ("descending", "ascending"):
        head.find_element("css selector", "button").click()

        column = [cells[3] for cells in lines(page).values()]
        values = [number(text) for text in column if text != "not defined"]
        assert head.get_attribute("aria-sort") == direction
        assert values == sorted(values, reverse=direction == "descending")
        assert column[len(values) :] == ["not defined"] * (len(column) - len(values))
        assert len(values) < len(column)


def test_names_are_sorted_as_people_count(page: Browser) -> None:
    page.find("#category-more").click()
    page.find("#category-table th[data-key=name] button").click()

    numbers = [int(name.removeprefix("category_")) for name in lines(page)]
    assert numbers == sorted(numbers)


def test_only_a_group_and_only_real_differences_are_left(page: Browser) -> None:
    Select(page.find("#category-group")).select_by_visible_text("common")
    before = lines(page)
    assert {cells[0] for cells in before.values()} == {"common"}

    page.find("#category-real").click()

    left = lines(page)
    assert 0 < len(left) < len(before)
    assert all(abs(number(cells[5])) > HALF_WIDTH for cells in left.values())


def test_click_on_a_dot_marks_its_line(page: Browser) -> None:
    wanted = max(dots(page).values(), key=lambda dot: dot["images"])
    assert wanted["name"] not in lines(page)

    page.run(
        "const paths = document.querySelectorAll(arguments[0] + ' .mark-symbol path');"
        "const of = [...paths].find((path) => path.__data__.datum.id === arguments[1]);"
        "of.dispatchEvent(new MouseEvent('click', {bubbles: true}))",
        PANEL,
        wanted["id"],
    )

    assert page.texts("tr.chosen th") == [wanted["name"]]
    assert page.run(
        "const line = document.querySelector('tr.chosen').getBoundingClientRect();"
        "const box = document.querySelector('#all-categories .wide').getBoundingClientRect();"
        "return line.top >= box.top && line.bottom <= box.bottom"
    )


def test_click_on_a_name_marks_its_dot_until_escape(page: Browser) -> None:
    name = next(iter(lines(page)))
    page.find(f"{LINES} th button").click()

    assert page.texts("tr.chosen th") == [name]
    page.wait(lambda: any(text.startswith(f"{name}:") for text in _labels(page)))
    page.find("body").send_keys(Keys.ESCAPE)
    assert page.texts("tr.chosen th") == []
    page.wait(lambda: not any(text.startswith(f"{name}:") for text in _labels(page)))


def _dots(page: Browser) -> list[dict[str, object]]:
    return list(dots(page).values())


def _labels(page: Browser) -> list[str]:
    return page.texts(f"{PANEL} .mark-text text")
