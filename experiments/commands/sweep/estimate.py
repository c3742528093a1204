"""What a dry run of a sweep prints: space, points, rungs, and how much training it would be."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from longtail.cluster.nodes.node import Node
from longtail.cluster.nodes.plan import Plan
from longtail.cluster.nodes.shared_passes import shared_passes
from longtail.cluster.nodes.statuses import look_up
from longtail.commands import output_console
from longtail.config.dimensions import spelt
from longtail.config.search_space import Point
from longtail.printed_table import PrintedTable, text_columns
from longtail.sweep.analysis.axis import labels_of, spelt_value
from longtail.sweep.driver.trial_groups import may_share
from longtail.sweep.journal import REQUEST, TrialEnded, read_events, read_request
from longtail.sweep.layout import lay_out
from longtail.sweep.request import Sweep
from longtail.sweep.search.initial_points import fixed_points, outside, start_point
from longtail.sweep.settings import LARGEST_PASS, SweepSettings

SHOWN_POINTS = 10


@dataclass(frozen=True)
class Estimate:
    """Iterations of all trials together.

    Attributes:
        alone: Every trial trains all its stages.
        shared: What several trials have in common is trained once.
        passes: Trials over one frozen trunk go through the data together, too.
        halved: As `passes`, if successive halving stops all trials that it may.
    """

    alone: int
    shared: int
    passes: int
    halved: int


def estimate(sweep: Sweep, points: Sequence[Point], together: int) -> Estimate:
    """How much training a sweep would be, if storage had nothing.

    Args:
        sweep: What is searched.
        points: Of its trials.
        together: The most trials of one pass.
    """
    rows = _plan(sweep, points).rows
    last = {row.stages[-1].id: row.stages[-1] for row in rows}
    first = {node.id: node for row in rows for node in row.stages[:-1]}
    before = sum(map(_iterations, first.values()))
    passes = _passes(list(last.values()), together)
    return Estimate(
        alone=sum(_iterations(node) for row in rows for node in row.stages),
        shared=before + sum(map(_iterations, last.values())),
        passes=before + passes,
        halved=before + _halved(sweep, len(last), together if may_share(sweep.base) else 1),
    )


def print_estimate(sweep: Sweep, settings: SweepSettings) -> None:
    """Everything that is known before anything runs; nothing is written.

    Raises:
        ValueError: The sweep's folder holds another one.
    """
    ended = _num_ended(sweep, settings.directory)
    points = fixed_points(sweep)
    # Optuna chooses as it goes: random points stand for them where only their number counts.
    likely = (
        lay_out(sweep.space, sweep.base, "random", sweep.num_trials, sweep.seed).points
        if points is None
        else points
    )
    _print_space(sweep, settings.grid.name)
    _print_points(sweep, points)
    _print_rungs(sweep)
    _print_work(sweep, estimate(sweep, likely, settings.concurrent or LARGEST_PASS))
    _print_found(sweep, settings.grid.runs, likely, exact=points is not None)
    if ended:
        print_line(f"{settings.directory}: {ended} trials ended; they are not run again")


def _print_space(sweep: Sweep, name: str) -> None:
    columns = text_columns("field", "range", "base variant")
    table = PrintedTable(f"sweep {name} ({sweep.id})", columns)
    leaves = sweep.base.leaves()
    for path, dimension in sweep.space.dimensions.items():
        value = leaves.get(path, leaves.get(f"{path}.name"))
        table.add(path, spelt(dimension), spelt_value(value))
    output_console().print(table)


def _print_points(sweep: Sweep, points: Sequence[Point] | None) -> None:
    labels = labels_of(sweep.space.dimensions)
    num_trials = sweep.num_trials if points is None else len(points)
    print_line(f"{num_trials} trials by {sweep.algorithm}, to raise {_metrics(sweep)}")
    print_alike(sweep)
    print_outside(sweep)
    shown = (
        points[:SHOWN_POINTS] if points is not None else list(filter(None, [start_point(sweep)]))
    )
    for number, point in enumerate(shown):
        values = ", ".join(f"{labels[path]}={spelt_value(point[path])}" for path in labels)
        print_line(f"  {'first' if points is None else f'trial {number}'}: {values}")
    if points is None:
        print_line("  then what optuna chooses from the trials that ended")
    elif len(points) > len(shown):
        print_line(f"  and {len(points) - len(shown)} more")


def _print_rungs(sweep: Sweep) -> None:
    last, steps = len(sweep.base.stages) - 1, ", ".join(f"{step:,}" for step in sweep.rungs)
    if not sweep.trains:
        print_line("trials differ in test-time settings alone: all predict with one training")
    elif sweep.scheduler == "none":
        print_line(f"every trial trains stage {last} to its end, {steps} iterations")
    else:
        print_line(
            f"evaluated after {steps} iterations of stage {last}; {sweep.scheduler} stops trials"
        )


def _print_work(sweep: Sweep, work: Estimate) -> None:
    print_line(f"iterations of training: {work.alone:,} with every trial alone")
    if work.shared < work.alone:
        print_line(f"  {work.shared:,} where trials share what they have in common")
    if work.passes < work.shared:
        print_line(f"  {work.passes:,} in passes over the shared trunk")
    if sweep.scheduler == "asha" and work.halved < work.passes:
        print_line(f"  {work.halved:,} if asha stops all that it may")


def _print_found(sweep: Sweep, runs: Path, points: Sequence[Point], exact: bool) -> None:
    """What storage has. Of a search by optuna only what does not depend on the points is known."""
    statuses = look_up(_plan(sweep, points), runs)
    found = [item.node for item in statuses.values() if item.found]
    if not exact:
        common = {node.id for node in sweep.row(0, points[0]).stages}
        varied = {node.id for node in sweep.row(1, points[-1]).stages}
        found = [node for node in found if node.id in common & varied]
    kinds = [node.kind for node in found]
    trainings, evaluations = kinds.count("stage"), kinds.count("evaluation")
    if trainings or evaluations:
        print_line(f"found finished: {trainings} trainings, {evaluations} evaluations")


def print_alike(sweep: Sweep) -> None:
    """How many points are not tried because others mean the same."""
    if sweep.num_alike:
        print_line(
            f"{sweep.num_alike} points of the space mean the same variant as others and are left"
            " out: a field of them has no effect beside their other values"
        )


def print_outside(sweep: Sweep) -> None:
    """Which values of the base variant no trial can have."""
    for path, value in outside(sweep).items():
        print_line(
            f"warning: the base variant's {path} is {spelt_value(value)}, outside of its range"
            f" {spelt(sweep.space.dimensions[path])}: no trial is the base variant itself"
        )


def print_line(text: str) -> None:
    """Plain text, as long as it is."""
    output_console().print(text, highlight=False, soft_wrap=True, markup=False)


def _metrics(sweep: Sweep) -> str:
    return " and ".join(sweep.metrics)


def _num_ended(sweep: Sweep, directory: Path) -> int:
    """Read alone: the sweep may be running."""
    if (directory / REQUEST).is_file() and read_request(directory).get("id") != sweep.id:
        raise ValueError(
            f"{directory} holds another sweep; give another --name, or remove that folder (what its"
            " trials computed is kept in runs/nodes)"
        )
    events = read_events(directory)
    return len({event.trial.number for event in events if isinstance(event, TrialEnded)})


def _plan(sweep: Sweep, points: Iterable[Point]) -> Plan:
    different = {json.dumps(dict(point), sort_keys=True): point for point in points}
    return sweep.plan({f"trial {number}": point for number, point in enumerate(different.values())})


def _iterations(node: Node) -> int:
    return int(node.config["stages"][-1]["schedule"]["iterations"])


def _passes(nodes: Sequence[Node], together: int) -> int:
    """Iterations of these trainings where those over one trunk share a pass."""
    groups = shared_passes(nodes)
    shared = {node.id for group in groups for node in group}
    alone = sum(_iterations(node) for node in nodes if node.id not in shared)
    return alone + sum(-(-len(group) // together) * _iterations(group[0]) for group in groups)


def _halved(sweep: Sweep, num_trainings: int, together: int) -> int:
    """Iterations of the last stage if at every rung one trial in `reduction` goes on."""
    total, before, left = 0, 0, num_trainings
    for step in sweep.rungs:
        total += -(-left // together) * (step - before)
        before, left = step, max(1, left // sweep.reduction)
    return total
