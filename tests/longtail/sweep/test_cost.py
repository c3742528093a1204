"""What a sweep costs, by hand."""

import pytest

from longtail.cluster.nodes.settings import WorkerResources
from longtail.sweep.cost import Work, hours_by_trial, reserved_hours, summarise

TWO_GPUS = WorkerResources(workers=2, cpus=4.0, gpus=1.0)
# A first stage of 2 hours; trials 0 and 1 to 10 of 30 iterations together; 0 alone to the end.
WORK = [
    Work("first", [0, 1], 60, 3600.0, 2.0),
    Work("training", [0, 1], 10, 0.0, 1.2),
    Work("evaluation", [0], 0, 0.0, 0.1),
    Work("evaluation", [1], 0, 0.0, 0.3),
    Work("training", [0], 20, 0.0, 2.0),
    Work("evaluation", [0], 0, 0.0, 0.2),
]


def test_work_reserves_gpus_or_else_cores() -> None:
    assert reserved_hours(1800.0, TWO_GPUS) == 1.0
    assert reserved_hours(1800.0, WorkerResources(3, 2.0, 0.0)) == 3.0


def test_a_trial_has_its_share_of_what_was_done_for_several() -> None:
    hours = hours_by_trial(WORK)
    assert hours == pytest.approx({0: 1.0 + 0.6 + 0.1 + 2.0 + 0.2, 1: 1.0 + 0.6 + 0.3})
    assert sum(hours.values()) == pytest.approx(sum(work.hours for work in WORK))


def test_naive_is_every_trial_alone_to_its_end() -> None:
    cost = summarise(WORK, {0: 30, 1: 10}, 30, shared_hours=2.0, resources=TWO_GPUS)
    assert cost.unit == "GPU"
    assert cost.spent == pytest.approx(5.8)
    # 0.1 hours an iteration, an evaluation of 0.2: twice 2 + 3 + 0.2.
    assert cost.naive == pytest.approx(10.4)
    assert cost.saved_by_stopping == pytest.approx(2.0)
    assert cost.saved_by_sharing == pytest.approx(10.4 - 5.8 - 2.0)


def test_trials_that_were_found_cost_nothing() -> None:
    cost = summarise([], {0: 30}, 30, shared_hours=0.0, resources=TWO_GPUS)
    assert (cost.spent, cost.naive) == (0.0, 0.0)
