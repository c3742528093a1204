"""A clock for work: seconds since its begin, with long times of idleness cut out."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from dashboards.sources.node_times import NodeTime

UNITS = ((120.0, "seconds", 1.0), (7200.0, "minutes", 60.0), (259200.0, "hours", 3600.0))
"""Up to which length an axis has which unit, and its seconds."""
DAYS = ("days", 86400.0)
LONG = 0.25
"""Idleness of this share of all work, or more, is cut."""
LEFT = 0.02
"""What is left of it, as a share of all work."""


@dataclass(frozen=True)
class Clock:
    """Attributes:
    unit: Of the axis.
    seconds: Of one unit.
    cuts: Begin and end of each idleness that is cut, in unix seconds.
    begin: Of all work, in unix seconds.
    left: Seconds that stand for a cut.
    """

    unit: str
    seconds: float
    cuts: tuple[tuple[float, float], ...]
    begin: float
    left: float

    def at(self, time: float) -> float:
        """The place of a moment on the axis."""
        passed = time - self.begin
        for begin, end in self.cuts:
            if time >= end:
                passed -= end - begin - self.left
            elif time > begin:
                passed -= (time - begin) * (1 - self.left / (end - begin))
        return passed / self.seconds


def clock_of(times: Sequence[NodeTime]) -> Clock:
    """A clock for the work of some nodes, at least one."""
    busy = _busy(times)
    work = sum(end - begin for begin, end in busy)
    gaps = [(a[1], b[0]) for a, b in pairwise(busy)]
    cuts = tuple((begin, end) for begin, end in gaps if end - begin > LONG * work)
    left = LEFT * work
    length = busy[-1][1] - busy[0][0] - sum(end - begin - left for begin, end in cuts)
    fits = [(unit, seconds) for most, unit, seconds in UNITS if length <= most]
    unit, seconds = fits[0] if fits else DAYS
    return Clock(unit, seconds, cuts, busy[0][0], left)


def duration(seconds: float) -> str:
    """A length of time in words: 12 s, 3.4 min, 5.6 h, 2.1 d."""
    if seconds < 100:
        return f"{seconds:.3g} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.3g} min"
    return f"{seconds / 3600:.3g} h" if seconds < 100 * 3600 else f"{seconds / 86400:.3g} d"


def _busy(times: Sequence[NodeTime]) -> list[tuple[float, float]]:
    """Stretches in which any node was at work or prepared, in their order and apart."""
    spans = []
    for of in times:
        # Between attempts nobody worked.
        first = of.attempts[0] if of.attempts else None
        spans.append((of.begin, first.end if first else of.begin))
        spans += [(attempt.begin, attempt.end) for attempt in of.attempts[1:]]
    joined: list[tuple[float, float]] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((begin, end))
    return joined
