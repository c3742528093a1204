"""An image and a category: ground truth and every row, side by side."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dashboards.pictures.encoding import data_url
from dashboards.pictures.images import Choice, drawn
from dashboards.pictures.judging import Judgement, Shape
from dashboards.pictures.opened import OpenTruth, ShownRow
from dashboards.pictures.tile import Ground, Mark, draw_tile, row_marks, truth_marks
from dashboards.pictures.view import view_of
from dashboards.pictures.words import ap_text, drawn_text, outcome, told_row, told_truth


@dataclass(frozen=True)
class Tile:
    """Attributes:
    title: The row's name, or that it is ground truth.
    lines: Below the title.
    url: The thumbnail as a `data:` address.
    alt: It in words.
    width: Pixels.
    height: Pixels.
    """

    title: str
    lines: tuple[str, ...]
    url: str
    alt: str
    width: int
    height: int


@dataclass(frozen=True)
class Strip:
    """Attributes:
    label: Index of the category.
    where: Which image, and which part of it.
    notice: What is wrong with the picture file, "" for nothing.
    tiles: Ground truth first.
    styles: Of all that is drawn, see `COLOUR_OF`.
    """

    label: int
    where: str
    notice: str
    tiles: tuple[Tile, ...]
    styles: frozenset[str]

    @property
    def num_bytes(self) -> int:
        """Of the thumbnails in a page."""
        return sum(len(tile.url) for tile in self.tiles)


def make_strip(
    opened: OpenTruth, rows: Sequence[ShownRow], choice: Choice, score_above: float
) -> Strip:
    """Draw a strip.

    Args:
        opened: The annotations and the folder of pictures.
        rows: Those that were judged.
        choice: The image and the verdicts.
        score_above: See `drawn`.
    """
    table, label, rank = opened.truth.categories, choice.category.label, choice.rank
    height, width = opened.size(rank)
    picture, notice = opened.picture(rank)
    view = view_of(_shapes(choice, score_above), height, width)
    drawing = _Drawing(
        Ground(picture, height, width, view),
        table.names[label],
        int(table.ids[label]),
        f"image {opened.truth.images.ids[rank]}",
        score_above,
    )
    marked = [
        truth_marks(choice.instances),
        *(_marks_of(choice, judgement, score_above) for judgement in choice.judgements),
    ]
    tiles = [
        drawing.truth(choice, marked[0]),
        *map(drawing.row, rows, choice.judgements, marked[1:]),
    ]
    part = "" if view.whole else ", a part"
    where = f"{drawing.image}{part} of {width} x {height} pixels: {opened.file_name(rank)}"
    styles = frozenset(mark.style for marks in marked for mark in marks)
    return Strip(label, where, notice, tuple(tiles), styles)


def fitting(strips: Iterable[Strip], max_bytes: int) -> Iterator[Strip]:
    """The strips, up to the first whose thumbnails would make more bytes than allowed."""
    total = 0
    for strip in strips:
        total += strip.num_bytes
        if total > max_bytes:
            return
        yield strip


@dataclass(frozen=True)
class _Drawing:
    """What the tiles of a strip share."""

    ground: Ground
    name: str
    category_id: int
    image: str
    score_above: float

    def truth(self, choice: Choice, marks: Sequence[Mark]) -> Tile:
        num = sum(not of.ignored for of in choice.instances)
        told = told_truth(self.name, num, self.image)
        return self._tile("ground truth", (f"{num} of this category",), told, marks)

    def row(self, row: ShownRow, judgement: Judgement, marks: Sequence[Mark]) -> Tile:
        lines = (
            ap_text(row, self.category_id),
            outcome(judgement),
            drawn_text(judgement, self.score_above),
        )
        told = told_row(self.name, row.name, judgement, self.image, self.score_above)
        return self._tile(row.name, lines, told, marks)

    def _tile(self, title: str, lines: Iterable[str], alt: str, marks: Sequence[Mark]) -> Tile:
        made = draw_tile(self.ground, marks)
        said = tuple(line for line in lines if line)
        return Tile(title, said, data_url(made), alt, made.width, made.height)


def _marks_of(choice: Choice, judgement: Judgement, score_above: float) -> list[Mark]:
    missed = [choice.instances[i] for i in judgement.missed]
    return row_marks(drawn(judgement, score_above), missed)


def _shapes(choice: Choice, score_above: float) -> Iterator[Shape]:
    yield from (of.shape for of in choice.instances)
    for judgement in choice.judgements:
        yield from (one.shape for one in drawn(judgement, score_above))
