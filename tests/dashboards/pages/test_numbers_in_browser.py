"""Numbers and texts of a page in a browser are those of the files that it was made from."""

import pytest
from support.browser.browser import Browser
from support.dashboards.made_pages import HALF_WIDTH, Made, made_page
from support.dashboards.read_pages import dots, lines, number, points

pytestmark = pytest.mark.slow

GROUPS = ("APr", "APc", "APf")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made_page(tmp_path_factory.mktemp("page"), num_rows=3, num_categories=250)


@pytest.fixture
def page(made: Made, browser: Browser) -> Browser:
    browser.open(made.file)
    return browser


def test_page_opens_without_a_word_and_asks_nobody(made: Made, browser: Browser) -> None:
    browser.open(made.file)

    assert browser.run("return document.documentElement.dataset.drawn") == "1"
    assert browser.console() == []
    assert browser.requests() == []


def test_ranking_has_the_numbers_of_the_evaluations(page: Browser, made: Made) -> None:
    heads = page.texts("#ranking thead th")
    for row in range(3):
        cells = page.run(
            "const lines = [...document.querySelectorAll('#ranking tbody tr')];"
            "const of = lines.find((line) => line.cells[0].textContent === arguments[0]);"
            "return [...of.cells].map((cell) => [cell.textContent, cell.dataset.value ?? null])",
            f"row_{row}",
        )
        shown = dict(zip(heads, cells, strict=True))
        tree = made.evaluation(row)
        values = {"mask AP": tree["segm"]["AP"], "box AP": tree["box"]["AP"]}
        for name, fraction in {**{of: tree["segm"][of] for of in GROUPS}, **values}.items():
            text, value = shown[name]
            assert text.startswith(points(fraction))
            assert fraction == -1 or float(value) == pytest.approx(100 * fraction)


def test_lines_of_categories_have_the_numbers_of_the_evaluations(page: Browser, made: Made) -> None:
    page.find("#category-more").click()

    shown = lines(page)
    rows = [made.categories(row) for row in range(3)]
    for of in zip(*rows, strict=True):
        first, last = of[0], of[2]
        if all(record["segm_ap"] == -1 for record in of):
            assert first["name"] not in shown
            continue
        assert shown[first["name"]][:5] == [
            {"r": "rare", "c": "common", "f": "frequent"}[last["group"]],
            f"{last['image_count']:,}",
            f"{last['instance_count']:,}",
            points(last["segm_ap"]),
            points(first["segm_ap"]),
        ]


def test_differences_stand_with_half_of_their_intervals(page: Browser) -> None:
    without = page.run("return tables.categories.name[1]")

    for name, (_, _, _, ap, other, difference) in lines(page).items():
        if "not defined" in (ap, other):
            assert difference == "not defined"
            continue
        assert number(difference) == pytest.approx(number(ap) - number(other), abs=0.006)
        assert (" \u00b1 7.0" in difference) == (name != without)
    bold = page.texts("#category-table td.real")
    assert bold
    assert all(abs(number(text)) > HALF_WIDTH for text in bold)


def test_dots_are_the_defined_categories(page: Browser, made: Made) -> None:
    defined = {of["id"]: of for of in made.categories(2) if of["segm_ap"] != -1}

    drawn = dots(page)
    assert set(drawn) == set(defined)
    for number_of, dot in drawn.items():
        assert dot["ap"] == pytest.approx(100 * defined[number_of]["segm_ap"], abs=0.006)
        assert dot["images"] == defined[number_of]["image_count"]


def test_axes_say_what_they_measure(page: Browser) -> None:
    texts = page.texts("#ap-by-images .role-axis-title text")

    assert texts == ["training images of the category", "Mask AP in points"]
    assert page.texts("#ap-by-images .role-legend-label text") == ["rare", "common", "frequent"]
