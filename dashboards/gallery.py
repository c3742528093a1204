"""Command: as many pictures of what rows find and miss as are wanted."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from dashboards.source_options import categories_option, images_option, pred_option, words
from longtail.commands import run
from longtail.data.lvis.exhaustive_option import exhaustive_option
from longtail.path_options import AbsolutePath, NewPages, force_option

if TYPE_CHECKING:
    from rich.progress import Progress

    from dashboards.pictures.categories import ChosenCategory
    from dashboards.pictures.opened import OpenTruth, ShownRow
    from dashboards.sources.found import Report, Row

MOST_ROWS = 6


@click.command()
@click.argument("sources", type=AbsolutePath(), nargs=-1)
@click.option(
    "--out",
    type=NewPages(),
    required=True,
    help="Folder of pages of 60 pictures, or one file whose name ends in .html.",
)
@click.option(
    "--ann",
    type=AbsolutePath(exists=True, dir_okay=False),
    help="LVIS annotation file, where a source does not name it, and for --pred.",
)
@images_option
@pred_option
@categories_option
@click.option(
    "--rows",
    "row_names",
    callback=words,
    metavar="NAMES",
    help=f"Side by side [default: the first, the last, the best; {MOST_ROWS} at most].",
)
@click.option(
    "--most", type=click.IntRange(1), default=120, show_default=True, help="Pictures in all."
)
@click.option(
    "--each", type=click.IntRange(1), default=4, show_default=True, help="Images of a category."
)
@click.option(
    "--score-above",
    type=click.FloatRange(0),
    default=0.05,
    show_default=True,
    help="Draw the five best detections that score so much, or the best one.",
)
@click.option("--dry-run", is_flag=True, help="Print what would be drawn, then stop.")
@exhaustive_option
@force_option
def main(
    sources: tuple[Path, ...],
    out: Path,
    ann: Path | None,
    images: Path | None,
    preds: tuple[str, ...],
    categories: tuple[str, ...],
    row_names: tuple[str, ...],
    most: int,
    each: int,
    score_above: float,
    dry_run: bool,
    exhaustive: bool,
) -> None:
    """Show pictures of what rows find and miss, ground truth and rows side by side.

    SOURCES are folders: of a grid (runs/grids/NAME), a merge (what ensemble.merge wrote), an
    evaluation. Verdicts are those of LVIS's matching at IoU 0.5: true positive, false positive,
    ignored, not judged, missed.

    \b
    Examples:
      python -m dashboards.gallery runs/grids/eql_2019_3 --out pictures
      python -m dashboards.gallery runs/grids/eql_2019_3 --out cups.html --categories cup,mug
      python -m dashboards.gallery --ann val.json --images val2017 --pred old=old.json \\
          --pred new=new.json --out pictures --most 1000
      python -m dashboards.gallery runs/grids/eql_2019_3 --out pictures --dry-run
    """
    if not (sources or preds):
        raise click.UsageError("nothing to show; give SOURCES, or --pred with --ann")
    if preds and ann is None:
        raise click.UsageError("--pred: name what results are judged by with --ann")

    from dashboards.counted import counted
    from dashboards.pictures.categories import choose_categories, named_categories
    from dashboards.pictures.images import most_images
    from dashboards.pictures.opened import OpenTruth
    from dashboards.pictures.shown_rows import shown_row
    from dashboards.sources.pictures import lacking_pictures, picture_source

    report = _report(sources, ann, preds, exhaustive)
    source = picture_source(report.sources, ann, images, exhaustive)
    if source is None:
        raise click.UsageError(lacking_pictures(report.sources, ann, images))
    rows = [shown_row(row) for row in _rows(report, row_names)]
    opened = OpenTruth(source)
    opened.check_pictures()
    names = [row.name for row in rows]
    baseline = names.index(report.baseline) if report.baseline in names else 0
    chosen = (
        named_categories(opened.truth.categories, categories)
        if categories
        else choose_categories(opened, rows, baseline, len(rows) - 1)
    )
    some = chosen[:most]
    if dry_run:
        pictures = min(sum(most_images(opened, category, each) for category in some), most)
        click.echo(
            f"{counted(len(some), 'category')} of {len(chosen)}, at most"
            f" {counted(pictures, 'picture')} of {', '.join(names)}; nothing was written"
        )
        return
    _write(report.title, opened, rows, some, out, most=most, each=each, score_above=score_above)


def _report(
    sources: Sequence[Path], ann: Path | None, preds: tuple[str, ...], exhaustive: bool
) -> "Report":
    from dashboards.sources.combine import combine
    from dashboards.sources.open import open_source

    found = [open_source(path) for path in sources]
    if preds and ann is not None:
        from dashboards.sources.results import read_results
        from ensemble.sources.finished_result import parse_results

        say = partial(click.echo, err=True)
        found.append(read_results(ann, parse_results(preds), say, exhaustive=exhaustive))
    return combine("", found)


def _rows(report: "Report", names: Sequence[str]) -> list["Row"]:
    from dashboards.pictures.shown_rows import pick_rows

    known = {row.name: row for row in report.rows}
    if unknown := [name for name in names if name not in known]:
        raise click.UsageError(f"--rows: no row {unknown[0]!r}; there are: {', '.join(known)}")
    gone = [name for name in names if known[name].predictions is None]
    if gone:
        raise click.UsageError(f"--rows: the predictions of {gone[0]!r} are no longer there")
    rows = [known[name] for name in names] or pick_rows(report.rows, report.baseline, MOST_ROWS)
    if not rows:
        raise click.UsageError("no predictions: those of the rows are no longer there")
    return rows


def _write(
    title: str,
    opened: "OpenTruth",
    rows: Sequence["ShownRow"],
    categories: Sequence["ChosenCategory"],
    out: Path,
    *,
    most: int,
    each: int,
    score_above: float,
) -> None:
    from dashboards.counted import counted
    from dashboards.pages.gallery import Gallery, write_file, write_folder
    from dashboards.pictures.images import by_turns, choose_images
    from dashboards.pictures.opened import open_rows

    with TemporaryDirectory(prefix="gallery-") as folder, _bars() as bars:
        judging = bars.add_task("judging", total=None)
        found = choose_images(
            opened,
            open_rows(rows, opened, Path(folder)),
            categories,
            each,
            score_above,
            lambda done, total: bars.update(judging, completed=done, total=total),
        )
        wanted = {(choice.category.label, choice.rank) for choice in by_turns(found)[:most]}
        choices = [of for some in found for of in some if (of.category.label, of.rank) in wanted]
        drawing = bars.add_task("drawing", total=len(choices))
        gallery = Gallery(
            title,
            opened,
            rows,
            categories,
            choices,
            score_above,
            lambda: bars.advance(drawing),
        )
        num_files = 1
        if out.suffix == ".html":
            write_file(gallery, out)
        else:
            num_files = write_folder(gallery, out)
    click.echo(f"{out}: {counted(len(choices), 'picture')} in {counted(num_files, 'file')}")


@contextmanager
def _bars() -> "Iterator[Progress]":
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bars:
        yield bars


if __name__ == "__main__":
    run(main)
