"""The work queue: an actor that knows what each worker group is doing.

A module of its own: an actor's process imports the module of its class, and one that imports torch
and ray.train takes 0.7 GB and seconds.

When the actor is killed Ray starts it anew, empty, and makes the calls again that were on their
way. So each call names the group and task that it is about. Of a group that is unknown all ranks
are told to leave, and a driver that asks for an unknown task submits it again. The driver starts a
group only when the one before has ended, so that nothing is worked on twice at a time.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from longtail.cluster.pool.tasks import Outcome, Task

END = "end"
"""Answer to a rank: leave, so that the group ends."""


@dataclass
class _Slot:
    """What is known of one group and its work.

    Attributes:
        task: In flight, from its submission to its outcome.
        taken: Whether a rank of the present group has it.
        failures: Groups that ended over it.
        last_error: What a rank said before its group broke.
        finished: Ranks that did their part.
        value: What rank 0 returned.
        outcomes: That of the last task, by its id.
        group: Name of the present group; empty between groups.
        placement_group: Of that.
        closing: No task is handed out that no rank has yet.
    """

    task: Task | None = None
    taken: bool = False
    failures: int = 0
    last_error: str = ""
    finished: set[int] = field(default_factory=set)
    value: bytes = b""
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    group: str = ""
    placement_group: Any = None
    closing: bool = False
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def settle(self, outcome: Outcome) -> None:
        """End the task in flight."""
        assert self.task is not None
        self.outcomes = {self.task.id: outcome}
        self.task, self.taken = None, False
        self.changed.notify_all()

    def works_on(self, group: str, task_id: str) -> bool:
        """Whether a report is of the present group and task."""
        return self.task is not None and (self.group, self.task.id) == (group, task_id)


class WorkQueue:
    """Actor without resources; each worker group has a slot.

    Args:
        num_slots: How many groups.
        idle_seconds: After so long without a task a group ends and gives its CPUs and GPUs back.
    """

    def __init__(self, num_slots: int, idle_seconds: float) -> None:
        self._slots = [_Slot() for _ in range(num_slots)]
        self._idle_seconds = idle_seconds

    async def submit(self, number: int, task: Task) -> None:
        """Driver: put a task into a slot that has none; the same one again changes nothing."""
        slot = self._slots[number]
        async with slot.changed:
            if task.id in slot.outcomes or (slot.task is not None and slot.task.id == task.id):
                return
            slot.task, slot.taken, slot.failures, slot.last_error = task, False, 0, ""
            slot.finished, slot.value, slot.outcomes = set(), b"", {}
            slot.changed.notify_all()

    async def outcome(self, number: int, task_id: str) -> Outcome | None:
        """Driver: wait for the end of a task; None if it is unknown, then submit it again."""
        slot = self._slots[number]
        async with slot.changed:
            while task_id not in slot.outcomes:
                if slot.task is None or slot.task.id != task_id:
                    return None
                await slot.changed.wait()
            return slot.outcomes[task_id]

    async def open(self, number: int, group: str) -> None:
        """Driver: a group is about to be started."""
        slot = self._slots[number]
        async with slot.changed:
            slot.group, slot.placement_group, slot.closing = group, None, False
            slot.finished, slot.taken = set(), False

    async def close(self, number: int) -> None:
        """Driver: let the group end as soon as it has no task."""
        slot = self._slots[number]
        async with slot.changed:
            slot.closing = True
            slot.changed.notify_all()

    async def ended(self, number: int, group: str, error: str) -> tuple[bool, Any]:
        """Driver: a group is gone; `error` is why, empty if it left by itself.

        Returns:
            Whether a task waits for another group, and the placement group of this one.
        """
        slot = self._slots[number]
        async with slot.changed:
            if slot.group == group:
                slot.group = ""
                if error and slot.task is not None:
                    self._count_failure(slot, slot.last_error or error)
            return slot.task is not None, slot.placement_group

    async def begin(self, number: int, group: str, placement_group: Any) -> None:
        """Every rank, first: where its group is placed."""
        slot = self._slots[number]
        async with slot.changed:
            if slot.group == group:
                slot.placement_group = placement_group

    async def next_task(self, number: int, group: str, after: str) -> Task | str:
        """Every rank: the task that follows the one of id `after`, or `END`.

        What no rank has yet is not handed out while the group closes, so that all ranks leave.
        """
        slot = self._slots[number]
        async with slot.changed:
            while slot.group == group and (slot.taken or not slot.closing):
                if slot.task is not None and slot.task.id != after:
                    slot.taken = True
                    return slot.task
                try:
                    await asyncio.wait_for(slot.changed.wait(), self._idle_seconds)
                except TimeoutError:
                    slot.closing = slot.closing or slot.task is None
                    slot.changed.notify_all()
            return END

    async def finished(
        self,
        number: int,
        group: str,
        task_id: str,
        *,
        rank: int,
        world_size: int,
        value: bytes,
        is_too_large: bool,
    ) -> None:
        """Every rank: its part of a task is done. If its process is too large now, its group ends
        and the next task gets a fresh one."""
        slot = self._slots[number]
        async with slot.changed:
            if not slot.works_on(group, task_id):
                return
            slot.finished.add(rank)
            slot.value = value if rank == 0 else slot.value
            slot.closing = slot.closing or is_too_large
            if len(slot.finished) == world_size:
                slot.settle(Outcome(slot.value))

    async def failed(
        self, number: int, group: str, task_id: str, error: str, *, is_final: bool
    ) -> None:
        """Any rank: its part of a task raised. If not final, its group breaks and another tries."""
        slot = self._slots[number]
        async with slot.changed:
            if slot.works_on(group, task_id):
                slot.last_error = error
                if is_final:
                    slot.settle(Outcome(error=error))

    def _count_failure(self, slot: _Slot, error: str) -> None:
        assert slot.task is not None
        slot.failures, slot.taken, slot.last_error = slot.failures + 1, False, ""
        if slot.failures > slot.task.max_failures:
            slot.settle(Outcome(error=f"{slot.failures} attempts failed, the last with: {error}"))
