"""Where trials, which Ray Tune runs anywhere in the cluster, ask the driver for their next rung."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import ray


@dataclass(frozen=True)
class RungRequest:
    """A trial asks to be trained to a rung, and evaluated there.

    Attributes:
        trial: Ray Tune's id of the trial.
        config: What Tune gave it.
        step: Iterations of its last stage, at least.
    """

    trial: str
    config: dict[str, Any]
    step: int


@dataclass(frozen=True)
class RungResult:
    """What a trial gets.

    Attributes:
        step: Iterations that its last stage was trained: those asked for, or more.
        metrics: Of an evaluation there.
        error: Why it failed; None if it did not.
    """

    step: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    error: str | None = None


class RungRequests:
    """An actor: trials wait in `ask` until the driver answers."""

    def __init__(self) -> None:
        self._new: list[RungRequest] = []
        self._results: dict[str, asyncio.Future[RungResult]] = {}

    async def ask(self, request: RungRequest) -> RungResult:
        """Wait for the result; called by a trial."""
        self._results[request.trial] = asyncio.get_running_loop().create_future()
        self._new.append(request)
        return await self._results[request.trial]

    async def take(self) -> list[RungRequest]:
        """What was asked since the last call; called by the driver."""
        new, self._new = self._new, []
        return new

    async def answer(self, trial: str, result: RungResult) -> None:
        """Let a trial go on; called by the driver."""
        waiting = self._results.pop(trial)
        if not waiting.done():
            waiting.set_result(result)


def start_rung_requests() -> Any:
    """The handle of a new `RungRequests`; it ends with the driver."""
    # A trial may wait as long as its training takes, and all of them at once.
    return ray.remote(RungRequests).options(num_cpus=0, max_concurrency=10_000).remote()
