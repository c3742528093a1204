"""What the stages take that all trials of a sweep share."""

from pathlib import Path

from longtail.cluster.ledger import node_directory
from longtail.cluster.plan import Row
from longtail.cluster.settings import WorkerResources
from longtail.config.stages import Schedule
from longtail.sweep.cost import reserved_hours
from longtail.training.journal import JOURNAL, read_journal


def first_stage_hours(row: Row, runs: Path, resources: WorkerResources) -> float:
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
