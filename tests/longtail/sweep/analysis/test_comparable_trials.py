"""Which trials are held against each other."""

from support.sweep_scene import DIMENSIONS, LAMBDA, halved_trials, sweep_of, trial_of

from longtail.sweep.analysis.comparable_trials import ENOUGH, comparable_trials
from longtail.sweep.trial import Trial


def halved(number: int) -> list[Trial]:
    return halved_trials(sweep_of({LAMBDA: DIMENSIONS[LAMBDA]}, scheduler="asha"), number)


def test_finished_trials_are_compared_where_there_are_enough() -> None:
    trials = [trial_of(number, number / 100) for number in range(ENOUGH)]
    level = comparable_trials([*trials, trial_of(99, 0.5, state="stopped", step=100)], "AP")
    assert level.values == {number: number / 100 for number in range(ENOUGH)}
    assert level.words == "10 finished trials"


def test_the_latest_evaluation_of_enough_trials_is_taken_after_early_stopping() -> None:
    trials = halved(36)
    level = comparable_trials(trials, "AP")
    assert (level.step, len(level.values)) == (300, 12)
    assert level.values == {
        t.number: t.intermediate_values[1].metrics["AP"] for t in trials if t.step >= 300
    }
    assert level.words == "12 trials after 300 iterations of the last stage"


def test_else_the_evaluation_that_most_trials_reached() -> None:
    level = comparable_trials(halved(9), "AP")
    assert (level.step, len(level.values), level.finished) == (100, 9, False)


def test_undefined_values_are_left_out() -> None:
    trials = [trial_of(0, 0.1), trial_of(1, -1.0), trial_of(2, {"APr": 0.2})]
    assert comparable_trials(trials, "AP").values == {0: 0.1}
    assert comparable_trials(trials, "AP").words == "1 finished trial"


def test_without_a_trial_nothing_is_compared() -> None:
    assert comparable_trials([], "AP").values == {}
