"""Records trials in the journal: which of them asks, what it reports, how it ends."""

from typing import Any

from longtail.cluster.nodes.statuses import State
from longtail.sweep.cost import hours_by_trial
from longtail.sweep.driver.progress import SweepDisplay
from longtail.sweep.driver.trial_groups import PendingTrial
from longtail.sweep.driver.trial_numbers import TrialNumbers
from longtail.sweep.driver.trial_runner import TrialRunner
from longtail.sweep.journal import SweepJournal, TrialEnded
from longtail.sweep.request import Sweep
from longtail.sweep.search.rung_requests import RungRequest
from longtail.sweep.trial import Rung, Trial
from longtail.sweep.trial import State as TrialState

SETTLED = (State.DONE, State.FAILED)


class TrialRecorder:
    """Keeps the journal of a sweep, and the statuses of its nodes, as Ray Tune reports.

    Args:
        sweep: What is searched.
        journal: Of the sweep.
        trial_numbers: Numbers and rows of trials.
        runner: Has the statuses.
        display: Told what people should see.
    """

    def __init__(
        self,
        sweep: Sweep,
        journal: SweepJournal,
        trial_numbers: TrialNumbers,
        runner: TrialRunner,
        display: SweepDisplay,
    ) -> None:
        self._sweep, self._journal, self._trial_numbers = sweep, journal, trial_numbers
        self._runner, self._display = runner, display
        self._intermediate_values: dict[int, dict[int, Rung]] = {}
        self.errors: dict[str, str] = {}
        """Why trials failed, by Tune's ids."""

    def recall(self) -> None:
        """Know the nodes of trials that earlier runs brought to their ends."""
        for trial in self._journal.trials:
            self._runner.watch(self._trial_numbers.row(trial.number))
            self._note_state(trial)

    def pending_trial(self, request: RungRequest) -> PendingTrial:
        """The trial that asks for a rung; it begins with its first request.

        Raises:
            ValueError: The trial's values break a rule of the configuration.
        """
        number = self._trial_numbers.number_of(request.trial, request.config)
        row = self._trial_numbers.row(number)
        return self._runner.pending_trial(number, row, request, self._sweep.rungs)

    def report(self, tune_id: str, config: dict[str, Any], rung: Rung) -> None:
        """A trial was evaluated."""
        number = self._trial_numbers.number_of(tune_id, config)
        self._intermediate_values.setdefault(number, {})[rung.step] = rung
        self._display.rung(number, rung)

    def end(self, tune_id: str, config: dict[str, Any], failed: bool) -> None:
        """A trial ended; it is in the journal when this returns."""
        number = self._trial_numbers.number_of(tune_id, config)
        values = [rung for _, rung in sorted(self._intermediate_values.get(number, {}).items())]
        finished = bool(values) and values[-1].step == self._sweep.rungs[-1]
        state: TrialState = "failed" if failed else "finished" if finished else "stopped"
        row = self._trial_numbers.rows.get(number)
        trial = Trial(
            number=number,
            point=self._journal.started[number],
            state=state,
            intermediate_values=values,
            training=row.stages[-1].id if row else "",
            evaluation=row.evaluation.id if row else "",
            hours=hours_by_trial(self._journal.work).get(number, 0.0),
            error=self.errors.get(tune_id, "lost by Ray Tune") if failed else None,
        )
        self._journal.add(TrialEnded(trial))
        self._note_state(trial)
        self._display.ended(trial)

    def _note_state(self, trial: Trial) -> None:
        """A training that was stopped is neither paused nor finished."""
        status = self._runner.statuses.get(trial.training)
        if trial.state == "stopped" and status is not None and status.state not in SETTLED:
            status.state = State.STOPPED
