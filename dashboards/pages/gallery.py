"""A gallery: as many pictures as are wanted, in one file or in a folder of pages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dashboards.counted import counted
from dashboards.pages.document import document
from dashboards.pictures.album import album
from dashboards.pictures.categories import ChosenCategory
from dashboards.pictures.images import Choice
from dashboards.pictures.opened import OpenTruth, ShownRow
from dashboards.pictures.strips import make_strip
from dashboards.rendering import rendered
from dashboards.section import Html, Section
from longtail.files import new_directory, set_aside, write_text
from longtail.path_options import INDEX_PAGE

PICTURES_OF_A_PAGE = 60
TEXT = "What rows find and miss, by LVIS's own matching at IoU 0.5."


@dataclass(frozen=True)
class Gallery:
    """What is drawn.

    Attributes:
        title: Of its pages.
        opened: Annotations and pictures.
        rows: Side by side in each picture.
        categories: In their order.
        choices: Images of them, category by category.
        score_above: Detections that are drawn, see `drawn`.
        on_drawn: Called after each picture.
    """

    title: str
    opened: OpenTruth
    rows: Sequence[ShownRow]
    categories: Sequence[ChosenCategory]
    choices: Sequence[Choice]
    score_above: float
    on_drawn: Callable[[], object]


@dataclass(frozen=True)
class _Page:
    file: str
    names: Sequence[str]
    choices: Sequence[Choice]

    @property
    def counted(self) -> str:
        return counted(len(self.choices), "picture")


def write_file(gallery: Gallery, out: Path) -> None:
    """All pictures in one HTML file."""
    write_text(out, _html(gallery, gallery.choices))


def write_folder(gallery: Gallery, out: Path) -> int:
    """`index.html` and, where one page is not enough, `page-001.html` and so on.

    Args:
        gallery: What is drawn.
        out: The folder; what has its name is replaced when all is written.

    Returns:
        Number of HTML files.
    """
    pages = _pages(gallery)
    with set_aside(out), new_directory(out) as folder:
        if len(pages) == 1:
            write_file(gallery, folder / INDEX_PAGE)
            return 1
        for page in pages:
            html = _html(gallery, page.choices, _links(pages, page.file))
            write_text(folder / page.file, html)
        write_text(folder / INDEX_PAGE, _document(gallery, [_links(pages, "")]))
    return len(pages) + 1


def _pages(gallery: Gallery) -> list[_Page]:
    starts = range(0, max(1, len(gallery.choices)), PICTURES_OF_A_PAGE)
    parts = [gallery.choices[start : start + PICTURES_OF_A_PAGE] for start in starts]
    table = gallery.opened.truth.categories.names
    return [
        _Page(
            f"page-{number:03d}.html",
            list(dict.fromkeys(table[choice.category.label] for choice in choices)),
            choices,
        )
        for number, choices in enumerate(parts, 1)
    ]


def _html(gallery: Gallery, choices: Sequence[Choice], *links: Html) -> str:
    strips = []
    for choice in choices:
        strips.append(make_strip(gallery.opened, gallery.rows, choice, gallery.score_above))
        gallery.on_drawn()
    shown = album("pictures-shown", gallery.opened, gallery.categories, strips)
    return _document(gallery, [*links, shown])


def _document(gallery: Gallery, blocks: Sequence[Html]) -> str:
    rows = ", ".join(row.name for row in gallery.rows)
    lead = f"{counted(len(gallery.choices), 'picture')} of {rows}"
    section = Section("pictures", "Pictures", TEXT, tuple(blocks))
    return document(gallery.title, lead, [section])


def _links(pages: Sequence[_Page], here: str) -> Html:
    """To all pages; with what is on them where no page is named."""
    return Html("pages", rendered("gallery.html", pages=pages, here=here))
