"""Where trials, which Ray Tune runs anywhere in the cluster, ask the driver for their next rung."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import ray


@dataclass(frozen=True)
class Ask:
    """What a trial wants.

    Attributes:
        trial: Ray Tune's id of the trial.
        config: What Tune gave it.
        step: Iterations of its last stage, at least.
    """

    trial: str
    config: dict[str, Any]
    step: int


@dataclass(frozen=True)
class Answer:
    """What it gets.

    Attributes:
        step: Iterations that its last stage was trained: those asked for, or more.
        metrics: Of an evaluation there.
        error: Why it failed; None if it did not.
    """

    step: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    error: str | None = None


class Mailbox:
    """An actor: trials wait in `ask` until the driver answers."""

    def __init__(self) -> None:
        self._new: list[Ask] = []
        self._answers: dict[str, asyncio.Future[Answer]] = {}

    async def ask(self, ask: Ask) -> Answer:
        """Wait for the answer; called by a trial."""
        self._answers[ask.trial] = asyncio.get_running_loop().create_future()
        self._new.append(ask)
        return await self._answers[ask.trial]

    async def take(self) -> list[Ask]:
        """What was asked since the last call; called by the driver."""
        new, self._new = self._new, []
        return new

    async def answer(self, trial: str, answer: Answer) -> None:
        """Let a trial go on; called by the driver."""
        waiting = self._answers.pop(trial)
        if not waiting.done():
            waiting.set_result(answer)


def start_mailbox() -> Any:
    """The handle of a new mailbox; it ends with the driver."""
    # A trial may wait as long as its training takes, and all of them at once.
    return ray.remote(Mailbox).options(num_cpus=0, max_concurrency=10_000).remote()
