"""Tables of a page are sorted by their heads."""

from pathlib import Path

import pytest
from support.browser.browser import Browser

from dashboards.pages.document import document
from dashboards.section import Section
from dashboards.tables import Column, Table

pytestmark = pytest.mark.slow

COLUMNS = [Column("name", "name"), Column("value", "value"), Column("interval", "interval")]
LINES = [
    {"name": "trial 10", "value": 2.0, "interval": "9.00 to 9.50"},
    {"name": "trial 9", "value": None, "interval": None},
    {"name": "trial 1", "value": -3.0, "interval": "10.00 to 11.00"},
    {"name": "Trial 2", "value": 0.0, "interval": "-1.00 to 2.00"},
]


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Browser:
    file = tmp_path / "page.html"
    table = Table("trials", "Trials", COLUMNS, LINES)
    file.write_text(document("Sorted", "", [Section("all", "All", "", (table,))]), encoding="utf-8")
    browser.open(file)
    return browser


@pytest.mark.parametrize(
    ("column", "first", "then"),
    [
        (0, "trial 1, Trial 2, trial 9, trial 10", "trial 10, trial 9, Trial 2, trial 1"),
        (1, "trial 10, Trial 2, trial 1, trial 9", "trial 1, Trial 2, trial 10, trial 9"),
        (2, "trial 1, trial 10, Trial 2, trial 9", "Trial 2, trial 10, trial 1, trial 9"),
    ],
)
def test_heads_sort_both_ways_with_undefined_values_last(
    page: Browser, column: int, first: str, then: str
) -> None:
    head = page.driver.find_elements("css selector", "#trials thead th")[column]
    directions = ["ascending", "descending"] if column == 0 else ["descending", "ascending"]
    for direction, names in zip(directions, (first, then), strict=True):
        head.find_element("css selector", "button").click()

        assert head.get_attribute("aria-sort") == direction
        assert ", ".join(page.texts("#trials tbody th")) == names
        assert len(page.texts("#trials th[aria-sort]")) == 1
    assert page.console() == []
