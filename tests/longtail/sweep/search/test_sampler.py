"""Optuna goes on from the trials that a sweep has."""

from dataclasses import replace

import pytest
from support.sweep_scene import DETECTIONS, LAMBDA, MASK, sweep_of, trial_of

from longtail.sweep.search.distributions import point_of
from longtail.sweep.search.initial_points import start_point
from longtail.sweep.search.sampler import build_sampler
from longtail.sweep.trial import Trial

SWEEP = replace(sweep_of(), algorithm="optuna")


def trials(number: int) -> list[Trial]:
    points = SWEEP.space.random(number, 5)
    return [trial_of(n, 0.1 + 0.01 * n, point) for n, point in enumerate(points)]


def suggested(ended: list[Trial], first: list[dict[str, object]], number: int) -> list[object]:
    search = build_sampler(SWEEP, ended, first)
    return [point_of(search.suggest(f"t{n}") or {}, SWEEP.space) for n in range(number)]


def test_the_first_points_are_those_asked_for() -> None:
    start = start_point(SWEEP)
    assert start is not None
    again = dict(SWEEP.space.random(1, 9)[0])
    points = suggested([], [again, dict(start)], 3)
    assert points[:2] == [again, start] and points[2] not in (again, start)


def test_the_same_seed_suggests_the_same() -> None:
    assert suggested([], [], 4) == suggested([], [], 4)


def test_a_rerun_does_not_begin_with_the_points_of_the_first_run() -> None:
    before = suggested([], [], 4)
    after = suggested(trials(4), [], 4)
    assert not [point for point in after if point in before]


def test_points_near_good_trials_are_preferred() -> None:
    good, bad = 0.002, 0.05
    ended = []
    for number, point in enumerate(SWEEP.space.random(40, 1)):
        ends = {**point, LAMBDA: good if number % 2 else bad}
        ended.append(trial_of(number, 0.5 if number % 2 else 0.1, ends))
    values = [point[LAMBDA] for point in suggested(ended, [], 20)]  # type: ignore[index]
    assert sum(value < 0.01 for value in values) > 14


@pytest.mark.parametrize("metrics", [("AP",), ("AP", "APr")])
def test_failed_trials_are_told_as_such(metrics: tuple[str, ...]) -> None:
    sweep = replace(SWEEP, metrics=metrics)
    point = {LAMBDA: 0.01, MASK: 1.0, DETECTIONS: 200}
    ended = [
        trial_of(0, {"AP": 0.1, "APr": 0.2}, point),
        replace_state(trial_of(1, 0.0, point)),
    ]
    search = build_sampler(sweep, ended, [])
    states = [trial.state.name for trial in search.study.trials]
    assert states == ["COMPLETE", "FAIL"]
    assert search.study.trials[0].values == [0.1, 0.2][: len(metrics)]


def replace_state(trial: Trial) -> Trial:
    return Trial(trial.number, trial.point, "failed", [], "", "", 0.0, "no reason")
