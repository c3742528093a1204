"""An image and a category: ground truth and every row, side by side."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from PIL import Image

from dashboards.pictures.encoding import data_url
from dashboards.pictures.images import Choice, drawn
from dashboards.pictures.judging import Judgement, Shape
from dashboards.pictures.opened import OpenTruth, ShownRow
from dashboards.pictures.tile import Ground, Mark, draw_tile, row_marks, truth_marks
from dashboards.pictures.view import view_of
from dashboards.pictures.words import ap_text, drawn_text, outcome, told_row, told_truth
from longtail.data.pictures.faults import MISSING, BadPictureError
from longtail.data.pictures.rgb import read_rgb
from longtail.problems import BadInputError


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
    """

    label: int
    where: str
    notice: str
    tiles: tuple[Tile, ...]

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
    file, rank, label = opened.truth.file, choice.rank, choice.category.label
    height, width = int(file.heights[rank]), int(file.widths[rank])
    picture, notice = _picture(opened, rank)
    view = view_of(_shapes(choice, score_above), height, width)
    ground = Ground(picture, height, width, view)
    name, category_id = (
        opened.truth.categories.names[label],
        int(opened.truth.categories.ids[label]),
    )
    image = f"image {file.image_ids[rank]}"

    def row_tile(row: ShownRow, judgement: Judgement) -> Tile:
        missed = [choice.instances[i] for i in judgement.missed]
        lines = (
            ap_text(row, category_id),
            outcome(judgement),
            drawn_text(judgement, score_above),
        )
        return _tile(
            row.name,
            lines,
            told_row(name, row.name, judgement, image, score_above),
            ground,
            row_marks(drawn(judgement, score_above), missed),
        )

    num = sum(not of.ignored for of in choice.instances)
    truth = _tile(
        "ground truth",
        (f"{num} of this category",),
        told_truth(name, choice, image),
        ground,
        truth_marks(choice.instances),
    )
    tiles = [row_tile(*of) for of in zip(rows, choice.judgements, strict=True)]
    part = "" if view.whole else ", a part"
    where = f"{image}{part} of {width} x {height} pixels: {file.file_name(rank)}"
    return Strip(label, where, notice, (truth, *tiles))


def fitting(strips: Iterable[Strip], max_bytes: int) -> Iterator[Strip]:
    """The strips, up to the first whose thumbnails would make more bytes than allowed."""
    total = 0
    for strip in strips:
        total += strip.num_bytes
        if total > max_bytes:
            return
        yield strip


def _picture(opened: OpenTruth, rank: int) -> tuple[Image.Image | None, str]:
    """The picture, or what keeps it from being shown."""
    file = opened.truth.file
    name = file.file_name(rank) or "its record has no file_name"
    try:
        path = file.image_path(rank, opened.images)
        return read_rgb(path, (int(file.heights[rank]), int(file.widths[rank]))), ""
    except BadPictureError as error:
        found = error.fault != MISSING
        return None, f"picture {error.fault.what}: {name}" if found else _not_found(name)
    except BadInputError:
        return None, _not_found(name)


def _not_found(name: str) -> str:
    return f"picture not found: {name}"


def _shapes(choice: Choice, score_above: float) -> Iterator[Shape]:
    yield from (of.shape for of in choice.instances)
    for judgement in choice.judgements:
        yield from (one.shape for one in drawn(judgement, score_above))


def _tile(
    title: str, lines: Iterable[str], alt: str, ground: Ground, marks: Sequence[Mark]
) -> Tile:
    made = draw_tile(ground, marks)
    said = tuple(line for line in lines if line)
    return Tile(title, said, data_url(made), alt, made.width, made.height)
