"""`python -m longtail.data.convert`: annotation files of other formats become LVIS files."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from longtail.commands import ExitCode, output_console, run
from longtail.own_files import CONVERTED, begins_as
from longtail.path_options import RENAME, AbsolutePath, short_path

if TYPE_CHECKING:
    from longtail.data.checking.report import CheckReport
    from longtail.data.convert.coco import Converted, Request


@click.group()
def main() -> None:
    """Make LVIS files, which every other command takes, of other annotation files."""


class FrequencyLimits(click.ParamType[tuple[int, int] | None]):
    """Two whole numbers R,C, or `thirds`."""

    name = "R,C|thirds"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int] | None:
        """Both numbers; None for thirds."""
        if isinstance(value, tuple) or value == "thirds":
            return value if isinstance(value, tuple) else None
        numbers = str(value).split(",")
        if len(numbers) == 2 and all(number.strip().isdecimal() for number in numbers):
            rare, common = map(int, numbers)
            if 1 <= rare < common:
                return rare, common
        self.fail(f"{value!r}: two numbers with 1 <= R < C, as in 10,100, or thirds", param, ctx)


@main.command()
@click.argument("source", metavar="IN", type=AbsolutePath(exists=True, dir_okay=False))
@click.argument("out", type=AbsolutePath())
@click.option(
    "--images",
    type=AbsolutePath(exists=True, file_okay=False),
    help="Folder of the pictures: compares names and sizes with them.",
)
@click.option(
    "--counts-of",
    metavar="TRAIN",
    type=AbsolutePath(exists=True, dir_okay=False),
    help="Converted training file whose counts and groups a validation file carries.",
)
@click.option(
    "--frequency-limits",
    "limits",
    metavar="R,C|thirds",
    type=FrequencyLimits(),
    default="10,100",
    show_default=True,
    help="Rare: in up to R images; common: up to C. Or a third of the categories each.",
)
@click.option(
    "--val-share",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Share of the images for OUT/val.json; the others make OUT/train.json.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of that draw.")
@click.option(
    "--exhaustive", is_flag=True, help="Write federated lists anew where IN has some already."
)
@click.option("--force", is_flag=True, help="Write over OUT.")
@click.option("--dry-run", is_flag=True, help="Say what would be written, then stop.")
@click.pass_context
def coco(
    context: click.Context,
    source: Path,
    out: Path,
    images: Path | None,
    counts_of: Path | None,
    limits: tuple[int, int] | None,
    val_share: float | None,
    seed: int,
    exhaustive: bool,
    force: bool,
    dry_run: bool,
) -> ExitCode:
    """Make an LVIS file OUT of a file IN in COCO format.

    Takes what CVAT, LabelMe, Label Studio, Roboflow, SAHI and others export. Counts the images and
    instances of each category, draws frequency groups, and lists in each image the categories that
    are not there: every category counts as labelled in every image. A crowd (iscrowd 1) is no
    instance; its category is not exhaustive in that image. What is mended is counted and said, and
    what was written is checked: the last lines say what it is fit for; the exit code is 3 for a
    file that is fit for nothing.

    \b
    Examples:
      python -m longtail.data.convert coco instances.json data --val-share 0.2
      python -m longtail.data.convert coco instances_train.json train.json --images photos
      python -m longtail.data.convert coco instances_val.json val.json --counts-of train.json
      python -m longtail.data.convert coco small.json lvis.json --frequency-limits thirds
    """
    given = context.get_parameter_source("limits") is click.core.ParameterSource.COMMANDLINE
    _check(counts_of, val_share, given)
    paths = [out] if val_share is None else [out / "train.json", out / "val.json"]
    _check_free(paths, source, out, force)

    from longtail.data.checking.check_file import check_file
    from longtail.data.checking.report import ROLES
    from longtail.data.convert.coco import Request, convert_coco
    from longtail.data.convert.frequency import Limits
    from longtail.data.convert.lvis_file import write_lvis

    drawn_by = Limits(*limits) if limits else None
    request = Request(source, images, counts_of, drawn_by, val_share, seed, exhaustive)
    converted = convert_coco(request)
    checked = []
    if not dry_run:
        for path, file in zip(paths, converted.files, strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_lvis(path, file)
        checked = [check_file(path, images, ROLES, exhaustive=False) for path in paths]
    _show(request, converted, paths, checked)
    useless = any(report.is_useless for report in checked)
    return ExitCode.BAD_INPUT if useless else ExitCode.DONE


def _check(counts_of: Path | None, val_share: float | None, limits_given: bool) -> None:
    if counts_of is None:
        return
    for given, option in ((limits_given, "--frequency-limits"), (val_share, "--val-share")):
        if given:
            what = "counts and groups come from one training file"
            raise click.UsageError(f"{option} does not go with --counts-of: {what}")


def _check_free(paths: list[Path], source: Path, out: Path, force: bool) -> None:
    """Refuse to write over what is there."""
    for path in paths:
        name = short_path(path)
        if path.exists() and path.samefile(source):
            raise click.UsageError(f"{name}: is IN itself; name another file")
        if path.is_dir():
            raise click.UsageError(f"{name}: is a folder; name a file, or give --val-share")
        if path.suffix != ".json":
            raise click.UsageError(
                f"{name}: OUT is plain JSON; name a file that ends in .json, or give"
                " --val-share to write train.json and val.json into a folder"
            )
        if path.exists() and not force:
            raise click.UsageError(f"{name}: is there already; give --force to write over it")
        if path.exists() and not begins_as(path, [CONVERTED]):
            raise click.UsageError(f"{name}: is there, and no conversion wrote it; {RENAME}")
    if out not in paths and out.is_file():
        raise click.UsageError(f"{short_path(out)}: is a file; with --val-share OUT is a folder")


def _show(
    request: "Request", converted: "Converted", paths: list[Path], checked: list["CheckReport"]
) -> None:
    """What was found and written; nothing was checked in a dry run."""
    from longtail.data.convert import summary

    console = output_console()
    console.print(summary.files_table(converted, paths), summary.groups_table(converted))
    if converted.changes:
        click.echo(f"\nchanged\n{summary.changes_text(converted.changes)}")
    for remark in (summary.mixed_warning(converted, paths), summary.limits_hint(converted)):
        if remark:
            click.echo(f"\n{remark}")
    written = " and ".join(map(short_path, paths))
    if not checked:
        click.echo(f"\nnothing written (--dry-run); would write {written}")
        return
    unfit = [path for path, report in zip(paths, checked, strict=True) if not report.is_fit]
    click.echo("\nnext\n" + "\n".join(summary.next_commands(request, paths, unfit)))
    click.echo(f"\nwrote {written}")
    for path, report in zip(paths, checked, strict=True):
        click.echo(summary.wrapped(f"{short_path(path)}: {report.verdict}"))


if __name__ == "__main__":
    run(main)
