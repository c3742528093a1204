"""What MLflow shows of a sweep: a child run for each trial, its point, evaluations and state.

The child of a finished trial is the run of its evaluation, that of another the run of its last
training. Both carry the trial's number in the tag `longtail.sweep.<id>`.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longtail.cluster.nodes.node import Node
from longtail.cluster.nodes.plan import Row
from longtail.cluster.nodes.statuses import NodeStatus, NodeStatuses, State
from longtail.config.search_space import LogUniform, Point, SearchSpace
from longtail.evaluation.recording.metrics import ROW_TAG, TRIAL
from longtail.metrics import GROUP_METRICS, UNDEFINED, points_text
from longtail.sweep.driver.rung_evaluation import intermediate_value_lines
from longtail.sweep.driver.trial_numbers import TrialNumbers
from longtail.sweep.journal import SweepJournal
from longtail.sweep.request import Sweep
from longtail.sweep.trial import ranked
from longtail.tracking.tracker import LOG

SHOWN = 10


@dataclass(frozen=True)
class SweepRunGroup:
    """A sweep as the `Publisher` sees it.

    Attributes:
        sweep: What is searched.
        trial_numbers: Its trials, with their rows.
        journal: Those that ended.
        runs: The runs folder.
        name: Name of the parent run.
    """

    sweep: Sweep
    trial_numbers: TrialNumbers
    journal: SweepJournal
    runs: Path
    name: str
    kind: str = "sweep"

    @property
    def id(self) -> str:
        """Of the sweep."""
        return self.sweep.id

    def row_of(self, node: Node) -> Row:
        """The row of the first trial that needs the node."""
        return self.trial_numbers.rows[self._number_of(node)]

    def params_of(self, node: Node) -> Mapping[str, Any]:
        """The point of a trial, on the two runs that may stand for it.

        MLflow's charts of searches have linear axes: of what is drawn evenly by its logarithm,
        that is there, too.
        """
        row = self.row_of(node)
        if node.id not in (row.stages[-1].id, row.evaluation.id):
            return {}
        point = self.journal.started[self._number_of(node)]
        return {**point, **logarithms(point, self.sweep.space)}

    def tags_of(self, status: NodeStatus) -> Mapping[str, str]:
        """The number of the trial that the run stands for, and how it ended."""
        node = status.node
        number = self._number_of(node)
        row = self.trial_numbers.rows[number]
        key = f"longtail.sweep.{self.id}"
        if node.id == row.evaluation.id:
            return {key: str(number), ROW_TAG: TRIAL}
        ended = status.state in (State.STOPPED, State.FAILED)
        if node.id == row.stages[-1].id and ended:
            trial = self.journal.ended.get(number)
            step = trial.step if trial else 0
            iterations = self.sweep.rungs[-1]
            return {key: str(number), f"{key}.ended": f"{status.state} at {step} of {iterations}"}
        return {}

    def points_of(self, node: Node) -> Sequence[Mapping[str, Any]]:
        """Evaluations on the way, on the run of the training."""
        row = self.row_of(node)
        return intermediate_value_lines(self.runs, row) if node.id == row.stages[-1].id else ()

    def note(self, statuses: NodeStatuses) -> str:
        """The best trials so far."""
        ended = self.journal.trials
        best = ranked(ended, self.sweep.metrics[0])[:SHOWN]
        lines = [f"{len(ended)} trials ended. The best:", ""]
        lines += [
            "| trial | values | state | AP | APr | APc | APf |",
            f"{7 * '|---'}|",
        ]
        for trial in best:
            values = ", ".join(f"{path}={value}" for path, value in trial.point.items())
            metrics = " | ".join(
                points_text(trial.metrics.get(name, UNDEFINED)) for name in GROUP_METRICS
            )
            lines.append(f"| {trial.number} | {values} | {trial.state} | {metrics} |")
        return "\n".join(lines)

    def _number_of(self, node: Node) -> int:
        rows = self.trial_numbers.rows
        return min(n for n, row in rows.items() if any(own.id == node.id for own in row.nodes()))


def logarithms(point: Point, space: SearchSpace) -> dict[str, float]:
    """Decimal logarithms of the values on logarithmic dimensions, by `log10_` and the last word of
    the path, or the whole path where two end alike."""
    ends = Counter(path.rpartition(".")[2] for path in space.dimensions)
    logs = {}
    for path, dimension in space.dimensions.items():
        if isinstance(dimension, LogUniform) and path in point:
            end = path.rpartition(".")[2]
            logs[f"{LOG}{end if ends[end] == 1 else path}"] = round(math.log10(point[path]), 4)
    return logs
