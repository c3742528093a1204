"""Who is trained with whom."""

from collections.abc import Mapping
from typing import Any, get_args

from support.sweep_scene import BASE, LAMBDA, LAST, sweep_of

from longtail.config.search_space import Choice, LogUniform, SearchSpace
from longtail.config.stages import Part
from longtail.config.variant import Variant
from longtail.sweep.driver.trial_groups import PendingTrial, may_share, trial_groups
from longtail.sweep.request import Sweep

TRUNK = tuple(part for part in get_args(Part) if part != "classifier")
FROZEN = BASE.replace(stages=(BASE.stages[0], LAST.replace(freeze=TRUNK)))
NMS = "inference.nms_iou"


def pending(
    number: int, point: Mapping[str, Any], step: int = 0, target: int = 10, base: Variant = FROZEN
) -> PendingTrial:
    space = SearchSpace({LAMBDA: LogUniform(1e-4, 1e-1), NMS: Choice((0.5, 0.6))})
    whole = sweep_of()
    sweep = Sweep(base, space, whole.data, "random", 8, ("AP",), "none", 3, 3, 0, 0)
    return PendingTrial(number, f"tune-{number}", sweep.row(number, point), step, target)


def numbers(waiting: list[PendingTrial]) -> list[list[int]]:
    return [[trial.number for trial in group] for group in trial_groups(waiting)]


def test_trials_over_the_same_trunk_go_together() -> None:
    waiting = [pending(n, {LAMBDA: (n + 1) / 100}) for n in (2, 0, 1)]
    assert may_share(FROZEN)
    assert numbers(waiting) == [[0, 1, 2]]


def test_trials_whose_trunk_learns_go_alone() -> None:
    waiting = [pending(n, {LAMBDA: (n + 1) / 100}, base=BASE) for n in range(2)]
    assert not may_share(BASE)
    assert numbers(waiting) == [[0], [1]]


def test_those_far_on_come_first_and_others_go_apart() -> None:
    points = [{LAMBDA: (n + 1) / 100} for n in range(5)]
    waiting = [
        pending(0, points[0]),
        pending(1, points[1], 10, 30),
        pending(2, points[2]),
        pending(3, points[3], 10, 30),
        pending(4, points[4], 0, 30),
    ]
    assert numbers(waiting) == [[1, 3], [0, 2], [4]]


def test_trials_with_the_same_training_go_together() -> None:
    waiting = [pending(n, {NMS: iou}, base=BASE) for n, iou in enumerate((0.5, 0.6))]
    assert numbers(waiting) == [[0, 1]]
