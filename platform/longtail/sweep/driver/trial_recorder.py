"""What becomes of trials: who asks, what they report, how they end."""

from typing import Any

from longtail.cluster.nodes.statuses import State
from longtail.sweep.cost import hours_by_trial
from longtail.sweep.driver.progress import SweepDisplay
from longtail.sweep.driver.trial_groups import Climber
from longtail.sweep.driver.trial_numbers import Roster
from longtail.sweep.driver.trial_runner import Climb
from longtail.sweep.journal import Ended, SweepJournal
from longtail.sweep.request import Sweep
from longtail.sweep.search.rung_requests import Ask
from longtail.sweep.trial import Rung, Trial
from longtail.sweep.trial import State as TrialState

SETTLED = (State.DONE, State.FAILED)


class Record:
    """Keeps the journal of a sweep, and the standings of its nodes, as Ray Tune reports.

    Args:
        sweep: What is searched.
        journal: Of the sweep.
        roster: Numbers and rows of trials.
        climb: Has the standings.
        display: Told what people should see.
    """

    def __init__(
        self,
        sweep: Sweep,
        journal: SweepJournal,
        roster: Roster,
        climb: Climb,
        display: SweepDisplay,
    ) -> None:
        self._sweep, self._journal, self._roster = sweep, journal, roster
        self._climb, self._display = climb, display
        self._curves: dict[int, dict[int, Rung]] = {}
        self.errors: dict[str, str] = {}
        """Why trials failed, by Tune's ids."""

    def recall(self) -> None:
        """Know the nodes of trials that earlier runs brought to their ends."""
        for trial in self._journal.trials:
            self._climb.watch(self._roster.row(trial.number))
            self._note_state(trial)

    def enlist(self, ask: Ask) -> Climber:
        """Tell the foreman who asks.

        Raises:
            ValueError: The trial's values break a rule of the configuration.
        """
        number = self._roster.number_of(ask.trial, ask.config)
        return self._climb.enlist(number, self._roster.row(number), ask, self._sweep.rungs)

    def report(self, tune_id: str, config: dict[str, Any], rung: Rung) -> None:
        """A trial was evaluated."""
        number = self._roster.number_of(tune_id, config)
        self._curves.setdefault(number, {})[rung.step] = rung
        self._display.rung(number, rung)

    def end(self, tune_id: str, config: dict[str, Any], failed: bool) -> None:
        """A trial ended; it is in the journal when this returns."""
        number = self._roster.number_of(tune_id, config)
        curve = [rung for _, rung in sorted(self._curves.get(number, {}).items())]
        finished = bool(curve) and curve[-1].step == self._sweep.rungs[-1]
        state: TrialState = "failed" if failed else "finished" if finished else "stopped"
        row = self._roster.rows.get(number)
        trial = Trial(
            number=number,
            point=self._journal.begun[number],
            state=state,
            curve=curve,
            training=row.stages[-1].id if row else "",
            evaluation=row.evaluation.id if row else "",
            hours=hours_by_trial(self._journal.work).get(number, 0.0),
            error=self.errors.get(tune_id, "lost by Ray Tune") if failed else None,
        )
        self._journal.add(Ended(trial))
        self._note_state(trial)
        self._display.ended(trial)

    def _note_state(self, trial: Trial) -> None:
        """A training that was stopped is neither paused nor finished."""
        standing = self._climb.standings.get(trial.training)
        if trial.state == "stopped" and standing is not None and standing.state not in SETTLED:
            standing.state = State.STOPPED
