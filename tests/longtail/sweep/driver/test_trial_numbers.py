"""Which trial a trial of Ray Tune is."""

from dataclasses import replace
from pathlib import Path

from support.sweep_scene import LAMBDA, sweep_of, trial_of

from longtail.config.search_space import LogUniform
from longtail.sweep.driver.trial_numbers import TrialNumbers
from longtail.sweep.journal import SweepJournal, TrialEnded, TrialStarted

SWEEP = sweep_of({LAMBDA: LogUniform(1e-4, 1e-1)})
OPTUNA = replace(SWEEP, algorithm="optuna")


def test_a_trial_begins_once(tmp_path: Path) -> None:
    journal = SweepJournal(tmp_path)
    trial_numbers = TrialNumbers(OPTUNA, journal, None)
    assert trial_numbers.number_of("t1", {LAMBDA: 0.0123456}) == 0
    assert trial_numbers.number_of("t2", {LAMBDA: 0.5e-3}) == 1
    assert trial_numbers.number_of("t1", {LAMBDA: 0.0123456}) == 0
    assert journal.started == {0: {LAMBDA: 0.01235}, 1: {LAMBDA: 0.0005}}
    assert SweepJournal(tmp_path).started == journal.started


def test_points_laid_out_before_have_their_own_numbers(tmp_path: Path) -> None:
    points = SWEEP.space.random(3, 0)
    trial_numbers = TrialNumbers(SWEEP, SweepJournal(tmp_path), points)
    assert trial_numbers.number_of("t1", {"number": 2}) == 2
    assert SweepJournal(tmp_path).started == {2: points[2]}


def test_a_trial_that_an_earlier_run_began_keeps_its_number(tmp_path: Path) -> None:
    journal = SweepJournal(tmp_path)
    for number in range(3):
        journal.add(TrialStarted(number, {LAMBDA: (number + 1) / 100}))
    journal.add(TrialEnded(trial_of(1, 0.2, {LAMBDA: 0.02})))
    trial_numbers = TrialNumbers(OPTUNA, journal, None)
    assert trial_numbers.number_of("t1", {LAMBDA: 0.03}) == 2
    # Ended, and chosen again: another trial, of the same nodes.
    assert trial_numbers.number_of("t2", {LAMBDA: 0.02}) == 3
    assert trial_numbers.number_of("t3", {LAMBDA: 0.01}) == 0
    assert trial_numbers.number_of("t4", {LAMBDA: 0.01}) == 4
    assert trial_numbers.row(1).evaluation.id == trial_numbers.row(3).evaluation.id


def test_a_trial_is_the_row_that_one_would_write_by_hand(tmp_path: Path) -> None:
    from longtail.cluster.nodes.plan import make_plan

    trial_numbers = TrialNumbers(OPTUNA, SweepJournal(tmp_path), None)
    number = trial_numbers.number_of("t1", {LAMBDA: 0.0123456})
    by_hand = SWEEP.base.override({"tail_frequency": 0.01235})
    (row,) = make_plan({"mine": by_hand}, [0], SWEEP.data, SWEEP.resamples).rows
    assert [node.id for node in trial_numbers.row(number).nodes()] == [
        node.id for node in row.nodes()
    ]
