"""The trials of a sweep, from its journal as it grows."""

from collections.abc import Mapping
from dataclasses import dataclass

from dashboards.live.tail import Tail
from longtail.metrics import UNDEFINED


@dataclass(frozen=True)
class TrialCounts:
    """Attributes:
    begun: Trials that began.
    ended: How many ended, by state.
    best: The trial with the highest AP by its number, and that AP as a fraction; None without one.
    trainings: How trials ended, by the ids of their last training nodes.
    damaged: Numbers of journal lines that are not what was written.
    """

    begun: int
    ended: dict[str, int]
    best: tuple[int, float] | None
    trainings: Mapping[str, str]
    damaged: tuple[int, ...]


class TrialsWatch:
    """Follows the journal of a sweep.

    Args:
        tail: Of `trials.jsonl`.
    """

    def __init__(self, tail: Tail) -> None:
        self._tail = tail
        self._begun: set[int] = set()
        self._ended: dict[int, str] = {}
        self._aps: dict[int, float] = {}
        self._trainings: dict[str, str] = {}

    def counts(self) -> TrialCounts:
        """With all lines that are there by now."""
        for line in self._tail.new():
            if line.get("event") == "begun":
                self._begun.add(line["number"])
            elif line.get("event") == "ended":
                trial = line["trial"]
                number, curve = trial["number"], trial["curve"]
                self._ended[number] = self._trainings[trial["training"]] = trial["state"]
                self._aps[number] = curve[-1]["metrics"]["AP"] if curve else UNDEFINED
        states = list(self._ended.values())
        defined = {number: ap for number, ap in self._aps.items() if ap != UNDEFINED}
        best = max(defined.items(), key=lambda item: (item[1], -item[0]), default=None)
        counts = {state: states.count(state) for state in dict.fromkeys(states)}
        damaged = tuple(self._tail.damaged)
        return TrialCounts(len(self._begun), counts, best, dict(self._trainings), damaged)
