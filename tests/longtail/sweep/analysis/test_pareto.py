"""The trials that no other one dominates."""

from hypothesis import given
from hypothesis import strategies as st
from support.sweep_scene import trial_of

from longtail.sweep.analysis.pareto import pareto_front
from longtail.sweep.trial import Trial

METRICS = ("AP", "APr", "APc")
# Few different values, so that ties are common.
VALUES = st.sampled_from((0.0, 0.1, 0.2, 0.3))


def numbers(trials: list[Trial]) -> list[int]:
    return [trial.number for trial in trials]


def dominates(one: Trial, other: Trial, metrics: tuple[str, ...]) -> bool:
    pairs = [(one.metrics[metric], other.metrics[metric]) for metric in metrics]
    return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)


@given(
    st.lists(st.tuples(VALUES, VALUES, VALUES), max_size=25),
    st.integers(min_value=2, max_value=3),
)
def test_the_front_is_what_the_definition_says(
    values: list[tuple[float, float, float]], num_metrics: int
) -> None:
    metrics = METRICS[:num_metrics]
    trials = [
        trial_of(number, dict(zip(METRICS, of_trial, strict=True)))
        for number, of_trial in enumerate(values)
    ]
    expected = {
        one.number for one in trials if not any(dominates(other, one, metrics) for other in trials)
    }
    front = pareto_front(trials, metrics)
    assert set(numbers(front)) == expected
    firsts = [trial.metrics["AP"] for trial in front]
    assert firsts == sorted(firsts, reverse=True)


def test_equal_trials_stay_together() -> None:
    twins = [trial_of(number, {"AP": 0.3, "APr": 0.1}) for number in range(2)]
    below = trial_of(2, {"AP": 0.3, "APr": 0.05})
    assert numbers(pareto_front([below, *twins], ("AP", "APr"))) == [0, 1]


def test_only_finished_trials_with_every_metric_count() -> None:
    trials = [
        trial_of(0, {"AP": 0.9, "APr": 0.9}, state="stopped"),
        trial_of(1, {"AP": 0.8, "APr": -1.0}),
        trial_of(2, {"AP": 0.7}),
        trial_of(3, {"AP": 0.1, "APr": 0.1}),
    ]
    assert numbers(pareto_front(trials, ("AP", "APr"))) == [3]
    assert pareto_front([], ("AP", "APr")) == []
