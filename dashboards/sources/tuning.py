"""A tuning's folder: the journals of its trials and margins, and its report."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dashboards.sources.files import check_shape, tree_if_there
from dashboards.sources.found import Found
from dashboards.sources.shapes.merges import TuneReport, TuneRequest
from ensemble.tuning.journal import MARGIN_TRIALS, NOUN, REMEDY
from ensemble.tuning.journal import Trial as TunedTrial
from ensemble.tuning.objective.margins import MarginTrials
from ensemble.tuning.objective.space import HIGHS, IOU_RANGE, LOWS, SIGMA_RANGE, WEIGHT_RANGE
from ensemble.tuning.pareto import objectives
from ensemble.tuning.report import REPORT
from ensemble.tuning.request import REQUEST
from longtail.config.dimensions import Choice, Dimension, LogUniform, Uniform
from longtail.journal import read_records
from longtail.metrics import GROUP_METRICS
from longtail.sealed import read_sealed_json
from longtail.search.journal import TRIALS
from longtail.sweep.analysis.axis import Axis
from longtail.sweep.trial import Rung, Trial

TUNING = "tuning"
"""Key of the `Tuning` in the tree of a `Found`."""
NUM_BINS = 6
NO_BOUND = "no bound"
"""How an empty upper bound is called."""
RANGES: dict[str, Dimension] = {
    "iou_thr": Uniform(*IOU_RANGE),
    "first_iou_thr": Uniform(*IOU_RANGE),
    "sigma": Uniform(*SIGMA_RANGE),
    "weight": LogUniform(*WEIGHT_RANGE),
    "low": Choice(LOWS),
    "high": Choice(tuple(of or NO_BOUND for of in HIGHS)),
}
"""By a name, or by what stands before the source's name in it; others are choices of words."""


@dataclass(frozen=True)
class Tuning:
    """What is known about a tuning.

    Attributes:
        metrics: To raise; the winner is the best by the first.
        objectives: The metrics of the front.
        axes: What varied, by name; margins apart.
        trials: By number, as those of a sweep: a merge that cannot be is `failed`.
        chosen: Rare and common margin of each trial that is a merge, by number.
        margins: All that were tried on the winner, or on the best trial so far; None where it has
            only those that the search began with.
        best: Number of that trial, None where no trial is a merge.
        request: The tree of `request.json`.
        report: The tree of `tune.json`; empty before the end.
    """

    metrics: tuple[str, ...]
    objectives: tuple[str, ...]
    axes: Mapping[str, Axis]
    trials: tuple[Trial, ...]
    chosen: Mapping[int, tuple[float, float]]
    margins: MarginTrials | None = field(repr=False)
    best: int | None
    request: Mapping[str, Any] = field(repr=False)
    report: Mapping[str, Any] = field(repr=False)


def is_tuning(folder: Path) -> bool:
    """Whether a tuning, ended or not, keeps its journal there."""
    return (folder / REQUEST).is_file() and (folder / MARGIN_TRIALS).is_file()


def read_tuning(folder: Path) -> Found:
    """What a tuning found so far.

    Raises:
        BadInputError: Its request, a journal or its report cannot be read.
    """
    anew = "remove the folder to start anew"
    request = read_sealed_json(folder / REQUEST, anew)
    check_shape(request, TuneRequest, folder / REQUEST, anew)
    held: list[TunedTrial] = read_records(folder / TRIALS, TunedTrial, NOUN, REMEDY)
    margins: list[MarginTrials] = read_records(
        folder / MARGIN_TRIALS, MarginTrials, NOUN, REMEDY, len(held)
    )
    report = tree_if_there(folder / REPORT, TuneReport)
    missing = tuple(_missing(folder, held, report))
    if report and report["best"]["trial"] not in [trial.number for trial in held]:
        # Its winner would contradict the trials that are left.
        report = {}
    tuning = _tuning(request, held, margins, report)
    return Found(
        name=folder.name,
        kind="tuning",
        folder=folder,
        facts=tuple(_facts(tuning)),
        missing=missing,
        warnings=tuple(report.get("warnings", ())),
        tree={TUNING: tuning},
    )


def _tuning(
    request: Mapping[str, Any],
    held: Sequence[TunedTrial],
    margins: Sequence[MarginTrials],
    report: Mapping[str, Any],
) -> Tuning:
    metrics = tuple(request["metric"])
    merges = [trial for trial in held if "problem" not in trial.result]
    first = max(merges, key=lambda t: (t.result[metrics[0]], -t.number), default=None)
    best = None if first is None else first.number
    if report:
        best = report["best"]["trial"]
    tried = margins[best] if best is not None and best < len(margins) else None
    return Tuning(
        metrics=metrics,
        objectives=objectives(metrics),
        axes=_axes(held),
        trials=tuple(_trial(trial) for trial in held),
        chosen={t.number: (t.result["rare_margin"], t.result["common_margin"]) for t in merges},
        margins=tried if tried is not None and len(tried) > 1 else None,
        best=best,
        request=request,
        report=report,
    )


def _trial(trial: TunedTrial) -> Trial:
    """A trial as a sweep has it; its hours are of CPU time."""
    problem = trial.result.get("problem")
    metrics = {name: trial.result[name] for name in GROUP_METRICS}
    return Trial(
        number=trial.number,
        point={name: NO_BOUND if of == "" else of for name, of in trial.point.items()},
        state="finished" if problem is None else "failed",
        intermediate_values=[Rung(0, metrics)] if problem is None else [],
        training="",
        evaluation="",
        hours=trial.seconds / 3600,
        error=problem,
    )


def _axes(held: Sequence[TunedTrial]) -> dict[str, Axis]:
    values: dict[str, list[Any]] = {}
    for trial in held:
        for name, value in _trial(trial).point.items():
            seen = values.setdefault(name, [])
            if value not in seen:
                seen.append(value)
    return {
        name: Axis(name, name, _dimension(name, seen), NUM_BINS)
        for name, seen in sorted(values.items(), key=lambda item: _order(item[0]))
    }


def _dimension(name: str, values: Sequence[Any]) -> Dimension:
    """The range that was searched; the words that were tried."""
    return RANGES.get(name.partition(".")[0], Choice(tuple(sorted(values, key=str))))


def _order(name: str) -> tuple[bool, str]:
    """Choices of words before ranges."""
    return name.partition(".")[0] in RANGES, name


def _missing(folder: Path, held: Sequence[TunedTrial], report: Mapping[str, Any]) -> Iterator[str]:
    if not report:
        yield _unfinished(len(held))
    elif len(held) < report.get("trials", 0):
        yield (
            f"{folder / TRIALS}: it tells of {len(held)} trials, though the search ended with"
            f" {report['trials']}; what is shown of them is of those that are left; bring back the"
            " whole journal, or run the command again"
        )


def _unfinished(num_trials: int) -> str:
    number = "1 trial has" if num_trials == 1 else f"{num_trials} trials have"
    return (
        f"The tuning has not ended; {number} so far. What the other half says follows at its"
        " end; the same command goes on with it."
    )


def _facts(tuning: Tuning) -> Iterator[tuple[str, str]]:
    yield "sources", ", ".join(source["name"] for source in tuning.request["sources"])
    yield "searched", ", ".join(tuning.request["searched"])
    yield "to raise", ", ".join(tuning.metrics)
    yield "trials", f"{len(tuning.trials):,}"
    report = tuning.report
    if report:
        yield "merges judged", f"{report['merges_judged']:,}"
        yield "images tuned on", f"{report['images_tuned_on']:,}"
        yield "images of the other half", f"{report['images_of_the_other_half']:,}"
