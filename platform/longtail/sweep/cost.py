"""What a sweep costs, and what it would cost if every trial were trained alone to its end.

Costs are hours that were reserved: seconds of work, times workers, times the GPUs of each (CPU
cores where there are none). Work that a crash interrupted is not counted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from longtail.cluster.nodes.ledger import node_directory
from longtail.cluster.nodes.plan import Row
from longtail.cluster.nodes.settings import WorkerResources
from longtail.config.stages import Schedule
from longtail.training.journal import JOURNAL, read_journal

Kind = Literal["first", "training", "evaluation"]
SECONDS_PER_HOUR = 3600.0


class Work(msgspec.Struct, frozen=True):
    """A piece of work that was done.

    Attributes:
        kind: `first` trains a stage before the last; `training` the last stage of one trial or, in
            a pass, of several; `evaluation` predicts and evaluates, on the way or at the end.
        trials: Numbers of the trials it was done for.
        iterations: That were trained; 0 for an evaluation.
        seconds: Of wall time.
        hours: Reserved meanwhile.
    """

    kind: Kind
    trials: list[int]
    iterations: int
    seconds: float
    hours: float


@dataclass(frozen=True)
class Cost:
    """Of a sweep, in hours.

    Attributes:
        unit: `GPU` or `CPU`.
        spent: By all of it.
        naive: Estimate for every trial trained alone, all its stages to the end, and evaluated
            once.
        saved_by_stopping: Of that, what the trials that were stopped had left.
        saved_by_sharing: The rest of the difference: shared first stages, passes over a shared
            trunk and nodes found in storage, less what evaluations on the way cost.
    """

    unit: str
    spent: float
    naive: float
    saved_by_stopping: float
    saved_by_sharing: float


def reserved_hours(seconds: float, resources: WorkerResources) -> float:
    """Hours that work of so many seconds reserves: of GPUs, without them of CPU cores."""
    each = resources.gpus or resources.cpus
    return seconds * each * resources.workers / SECONDS_PER_HOUR


def hours_by_trial(work: Iterable[Work]) -> dict[int, float]:
    """What each trial cost: its share of all work that was done for it."""
    hours: dict[int, float] = {}
    for piece in work:
        for number in piece.trials:
            hours[number] = hours.get(number, 0.0) + piece.hours / len(piece.trials)
    return hours


def summarise(
    work: Sequence[Work],
    steps: Mapping[int, int],
    iterations: int,
    shared_hours: float,
    resources: WorkerResources,
) -> Cost:
    """Compare what was spent with trials that run alone.

    A trial alone is taken to train as fast as the fastest pass of the sweep, which tends to be that
    of the fewest trials; so the estimate is rather too low than too high.

    Args:
        work: All pieces of the sweep.
        steps: Iterations of the last stage that each trial was trained, by its number.
        iterations: Of the whole last stage.
        shared_hours: That the stages before the last take once.
        resources: What workers have.
    """
    spent = sum(piece.hours for piece in work)
    paces = [p.hours / p.iterations for p in work if p.kind == "training" and p.iterations]
    pace = min(paces, default=0.0)
    evaluations = [p.hours / len(p.trials) for p in work if p.kind == "evaluation"]
    evaluation = sum(evaluations) / len(evaluations) if evaluations else 0.0
    each = shared_hours + iterations * pace + evaluation
    naive = len(steps) * each
    stopped = sum((iterations - step) * pace for step in steps.values())
    return Cost(
        unit="GPU" if resources.gpus else "CPU",
        spent=spent,
        naive=naive,
        saved_by_stopping=stopped,
        saved_by_sharing=naive - spent - stopped,
    )


def shared_stage_hours(row: Row, runs: Path, resources: WorkerResources) -> float:
    """Hours that the stages before the last reserve, by the pace in their journals; whoever trained
    them, and with the workers that this sweep has."""
    return sum(
        reserved_hours(_seconds(node_directory(runs, node) / JOURNAL, stage.schedule), resources)
        for node, stage in zip(row.stages[:-1], row.variant.stages[:-1], strict=True)
    )


def _seconds(journal: Path, schedule: Schedule) -> float:
    speeds = [line["train/images_per_second"] for line in read_journal(journal)]
    if not speeds:
        return 0.0
    paces = [schedule.images_per_step / speed for speed in speeds if speed]
    return schedule.iterations * sum(paces) / len(paces) if paces else 0.0
