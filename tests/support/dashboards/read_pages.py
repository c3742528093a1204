"""What the page of a report says of its categories, read from its elements."""

from typing import Any

from support.browser.browser import Browser

PANEL = "#ap-by-images .panel"
LINES = "#category-table tbody tr"


def lines(page: Browser) -> dict[str, list[str]]:
    """The shown lines of the table of categories: texts of the cells by name, in their order."""
    names = page.texts(f"{LINES} th")
    cells: list[list[str]] = page.run(
        "return [...document.querySelectorAll(arguments[0])].map("
        "(line) => [...line.querySelectorAll('td')].map((cell) => cell.textContent))",
        LINES,
    )
    return dict(zip(names, cells, strict=True))


def dots(page: Browser) -> dict[int, dict[str, Any]]:
    """The drawn dots of AP by images: what each stands for, and its opacity, by category."""
    drawn: list[dict[str, Any]] = page.run(
        "return [...document.querySelectorAll(arguments[0] + ' .mark-symbol path')]"
        ".map((path) => [path.__data__.datum, path.getAttribute('fill-opacity') ?? '1'])"
        ".filter(([datum]) => datum.group !== undefined)"
        ".map(([datum, opacity]) => ({...datum, opacity: Number(opacity)}))",
        PANEL,
    )
    return {of["id"]: of for of in drawn}


def number(text: str) -> float:
    """The first number of a cell."""
    return float(text.partition(" ")[0].replace("\u2212", "-").replace(",", ""))


def points(fraction: float) -> str:
    """How the page writes a fraction."""
    return "not defined" if fraction == -1 else f"{100 * fraction:.2f}"
