"""What the categories look like that are rare, fail or changed: ground truth and rows."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from dashboards.counted import counted
from dashboards.pictures.album import album
from dashboards.pictures.categories import choose_categories, named_categories
from dashboards.pictures.images import by_turns, choose_images
from dashboards.pictures.opened import OpenTruth, open_rows
from dashboards.pictures.shown_rows import pick_rows, shown_row
from dashboards.pictures.strips import fitting, make_strip
from dashboards.section import Block, Note, Section
from dashboards.sources.found import Report, Row
from dashboards.sources.pictures import PictureSource, lacking_pictures, picture_source
from longtail.path_options import typed
from longtail.problems import BadInputError

MOST_ROWS = 4
MOST_CATEGORIES = 12
IMAGES_EACH = 2
MOST_BYTES = 500_000
"""Of all thumbnails, as they stand in the page."""
SCORE_ABOVE = 0.05
TEXT = "What rows find and miss, by LVIS's own matching at IoU 0.5."
NO_PREDICTIONS = "No pictures: the predictions of the rows are no longer there."


def pictures(
    report: Report, source: PictureSource | None = None, categories: Sequence[str] = ()
) -> Section | None:
    """Thumbnails of at most 12 categories in two images each.

    Args:
        report: The rows.
        source: Where annotations and pictures lie; None for what the report's sources say.
        categories: Names or ids; none for the rarest, the worst and the most changed.

    Raises:
        ValueError: A category is not in the annotations.
    """
    if not report.rows:
        return None
    source = source or picture_source(report.sources)
    if source is None:
        return _section(Note(f"No pictures: {lacking_pictures(report.sources)}.", "missing"))
    rows = pick_rows(_judged_by(report.rows, source), report.baseline, MOST_ROWS)
    if not rows:
        return _section(Note(NO_PREDICTIONS, "missing"))
    try:
        return _section(*_blocks(report, source, rows, categories))
    except BadInputError as error:
        return _section(Note(f"Pictures cannot be shown: {error}", "warning"))


def _section(*blocks: Block) -> Section:
    return Section("pictures", "Pictures", TEXT, blocks)


def _judged_by(rows: Sequence[Row], source: PictureSource) -> list[Row]:
    """Rows of other annotations have other images."""
    return [row for row in rows if row.annotations in (None, source.annotations)]


def _blocks(
    report: Report, source: PictureSource, rows: Sequence[Row], named: Sequence[str]
) -> tuple[Block, ...]:
    shown = [shown_row(row) for row in rows]
    names = [row.name for row in rows]
    baseline = names.index(report.baseline) if report.baseline in names else 0
    opened = OpenTruth(source)
    opened.check_pictures()
    categories = (
        named_categories(opened.truth.categories, named)
        if named
        else choose_categories(opened, shown, baseline, len(shown) - 1)
    )
    some = categories[:MOST_CATEGORIES]
    with TemporaryDirectory(prefix="pictures-") as folder:
        judged = open_rows(shown, opened, Path(folder))
        chosen = choose_images(opened, judged, some, IMAGES_EACH, SCORE_ABOVE)
    order = by_turns(chosen)
    made = (make_strip(opened, shown, choice, SCORE_ABOVE) for choice in order)
    strips = list(fitting(made, MOST_BYTES))
    seen = {strip.label for strip in strips}
    parts = (
        f"{len(seen)} of {counted(len(categories), 'category')} in {counted(len(strips), 'image')}",
        f"{len(rows)} of {counted(len(report.rows), 'row')}",
        f"detections that score {SCORE_ABOVE:g} or more, or the best one",
    )
    return album("pictures-shown", opened, some, strips), Note(
        _left_out(report, source, rows, parts)
    )


def _left_out(
    report: Report, source: PictureSource, rows: Sequence[Row], parts: Sequence[str]
) -> str:
    """What the page does not show, and the command that shows it."""
    places = [typed(found.folder) for found in report.sources if found.folder is not None]
    if picture_source(report.sources) != source:
        places += ["--ann", typed(source.annotations), "--images", typed(source.images)]
        places += ["--exhaustive"] if source.exhaustive else []
    of_files = {row.name for found in report.sources if found.folder is None for row in found.rows}
    places += [f"--pred {shlex.quote(row.name)}=FILE" for row in rows if row.name in of_files]
    more = f"python -m dashboards.gallery {' '.join(places)} --out pictures"
    return f"Shown are {', '.join(parts)}. As many as wanted: {more}"
