"""Options that every command which runs nodes on Ray has in common; no heavy imports."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from longtail.commands import no_report_option
from longtail.path_options import DataSetPath, ResultTable, SharedPath, SourceWord
from longtail.tracking.address import DEFAULT_EXPERIMENT

Command = TypeVar("Command", bound=Callable[..., Any])


def _resamples(_: click.Context, __: click.Parameter, number: int) -> int:
    if number == 0 or number >= 20:
        return number
    raise click.BadParameter(f"{number}: at least 20, 1000 are usual; 0 for no intervals")


_DATA = (
    click.option(
        "--train",
        type=DataSetPath(),
        help="LVIS annotations to learn from: a path, or a data set that detectron2 knows by name.",
    ),
    click.option(
        "--val",
        type=DataSetPath(),
        help="LVIS annotations to evaluate on, the same way.",
    ),
    click.option(
        "--images",
        type=SharedPath(),
        help="Image folder of both [default: that of data sets given by name].",
    ),
    click.option(
        "--semantic",
        type=SharedPath(),
        help="Folder of PNGs of classes of the training images, for detector.roi_stages.semantic.",
    ),
    click.option(
        "--also",
        multiple=True,
        type=SourceWord(),
        metavar="NAME=FILE[,images=FOLDER][,by=name][,exhaustive]",
        help="Further annotations, for stages that name them in joined or ignore; repeat. Their"
        " categories are those of the same synset, by=name of the same name where there is none;"
        " pictures lie in --images unless a folder is given.",
    ),
    click.option(
        "--exhaustive",
        is_flag=True,
        help="Every category is labelled in every image, as in COCO: absent ones count as verified"
        " where the file does not list them.",
    ),
    click.option(
        "--scale",
        type=click.Choice(["demo", "full"]),
        help="Size of network and schedule of variants given by name [default: demo on the"
        " synthetic set, full on yours].",
    ),
    click.option(
        "--iterations",
        type=click.IntRange(min=1),
        metavar="N",
        help="Shorten --scale demo: optimizer steps of the first stage, of later ones half as many;"
        " warm-up and checkpoints follow [default: 180].",
    ),
    click.option(
        "--runs",
        default="runs",
        envvar="LONGTAIL_RUNS",
        show_default=True,
        show_envvar=True,
        type=SharedPath(writes=True),
        help="Where results live, on storage all machines see.",
    ),
)

_OPTIONS = (
    click.option(
        "--resamples",
        default=1000,
        show_default=True,
        callback=_resamples,
        help="Resamples of the images for 95% intervals and differences; 0: without.",
    ),
    click.option("--workers", default=1, show_default=True, help="Training workers of a variant."),
    click.option("--cpus-per-worker", default=1.0, show_default=True, help="CPU cores of each."),
    click.option("--gpus-per-worker", default=0.0, show_default=True, help="GPUs of each."),
    click.option(
        "--loader-processes", default=0, show_default=True, help="Data processes of each."
    ),
    click.option("--csv", type=ResultTable(), help="Write the table of results here, too, as CSV."),
    no_report_option,
    click.option("--address", help="Ray cluster [default: RAY_ADDRESS, else a local one]."),
    click.option("--dashboard", is_flag=True, help="Give a local Ray its web page, on 127.0.0.1."),
    click.option(
        "--experiment", default=DEFAULT_EXPERIMENT, show_default=True, help="MLflow experiment."
    ),
)


def run_options(command: Command) -> Command:
    """Add them; a `RunRequest` takes their values."""
    return data_options(_with(command, _OPTIONS))


def data_options(command: Command) -> Command:
    """Those among them that say what is learned from, and at which scale."""
    return _with(command, _DATA)


def _with(command: Command, options: Sequence[Callable[[Command], Command]]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command
