"""Schedulers that go on where an earlier run left them."""

import ast
import inspect
from dataclasses import replace
from types import ModuleType
from typing import Any, cast

import pytest
from ray.tune.execution.tune_controller import TuneController
from ray.tune.experiment import Trial as TuneTrial
from ray.tune.schedulers import TrialScheduler, async_hyperband, median_stopping_rule
from support.sweep_scene import LAMBDA, sweep_of

from longtail.config.search_space import LogUniform
from longtail.sweep.request import Scheduler, Sweep
from longtail.sweep.search.early_stopping import _Idle, _Past, build_scheduler
from longtail.sweep.trial import Rung, Trial

ITERATIONS = 900


def sweep(scheduler: Scheduler) -> Sweep:
    made = replace(sweep_of({LAMBDA: LogUniform(1e-4, 1e-1)}), scheduler=scheduler)
    return replace(
        made,
        base=made.base.override(
            {"stages.1.schedule.iterations": ITERATIONS, "stages.1.schedule.warmup_iterations": 0}
        ),
    )


def trial(number: int, values: list[float]) -> Trial:
    curve = [Rung(step, {"AP": ap}) for step, ap in zip((100, 300, 900), values, strict=False)]
    return Trial(number, {}, "stopped" if len(curve) < 3 else "finished", curve, "", "", 0.0)


PAST = [
    trial(0, [0.10, 0.20, 0.30]),
    trial(1, [0.11, 0.21, 0.31]),
    trial(2, [0.12, 0.22, 0.32]),
    trial(3, [0.05]),
]


def decision(scheduler: TrialScheduler, value: float) -> str:
    controller = cast(TuneController, _Idle())
    new = cast(TuneTrial, _Past(f"new-{value}"))
    scheduler.on_trial_add(controller, new)
    report: dict[str, Any] = {"iteration": 100, "AP": value}
    return scheduler.on_trial_result(controller, new, report)


@pytest.mark.parametrize("kind", ["asha", "median"])
def test_what_earlier_trials_reached_counts(kind: Scheduler) -> None:
    assert decision(build_scheduler(sweep(kind), PAST), 0.01) == TrialScheduler.STOP
    assert decision(build_scheduler(sweep(kind), PAST), 0.50) == TrialScheduler.CONTINUE
    if kind == "asha":
        # The first one at a rung has nobody to be compared with.
        assert decision(build_scheduler(sweep(kind), []), 0.01) == TrialScheduler.CONTINUE


def test_asha_decides_as_if_it_had_never_been_interrupted() -> None:
    values = [0.10, 0.11, 0.12, 0.05, 0.02, 0.115, 0.3, 0.07]
    whole = build_scheduler(sweep("asha"), [])
    decisions = [decision(whole, value) for value in values]
    for cut in range(1, len(values)):
        # An earlier run's trials ended at the first rung, as the scheduler saw them.
        past = [trial(number, [value]) for number, value in enumerate(values[:cut])]
        resumed = build_scheduler(sweep("asha"), past)
        assert [decision(resumed, value) for value in values[cut:]] == decisions[cut:]


def test_without_a_scheduler_nothing_is_stopped() -> None:
    assert decision(build_scheduler(sweep("none"), PAST), 0.0) == TrialScheduler.CONTINUE


def attributes_of(module: ModuleType, name: str) -> set[str]:
    """What a module's code reads of the objects that it calls so."""
    nodes = ast.walk(ast.parse(inspect.getsource(module)))
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    return {
        node.attr
        for node in attributes
        if isinstance(node.value, ast.Name) and node.value.id == name
    }


@pytest.mark.parametrize("module", [async_hyperband, median_stopping_rule])
def test_schedulers_read_no_more_of_trials_and_controllers_than_the_stand_ins_have(
    module: ModuleType,
) -> None:
    for name, stand_in in (("trial", _Past("t")), ("tune_controller", _Idle())):
        missing = {word for word in attributes_of(module, name) if not hasattr(stand_in, word)}
        assert not missing, (
            f"{module.__name__} of this version of Ray reads {sorted(missing)} of a {name}, which"
            f" {type(stand_in).__name__} in longtail/sweep/search/early_stopping.py does not have:"
            " trials of earlier runs are reported to Ray's schedulers with these stand-ins"
        )


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("on_trial_add", ["tune_controller", "trial"]),
        ("on_trial_result", ["tune_controller", "trial", "result"]),
        ("on_trial_complete", ["tune_controller", "trial", "result"]),
    ],
)
def test_schedulers_are_told_of_trials_by_the_methods_that_we_call(
    method: str, words: list[str]
) -> None:
    for kind in ("asha", "median"):
        found = getattr(build_scheduler(sweep(kind), []), method, None)
        taken = None if found is None else list(inspect.signature(found).parameters)
        assert taken == words, (
            f"the {kind} scheduler of this version of Ray has {method}({taken}), not {words}:"
            " change longtail/sweep/search/early_stopping.py, which reports earlier trials by it"
        )
