"""What a dry run prints of cost: hours, disk and memory of each row, and what sharing saves."""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.text import Text

from longtail.cluster.costs.finished import FinishedNode
from longtail.cluster.costs.paces import PREDICTION_FACTOR, STATED
from longtail.cluster.costs.rows import Hours, RowCost, total
from longtail.cluster.nodes.settings import WorkerResources
from longtail.commands import output_console
from longtail.path_options import short_path
from longtail.printed_table import PrintedTable, number_columns, text_columns

GIGABYTE = 1e9
ALL = "all rows"


def print_costs(costs: Sequence[RowCost], resources: WorkerResources, runs: Path) -> None:
    """A line a row, in GPU-hours where workers have GPUs, else in hours of a worker.

    Args:
        costs: Of the rows that are trained or predicted; nothing is printed without any.
        resources: What a node occupies.
        runs: The runs folder, whose disk is looked at.
    """
    if not costs:
        return
    unit = Unit.of(resources)
    output_console().print(_table(costs, unit))
    for line in _remarks(costs, unit, resources, runs):
        output_console().print(line, highlight=False, markup=False, soft_wrap=True)


class Unit:
    """In what hours are told.

    Args:
        name: For people.
        factor: How many make an hour of a worker.
    """

    def __init__(self, name: str, factor: float) -> None:
        self.name, self._factor = name, factor

    @classmethod
    def of(cls, resources: WorkerResources) -> "Unit":
        """GPU-hours where there are GPUs."""
        return cls("GPU-hours", resources.gpus) if resources.gpus else cls("worker-hours", 1.0)

    def text(self, hours: Hours) -> str:
        """As in 12.3; <=12.3 of a bound; 12.3 + ? where the pace of some nodes is not known."""
        if not hours.known and not hours.num_unknown:
            return "-"
        if not hours.known:
            return "unknown"
        number = _number(hours.known * self._factor)
        bound = f"<={number}" if hours.is_bound else number
        return f"{bound} + ?" if hours.num_unknown else bound


def _table(costs: Sequence[RowCost], unit: Unit) -> PrintedTable:
    memory = "GPU memory" if any(_gpu_bytes(cost.peak) for cost in costs) else "memory"
    columns = [
        *text_columns("row"),
        *number_columns("alone", "shared", "in passes", "found", "to run", "disk", memory),
    ]
    table = PrintedTable(f"cost in {unit.name}, by row", columns)
    for cost in costs:
        parts = (cost.alone, cost.shared, cost.in_passes, cost.found, cost.to_run)
        table.add(cost.name, *map(unit.text, parts), _bytes(cost.num_bytes), _memory(cost.peak))
    if len(costs) > 1:
        table.end_section()
        sums = [
            total(getattr(cost, name) for cost in costs)
            for name in ("alone", "shared", "in_passes", "found", "to_run")
        ]
        disk = _bytes(sum(cost.num_bytes for cost in costs))
        table.add(Text(ALL, style="bold"), *map(unit.text, sums), disk, "")
    return table


def _remarks(
    costs: Sequence[RowCost], unit: Unit, resources: WorkerResources, runs: Path
) -> Iterable[str]:
    to_run, saved = total(cost.to_run for cost in costs), _saved(costs, unit)
    yield from _of_paces(costs, to_run, resources, runs)
    if saved:
        yield f"saved: {saved}"
    if to_run.known:
        groups = to_run.known / resources.workers
        chain = max(cost.chain.known for cost in costs) / resources.workers
        workers = "1 worker" if resources.workers == 1 else f"{resources.workers} workers"
        yield (
            f"elapsed: {_number(groups)} hours with one group of {workers} at a time,"
            f" {_number(chain)} at least with any number of groups"
        )
        yield (
            "not counted: evaluations, start-up; a pass over a shared trunk counts as one training"
        )
    if missing := sum(cost.peak is None for cost in costs):
        where = "GPUs" if resources.gpus else "CPUs"
        rows = "" if missing == len(costs) else f" of {missing} of {len(costs)} rows"
        yield (
            f"memory of a worker: not known{rows}, {short_path(runs)} has no finished training of"
            f" their detectors with as many images a worker on {where}"
        )
    yield from _of_disk(sum(cost.num_bytes for cost in costs), runs)


def _of_paces(
    costs: Sequence[RowCost], to_run: Hours, resources: WorkerResources, runs: Path
) -> Iterable[str]:
    paces = {
        (round(pace.images_per_second, 6), pace.source): pace
        for cost in costs
        for pace in cost.paces
    }.values()
    if paces:
        words = (f"{pace.images_per_second:.3g} ({pace.source})" for pace in paces)
        yield f"pace of a worker in images/s: {', '.join(words)}"
    if any(pace.source == STATED for pace in paces):
        yield (
            f"  stated is the pace of training; prediction is taken for {PREDICTION_FACTOR:g} times"
            " as fast, as detectron2's R50-FPN is on LVIS"
        )
    if any(pace.is_bound for pace in paces):
        yield "  <= is a bound: stages with frozen parts go faster than the pace that is known"
    if to_run.num_unknown:
        where = "GPUs" if resources.gpus else "CPUs"
        yield (
            f"unknown pace of {to_run.num_unknown} nodes: {short_path(runs)} has no finished node"
            f" of their detectors on {where}; state it with --pace IMAGES_PER_S, or --pace"
            " ROW=IMAGES_PER_S for one row"
        )


def _saved(costs: Sequence[RowCost], unit: Unit) -> str:
    parts = {
        "by stages that rows share": total(cost.shared for cost in costs),
        "by passes over a shared trunk": total(cost.in_passes for cost in costs),
        "by what is there already": total(cost.found for cost in costs),
    }
    words = [f"{unit.text(hours)} {how}" for how, hours in parts.items() if hours.known]
    return f"{', '.join(words)} ({unit.name})" if words else ""


def _of_disk(needed: int, runs: Path) -> Iterable[str]:
    free = shutil.disk_usage(runs).free
    have = f"{_bytes(free)} are free under {short_path(runs)}"
    if needed > free:
        yield (
            f"warning: disk: at most {_bytes(needed)} to write, and {have}; free some, or give"
            " another --runs"
        )
    elif needed:
        yield f"disk: at most {_bytes(needed)} to write, {have}"


def _memory(peak: FinishedNode | None) -> str:
    return "-" if peak is None else _bytes(_gpu_bytes(peak) or peak.peak_bytes or 0)


def _gpu_bytes(peak: FinishedNode | None) -> int:
    return 0 if peak is None else peak.peak_gpu_bytes or 0


def _bytes(number: int) -> str:
    if not number:
        return "-"
    return f"{_number(number / GIGABYTE)} GB"


def _number(number: float) -> str:
    """With three digits, or all before the point."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
