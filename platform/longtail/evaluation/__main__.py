"""Evaluate predictions against LVIS annotations: python -m longtail.evaluation ANN PRED."""

import re
from functools import partial
from pathlib import Path

import click

from longtail.commands import ExitCode, output_console, run
from longtail.data.lvis.exhaustive_option import exhaustive_option
from longtail.own_files import EVALUATION, LATEX, MARKDOWN, OF_AP, OF_CATEGORIES, PART
from longtail.path_options import AbsolutePath, DrawnFile, NewFile, NewPath, force_option


class Shard(click.ParamType[tuple[int, int]]):
    """I/N, such as 2/8."""

    name = "I/N"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """The two numbers."""
        found = re.fullmatch(r"(\d+)/(\d+)", str(value))
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            self.fail(f"{value!r} is no shard; 2/8 is the second of eight", param, ctx)
        return int(found[1]), int(found[2])


class ExtraMetricName(click.ParamType[str]):
    """A name of `EXTRA_METRICS`, which are loaded when somebody asks for one or for help."""

    name = "extra metric"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """The name."""
        return self._choice().convert(str(value), param, ctx)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        """All names."""
        return self._choice().get_metavar(param, ctx)

    def _choice(self) -> click.Choice[str]:
        from longtail.evaluation.extra_metrics import EXTRA_METRICS

        return click.Choice([metric.name for metric in EXTRA_METRICS])


class ExtraMetricOption(click.Option):
    """An option whose help says what `EXTRA_METRICS` are."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The option and its help."""
        from longtail.evaluation.extra_metrics import EXTRA_METRICS

        *others, last = [metric.description for metric in EXTRA_METRICS]
        self.help = f"{', '.join(others)}, or {last}; repeatable."
        return super().get_help_record(ctx)


SHARD = Shard()
EXISTING = AbsolutePath(exists=True)


@click.command()
@click.argument("annotations", type=EXISTING)
@click.argument("predictions", type=EXISTING)
@click.option("--json", "json_path", type=NewFile(EVALUATION), help="Write every number here.")
@click.option(
    "--per-category", type=NewFile(OF_CATEGORIES), help="Write AP by category here, as CSV."
)
@click.option(
    "--plot",
    type=DrawnFile("html", "svg", "pdf", "png"),
    help="Draw AP by category over training images: a page (.html), or .svg, .pdf or .png.",
)
@click.option(
    "--latex", type=NewFile(LATEX), help="Write the table of AP here, as a LaTeX tabular."
)
@click.option("--markdown", type=NewFile(MARKDOWN), help="Write the table of AP here, as Markdown.")
@click.option("--csv", "csv_path", type=NewFile(OF_AP), help="Write the table of AP here, as CSV.")
@click.option(
    "--also",
    "extras",
    type=ExtraMetricName(),
    cls=ExtraMetricOption,
    multiple=True,
)
@click.option(
    "--bootstrap",
    "resamples",
    type=click.IntRange(20),
    metavar="N",
    help="Intervals of AP over N resamples of the images; 1000 are usual.",
)
@click.option(
    "--compare",
    "compare_with",
    type=EXISTING,
    metavar="PRED2",
    help="Say whether PRED2 differs from PREDICTIONS for real, over N or 1000 resamples.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Most processes that share the matching; the numbers are the same for any number.",
)
@click.option(
    "--shard",
    type=SHARD,
    help="Only match shard I of N of a store, and write it to --part; nothing is printed.",
)
@click.option("--part", type=NewFile(PART), help="The .npz file that --shard writes.")
@click.option(
    "--parts",
    type=EXISTING,
    multiple=True,
    help="A file of --part or a directory of them, instead of matching anew; repeatable.",
)
@click.option(
    "--keep-matches",
    type=NewPath(file_okay=False, holds="matches_box.npz"),
    help="Write the match tables to this directory, for comparisons later on.",
)
@click.option("--official", is_flag=True, help="Run lvis-api too; exit 1 unless all digits agree.")
@click.option("--max-dets", default=300, show_default=True, help="Detections that count per image.")
@click.option(
    "--train-annotations",
    type=EXISTING,
    help="Training file, if the categories of ANNOTATIONS do not carry its counts.",
)
@click.option(
    "--work-dir",
    type=AbsolutePath(exists=True, file_okay=False),
    help="Where a result JSON is unpacked for the time of the evaluation.",
)
@click.option("--experiment", help="Record the evaluation in this MLflow experiment, too.")
@click.option("--row", metavar="NAME", help="What its run is called [default: as PREDICTIONS].")
@click.option(
    "--runs",
    default="runs",
    envvar="LONGTAIL_RUNS",
    show_default=True,
    type=AbsolutePath(file_okay=False),
    help="The runs folder, which has MLflow's store unless MLFLOW_TRACKING_URI is set.",
)
@exhaustive_option
@force_option
def main(
    annotations: Path,
    predictions: Path,
    json_path: Path | None,
    per_category: Path | None,
    plot: Path | None,
    latex: Path | None,
    markdown: Path | None,
    csv_path: Path | None,
    extras: tuple[str, ...],
    resamples: int | None,
    compare_with: Path | None,
    workers: int,
    shard: tuple[int, int] | None,
    part: Path | None,
    parts: tuple[Path, ...],
    keep_matches: Path | None,
    official: bool,
    max_dets: int,
    train_annotations: Path | None,
    work_dir: Path | None,
    experiment: str | None,
    row: str | None,
    runs: Path,
    exhaustive: bool,
) -> ExitCode:
    """LVIS AP of masks and boxes.

    ANNOTATIONS is an LVIS annotation file. PREDICTIONS is an LVIS result JSON (.json or .json.gz),
    detectron2's instances_predictions.pth, or the directory of a prediction store. Tables show
    points; files hold fractions, and -1 stands for a metric without ground truth.

    \b
    Examples:
      python -m longtail.evaluation lvis_v1_val.json results.json
      python -m longtail.evaluation lvis_v1_val.json runs/nodes/abc/predictions --json ap.json
      python -m longtail.evaluation val.json results.json --official
      python -m longtail.evaluation val.json results.json --also pool --also headroom
      python -m longtail.evaluation val.json before.json --compare after.json --bootstrap 1000
      python -m longtail.evaluation coco_val.json results.json --exhaustive
      python -m longtail.evaluation val.json results.json --experiment longtail --row old
      python -m longtail.evaluation val.json store --shard 2/8 --part parts/2.npz
      python -m longtail.evaluation val.json store --parts parts
    """
    if (shard is None) != (part is None) or (shard and parts):
        raise click.UsageError("--shard goes with --part, and neither with --parts")
    if experiment is None and row is not None:
        raise click.UsageError("--row: names a run in MLflow; give --experiment, too")
    if experiment is not None and shard is not None:
        raise click.UsageError("--experiment: a shard is no evaluation; give it with --parts")

    from longtail.evaluation.compiling import telling_of_compilation
    from longtail.evaluation.lvis import evaluate
    from longtail.evaluation.matching.match_shard import write_shard
    from longtail.evaluation.writers import result_table, write_tables
    from longtail.metrics import AP_METRICS
    from longtail.progress import block_progress, evaluation_progress

    recorded = None
    if experiment is not None:
        from longtail.evaluation.recording.run import RESAMPLES, RecordedResult

        resamples = resamples or RESAMPLES
        recorded = RecordedResult(
            row=row or result_name(predictions),
            annotations=annotations,
            predictions=predictions,
            max_dets=max_dets,
            resamples=resamples,
            exhaustive=exhaustive,
            experiment=experiment,
            runs=runs,
        )
        recorded.check()
    telling = telling_of_compilation(partial(click.echo, err=True))
    if shard is not None and part is not None:
        with telling, block_progress() as on_block:
            of = annotations, predictions, *shard, part, on_block, workers
            write_shard(*of, exhaustive=exhaustive)
        return ExitCode.DONE
    with telling, evaluation_progress() as (on_block, on_resample):
        evaluation = evaluate(
            annotations,
            predictions,
            max_dets,
            official,
            train_annotations=train_annotations,
            work_dir=work_dir,
            on_block=on_block,
            extras=extras,
            resamples=resamples or 0,
            compare_with=compare_with,
            on_resample=on_resample,
            workers=workers,
            parts=parts,
            keep_matches=keep_matches,
            exhaustive=exhaustive,
        )
    output_console().print(evaluation.tables(), crop=False)
    if json_path is not None:
        evaluation.to_json(json_path)
    if per_category is not None:
        evaluation.write_per_category(per_category)
    if plot is not None:
        from dashboards.pages.category_page import write_ap_by_category

        write_ap_by_category(evaluation.as_dict(), plot, result_name(predictions))
    write_tables(result_table({"": evaluation}, AP_METRICS), latex, markdown, csv_path)
    wrong = evaluation.disagreements() or not evaluation.identity_holds
    if recorded is not None and not wrong:
        recorded.record(evaluation, partial(click.echo, err=True))
    return ExitCode.INTERNAL_ERROR if wrong else ExitCode.DONE


def result_name(predictions: Path) -> str:
    """What a result is called if nobody says it: after its file, or the folder of a store."""
    is_store_of_row = predictions.is_dir() and predictions.name == "predictions"
    named = predictions.parent if is_store_of_row else predictions
    return named.name.partition(".")[0] or named.name


if __name__ == "__main__":
    run(main)
