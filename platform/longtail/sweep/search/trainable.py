"""What Ray Tune runs as a trial: it asks for one rung after the other and reports each.

The work itself is done by the driver's `TrialServer`, which sees all trials and can train several
of them in one pass. Tune's scheduler ends a trial in `tune.report`.
"""

from collections.abc import Sequence
from typing import Any

import ray
from ray import tune

from longtail.sweep.search.rung_requests import RungRequest, RungResult

ITERATION = "iteration"
"""Reported: iterations of the last stage; what schedulers measure time by."""


class TrialFailedError(RuntimeError):
    """A trial could not be trained or evaluated."""


def run_trial(config: dict[str, Any], rung_requests: Any, rungs: Sequence[int]) -> None:
    """Ask for the rungs, one after the other.

    Args:
        config: What Tune chose.
        rung_requests: Handle of the `RungRequests`.
        rungs: Iterations of the last stage, rising.

    Raises:
        TrialFailedError: The driver says why.
    """
    trial = tune.get_context().get_trial_id()
    step = 0
    while step < rungs[-1]:
        next_rung = next(rung for rung in rungs if rung > step)
        request = RungRequest(trial, config, next_rung)
        result: RungResult = ray.get(rung_requests.ask.remote(request))
        if result.error is not None:
            raise TrialFailedError(result.error)
        step = result.step
        tune.report({ITERATION: step, **result.metrics})
