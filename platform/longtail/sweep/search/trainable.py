"""What Ray Tune runs as a trial: it asks for one rung after the other and reports each.

The work itself is done by the driver's foreman, which sees all trials and can train several of them
in one pass. Tune's scheduler ends a trial in `tune.report`.
"""

from collections.abc import Sequence
from typing import Any

import ray
from ray import tune

from longtail.sweep.search.rung_requests import Answer, Ask

ITERATION = "iteration"
"""Reported: iterations of the last stage; what schedulers measure time by."""


class TrialFailedError(RuntimeError):
    """A trial could not be trained or evaluated."""


def run_trial(config: dict[str, Any], mailbox: Any, rungs: Sequence[int]) -> None:
    """Climb the rungs.

    Args:
        config: What Tune chose.
        mailbox: Handle of the `Mailbox`.
        rungs: Iterations of the last stage, rising.

    Raises:
        TrialFailedError: The driver says why.
    """
    trial = tune.get_context().get_trial_id()
    step = 0
    while step < rungs[-1]:
        next_rung = next(rung for rung in rungs if rung > step)
        answer: Answer = ray.get(mailbox.ask.remote(Ask(trial, config, next_rung)))
        if answer.error is not None:
            raise TrialFailedError(answer.error)
        step = answer.step
        tune.report({ITERATION: step, **answer.metrics})
