"""Every kind of page with every section: for readers who see, hear or type otherwise, and on paper.

Each page is made once and loaded once; its tests see it in other ways.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.browser.axe import violations
from support.browser.browser import Browser, Scheme
from support.browser.paper import missing_reader, printed_parts
from support.dashboards.whole.every_page import KINDS, every_page

pytestmark = pytest.mark.slow
SECTIONS = {
    "grid": "about rows gains categories diagnosis training pictures",
    "results": "about rows gains categories diagnosis pictures",
    "merge": "about rows gains categories diagnosis ensemble pictures",
    "sweep": "about search trade-off values margins-on-scores on-the-way",
    "tuning": "about tuning trade-off values margins-on-scores",
    "gallery": "pictures",
    "watch": "",
}
CONTROLS = ("find a category", "only real differences", "show all")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return every_page(tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="module", params=KINDS)
def kind(pages: dict[str, Path], browser: Browser, request: pytest.FixtureRequest) -> Iterator[str]:
    """A page that is open until all tests have seen it."""
    kind: str = request.param
    browser.open(pages[kind], waits=kind != "watch")
    yield kind
    assert browser.console() == [] and browser.requests() == []


def test_a_page_has_all_of_its_sections(kind: str, browser: Browser) -> None:
    there = browser.run("return [...document.querySelectorAll('section')].map((of) => of.id)")
    assert " ".join(there) == SECTIONS[kind]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("dark", 390)])
def test_no_rule_of_accessibility_is_broken(
    kind: str, browser: Browser, scheme: Scheme, width: int
) -> None:
    browser.look(scheme=scheme, width=width)
    browser.wait(lambda: browser.run("return document.documentElement.scrollWidth") == width)
    assert violations(browser) == []


def test_paper_cuts_nothing_has_no_controls_and_is_light(kind: str, browser: Browser) -> None:
    if reason := missing_reader():
        pytest.skip(reason)
    paper = printed_parts(browser)
    assert paper.parts >= 9 and paper.cut == []
    text = "\n".join(paper.pages)
    assert [word for word in CONTROLS if f"\n{word}" in text] == []
    assert paper.ground == 255
