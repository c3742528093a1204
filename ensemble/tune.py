"""Choose how to merge by what AP says: python -m ensemble.tune."""

from pathlib import Path
from typing import Any, get_args

import click

from ensemble.calibration.kinds import CalibrationKind
from ensemble.fusion.methods import METHODS
from ensemble.merging.options import settings_options
from longtail.commands import no_report_option, run
from longtail.metrics import GROUP_METRICS
from longtail.path_options import SharedPath, SourceWord

CALIBRATIONS = ("none", *get_args(CalibrationKind))
WORDS = ("method", "calibration", "match", "mask", "iou", "sigma", "weights", "areas", "margins")


def _words(allowed: tuple[str, ...]) -> Any:
    def read(_: click.Context, parameter: click.Parameter, text: str) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(word.strip() for word in text.split(",")))
        if wrong := [word for word in found if word not in allowed]:
            raise click.BadParameter(f"{wrong[0]!r} is none of {', '.join(allowed)}")
        return found

    return read


@click.command()
@click.option(
    "--pred",
    "preds",
    multiple=True,
    type=SourceWord(),
    required=True,
    metavar="NAME=PATH[,OPTION=VALUE...]",
    help="A source, as ensemble.merge takes it; its options are the start. Repeat for each.",
)
@click.option(
    "--ann",
    required=True,
    type=SharedPath(exists=True, dir_okay=False),
    help="LVIS annotations; a random half of the images is tuned on.",
)
@click.option(
    "--out",
    type=SharedPath(file_okay=False, writes=True),
    required=True,
    help="Result folder.",
)
@click.option(
    "--search",
    default="method,calibration,iou,sigma,weights,margins",
    show_default=True,
    callback=_words(WORDS),
    help=f"What varies, of {', '.join(WORDS)}; the rest stays as the options say.",
)
@click.option(
    "--methods",
    default="nms,soft-nms,wbf",
    show_default=True,
    callback=_words(tuple(METHODS)),
    help="Ways of fusion to choose from.",
)
@click.option(
    "--calibrations",
    default="none,platt,beta,isotonic",
    show_default=True,
    callback=_words(CALIBRATIONS),
    help="Kinds of calibration to choose from.",
)
@click.option(
    "--metric",
    "wanted",
    default="AP",
    show_default=True,
    callback=_words(GROUP_METRICS),
    help=f"What to raise, of {', '.join(GROUP_METRICS)}; of several, as in AP,APr, the front is "
    "searched for, and the winner is its best by the first.",
)
@click.option(
    "--trials", type=click.IntRange(min=1), default=60, show_default=True, help="Fusions to try."
)
@click.option(
    "--margin-trials",
    type=click.IntRange(min=0),
    default=30,
    show_default=True,
    help="Margins to try on each at most; thousands take minutes.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of halves and trials.")
@click.option(
    "--num-workers",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Trials at a time; with 1, the same seed gives the same trials.",
)
@click.option("--address", help="Of a Ray cluster.  [default: RAY_ADDRESS, else a local one]")
@click.option(
    "--experiment",
    help="MLflow experiment [default: that of the grid, if a source is its row; else longtail].",
)
@no_report_option
@settings_options
def main(
    preds: tuple[str, ...],
    ann: Path,
    out: Path,
    search: tuple[str, ...],
    methods: tuple[str, ...],
    calibrations: tuple[str, ...],
    wanted: tuple[str, ...],
    trials: int,
    margin_trials: int,
    seed: int,
    num_workers: int,
    address: str | None,
    experiment: str | None,
    no_report: bool,
    **options: Any,
) -> None:
    """Choose method, calibration, masks, thresholds, weights and margins of a merge by its AP.

    Trials are judged on a random half of the images, and the winner is reported on the other half,
    beside its sources, the start, itself without each source, and the merges that trade AP for APr.
    The options of ensemble.merge are the start. The folder gets merge.yaml (for ensemble.merge
    --config), calibration.json, pareto/NN with the same for the others, tune.json (the report),
    report.html (the same as a page), trials.jsonl and margins.jsonl; the same command goes on after
    an interruption, or with more --trials.

    \b
    Examples:
      python -m ensemble.tune --pred a=a.json --pred b=b.json --ann lvis_v1_val.json --out tuned
      python -m ensemble.merge --config tuned/merge.yaml --pred a=test_a.json \\
          --pred b=test_b.json --ann lvis_v1_image_info_test_dev.json --out submission
      python -m ensemble.tune --pred s800=p/800,scale=800 --pred s1200=p/1200,scale=1200 \\
          --ann val.json --out tuned --search areas,margins --method wbf
      python -m ensemble.tune --pred a=a.json --pred b=b.json --ann val.json --out alpha \\
          --search margins --margin-trials 2000 --metric AP,APr

    See also: python -m ensemble.calibrate --help
    """
    from ensemble.sources.spec import parse_sources
    from ensemble.tuning import job as tune_job
    from ensemble.tuning.objective.space import Space
    from ensemble.tuning.request import TuneRequest
    from longtail.evaluation.compiling import telling_of_compilation

    space = Space(
        options=options,
        specs=parse_sources(preds),
        searched=frozenset(search),
        methods=methods,
        calibrations=calibrations,
    )
    space.check()
    request = TuneRequest(ann, space, wanted, trials, margin_trials, seed)
    with telling_of_compilation(tune_job.messages.print):
        tune_job.run(request, out, num_workers, address, experiment, not no_report)


if __name__ == "__main__":
    run(main)
