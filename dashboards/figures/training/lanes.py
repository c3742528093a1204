"""Which lane of a chart of time an attempt lies on: that of the place where it was made.

Where places were not noted, as before they were, a node has a lane of its own.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.sources.node_times import NodeTime
from longtail.cluster.nodes.places import Place

MOST_NAMED = 48
"""Nodes with a lane of their own; of more, those that fit after one another share a lane."""


@dataclass(frozen=True)
class Lanes:
    """Attributes:
    of: For each node, the lane of each of its attempts.
    order: All lanes, from above to below.
    places: Those of places, on which several nodes may lie.
    packed: How many nodes share lanes that have no name; 0 where every lane has one.
    """

    of: tuple[tuple[str, ...], ...]
    order: tuple[str, ...]
    places: frozenset[str]
    packed: int


def lanes_of(times: Sequence[NodeTime]) -> Lanes:
    """Lanes of the attempts of nodes, in the order of their begin."""
    placed = _by_place(times)
    left = [
        number
        for number, of in enumerate(times)
        if any((number, index) not in placed for index in range(len(of.attempts)))
    ]
    nodes = [times[number] for number in left]
    packed = len(left) > MOST_NAMED
    own = dict(zip(left, _packed(nodes) if packed else map(node_name, nodes), strict=True))
    of_attempts = tuple(
        tuple(placed.get((number, index)) or own[number] for index in range(len(of.attempts)))
        for number, of in enumerate(times)
    )
    places = sorted(set(placed.values()), key=_in_numbers)
    order = tuple(dict.fromkeys([*places, *own.values()]))
    return Lanes(of_attempts, order, frozenset(places), len(left) if packed else 0)


def node_name(of: NodeTime) -> str:
    """Labels of evaluations are their row's name alone."""
    return of.label if of.kind != "evaluation" else f"{of.label} evaluation"


def place_name(place: Place, hosts: int = 2) -> str:
    """What does the work there; its machine is named where there are several."""
    group = "the command itself" if place.group is None else f"worker group {place.group}"
    return group if hosts == 1 else f"{group} on {place.host}"


def _by_place(times: Sequence[NodeTime]) -> dict[tuple[int, int], str]:
    """Lanes by the numbers of node and attempt. A worker group does one thing at a time, but that
    may be a pass over the data that trains several nodes: each then has a lane."""
    attempts = [
        (attempt, number, index)
        for number, of in enumerate(times)
        for index, attempt in enumerate(of.attempts)
    ]
    hosts = len({attempt.place.host for attempt, _, _ in attempts if attempt.place})
    ends: dict[str, list[float]] = {}
    lanes = {}
    for attempt, number, index in sorted(attempts, key=lambda of: (of[0].begin, of[1:])):
        if attempt.place is not None:
            name = place_name(attempt.place, hosts)
            free = _first_free(ends.setdefault(name, []), attempt.begin, attempt.end)
            lanes[number, index] = name if free == 0 else f"{name} ({free + 1})"
    return lanes


def _packed(times: Sequence[NodeTime]) -> list[str]:
    """A lane for each node, the first in which all before have ended."""
    ends: list[float] = []
    return [f"{_first_free(ends, of.begin, of.end) + 1}" for of in times]


def _first_free(ends: list[float], begin: float, end: float) -> int:
    """The first lane in which all before have ended, which then ends with this."""
    free = next((lane for lane, before in enumerate(ends) if before <= begin), len(ends))
    ends[free : free + 1] = [end]
    return free


def _in_numbers(lane: str) -> list[tuple[int, str]]:
    """A key to sort by: numbers in a name count as numbers."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", lane)]
