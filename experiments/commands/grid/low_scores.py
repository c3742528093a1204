"""What an AP of 0.00 means, said where a grid prints one."""

from pathlib import Path

from longtail.cluster.nodes.ledger import node_directory, read_result
from longtail.cluster.nodes.plan import Plan, Row
from longtail.cluster.nodes.statuses import NodeStatuses, State
from longtail.commands import output_console
from longtail.config.detector import Timm
from longtail.metrics import points_text

LONGER = "train longer (--iterations N at --scale demo, else stages.N.schedule.iterations)"


def print_low_scores(plan: Plan, statuses: NodeStatuses, runs: Path) -> None:
    """Name the rows that found nothing, and what helps."""
    nothing = [row for row in plan.rows if _found_nothing(row, statuses, runs)]
    if not nothing:
        return
    scratch = [row for row in nothing if _starts_from_scratch(row)]
    remedy = LONGER
    if scratch:
        remedy = (
            "begin from weights (--set detector.weights=FILE or detector.backbone.weights=FILE), or"
            f" {LONGER}"
        )
    names = ", ".join(f"{row.name} ({_training(row)})" for row in nothing)
    output_console().print(
        f"warning: AP 0.00 says that a detector has not learned to find objects yet, and nothing of"
        f" its technique: {names}; {remedy}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def _found_nothing(row: Row, statuses: NodeStatuses, runs: Path) -> bool:
    if statuses[row.evaluation.id].state is not State.DONE:
        return False
    result = read_result(node_directory(runs, row.evaluation))
    return result is not None and points_text(result["AP"]) == "0.00"


def _starts_from_scratch(row: Row) -> bool:
    detector = row.variant.detector
    backbone = detector.backbone
    return detector.weights is None and isinstance(backbone, Timm) and backbone.weights is None


def _training(row: Row) -> str:
    steps = sum(stage.schedule.iterations for stage in row.variant.stages)
    start = "random weights" if _starts_from_scratch(row) else "weights"
    return f"{steps:,} iterations from {start}"
