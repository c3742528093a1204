"""Which trial of the sweep a trial of Ray Tune is: its number, its point and its row."""

from collections.abc import Sequence
from typing import Any

from longtail.cluster.nodes.plan import Row
from longtail.config.search_space import Point
from longtail.search.tuner import NUMBER
from longtail.sweep.journal import SweepJournal, TrialStarted
from longtail.sweep.request import Sweep
from longtail.sweep.search.distributions import point_of


class TrialNumbers:
    """The trials of a sweep that have begun, in this run of it.

    Args:
        sweep: What is searched.
        journal: Trials that begin are written there.
        points: Those laid out before, by number; None where optuna chooses.
    """

    def __init__(self, sweep: Sweep, journal: SweepJournal, points: Sequence[Point] | None) -> None:
        self._sweep, self._journal, self._points = sweep, journal, points
        self._open = journal.unfinished()
        self._numbers: dict[str, int] = {}
        self._rows: dict[int, Row] = {}

    def number_of(self, tune_id: str, config: dict[str, Any]) -> int:
        """The number of a trial by Tune's id; it begins with its first call."""
        if tune_id not in self._numbers:
            self._numbers[tune_id] = self._begin(config)
        return self._numbers[tune_id]

    def row(self, number: int) -> Row:
        """The row of a trial that has begun.

        Raises:
            ValueError: The values of its point break a rule of the configuration.
        """
        if number not in self._rows:
            self._rows[number] = self._sweep.row(number, self._journal.started[number])
        return self._rows[number]

    @property
    def rows(self) -> dict[int, Row]:
        """Of the trials that have begun in this run, by number."""
        return dict(self._rows)

    def _begin(self, config: dict[str, Any]) -> int:
        if self._points is not None:
            number = int(config[NUMBER])
            point = self._points[number]
        else:
            point = self._sweep.space.rounded(point_of(config, self._sweep.space))
            number = self._number_for(point)
        if number not in self._journal.started:
            self._journal.add(TrialStarted(number, dict(point)))
        return number

    def _number_for(self, point: Point) -> int:
        """A trial that an earlier run began and did not end, or the next number."""
        for number, begun in self._open.items():
            if begun == point:
                del self._open[number]
                return number
        return max(self._journal.started, default=-1) + 1
