"""What the work queue answers to its driver and to ranks, without Ray."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from longtail.cluster.pool.tasks import Outcome, Task
from longtail.cluster.pool.work_queue import END, WorkQueue

IDLE = 60.0
ONE = Task("one", b"1", max_failures=1)
TWO = Task("two", b"2", max_failures=1)


def run(script: Coroutine[Any, Any, None]) -> None:
    asyncio.run(script)


async def opened(idle: float = IDLE) -> WorkQueue:
    queue = WorkQueue(1, idle)
    await queue.open(0, "a")
    await queue.begin(0, "a", "placement of a")
    return queue


async def finish(
    queue: WorkQueue, task: Task, rank: int = 0, of: int = 1, is_too_large: bool = False
) -> None:
    await queue.finished(
        0,
        "a",
        task.id,
        rank=rank,
        world_size=of,
        value=f"{task.id} by {rank}".encode(),
        is_too_large=is_too_large,
    )


async def waits(call: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """A call that cannot be answered yet."""
    waiting = asyncio.ensure_future(call)
    for _ in range(10):
        await asyncio.sleep(0)
    assert not waiting.done()
    return waiting


def test_a_rank_that_waits_gets_the_next_task_at_once() -> None:
    async def script() -> None:
        queue = await opened()
        waiting = await waits(queue.next_task(0, "a", ""))
        await queue.submit(0, ONE)
        assert await waiting == ONE
        await finish(queue, ONE)
        assert await queue.outcome(0, "one") == Outcome(b"one by 0")

    run(script())


def test_a_task_is_over_when_every_rank_did_its_part_and_has_the_value_of_the_first() -> None:
    async def script() -> None:
        queue = await opened()
        await queue.submit(0, ONE)
        assert [await queue.next_task(0, "a", "") for _ in range(2)] == [ONE, ONE]
        await finish(queue, ONE, rank=0, of=2)
        outcome = await waits(queue.outcome(0, "one"))
        again = await waits(queue.next_task(0, "a", "one"))
        await finish(queue, ONE, rank=1, of=2)
        assert await outcome == Outcome(b"one by 0")
        await queue.submit(0, TWO)
        assert await again == TWO

    run(script())


def test_the_same_submission_again_changes_nothing() -> None:
    async def script() -> None:
        queue = await opened()
        await queue.submit(0, ONE)
        await queue.next_task(0, "a", "")
        await queue.submit(0, ONE)
        await finish(queue, ONE)
        await queue.submit(0, ONE)
        assert await queue.outcome(0, "one") == Outcome(b"one by 0")
        assert await queue.ended(0, "a", "") == (False, "placement of a")

    run(script())


def test_a_group_that_breaks_is_a_failure_and_the_next_one_gets_the_same_task() -> None:
    async def script() -> None:
        queue = await opened()
        await queue.submit(0, ONE)
        await queue.next_task(0, "a", "")
        assert await queue.ended(0, "a", "killed") == (True, "placement of a")
        await queue.open(0, "b")
        assert await queue.next_task(0, "b", "") == ONE
        assert await queue.ended(0, "b", "killed again") == (False, None)
        error = "2 attempts failed, the last with: killed again"
        assert await queue.outcome(0, "one") == Outcome(error=error)

    run(script())


def test_failures_are_counted_by_task_not_over_the_life_of_a_slot() -> None:
    async def script() -> None:
        queue = await opened()
        for task in (ONE, TWO):
            await queue.submit(0, task)
            await queue.next_task(0, "a", "")
            await queue.ended(0, "a", "killed")
            await queue.open(0, "a")
            assert await queue.next_task(0, "a", "") == task
            await finish(queue, task)
            assert (await queue.outcome(0, task.id) or Outcome()).error is None

    run(script())


def test_what_a_rank_said_is_told_rather_than_that_its_group_broke() -> None:
    async def script() -> None:
        queue = await opened()
        for _ in range(2):
            await queue.submit(0, ONE)
            await queue.next_task(0, "a", "")
            await queue.failed(0, "a", "one", "out of memory", is_final=False)
            await queue.ended(0, "a", "training failed")
            await queue.open(0, "a")
        error = "2 attempts failed, the last with: out of memory"
        assert await queue.outcome(0, "one") == Outcome(error=error)

    run(script())


def test_bad_input_is_final() -> None:
    async def script() -> None:
        queue = await opened()
        await queue.submit(0, ONE)
        await queue.next_task(0, "a", "")
        await queue.failed(0, "a", "one", "no such file", is_final=True)
        assert await queue.outcome(0, "one") == Outcome(error="no such file")
        await queue.submit(0, TWO)
        assert await queue.next_task(0, "a", "one") == TWO

    run(script())


def test_a_group_of_before_is_sent_away_and_its_reports_count_for_nothing() -> None:
    async def script() -> None:
        queue = await opened()
        await queue.submit(0, ONE)
        await queue.next_task(0, "a", "")
        await queue.ended(0, "a", "killed")
        await queue.open(0, "b")
        assert await queue.next_task(0, "a", "") == END
        await finish(queue, ONE)
        await queue.failed(0, "a", "one", "late", is_final=True)
        await waits(queue.outcome(0, "one"))
        assert await queue.next_task(0, "b", "") == ONE

    run(script())


def test_a_group_that_asks_for_nothing_for_long_leaves() -> None:
    async def script() -> None:
        queue = await opened(idle=0.01)
        assert await queue.next_task(0, "a", "") == END
        await queue.submit(0, ONE)
        assert await queue.next_task(0, "a", "") == END
        assert await queue.ended(0, "a", "") == (True, "placement of a")

    run(script())


def test_ranks_that_wait_for_the_slowest_do_not_count_as_idle() -> None:
    async def script() -> None:
        queue = await opened(idle=0.01)
        await queue.submit(0, ONE)
        await queue.next_task(0, "a", "")
        await finish(queue, ONE, rank=1, of=2)
        early = asyncio.ensure_future(queue.next_task(0, "a", "one"))
        await asyncio.sleep(0.1)
        assert not early.done()
        await finish(queue, ONE, rank=0, of=2)
        await queue.submit(0, TWO)
        assert await early == TWO

    run(script())


@pytest.mark.parametrize("rank", [0, 1])
def test_a_process_that_grew_too_large_takes_its_group_along_after_the_task(rank: int) -> None:
    async def script() -> None:
        queue = await opened()
        await queue.submit(0, ONE)
        await queue.next_task(0, "a", "")
        await finish(queue, ONE, rank, of=2, is_too_large=True)
        # The other rank has not even begun, and must not be left alone.
        assert await queue.next_task(0, "a", "") == ONE
        await finish(queue, ONE, 1 - rank, of=2)
        await queue.submit(0, TWO)
        assert await queue.next_task(0, "a", "one") == END
        assert await queue.ended(0, "a", "") == (True, "placement of a")
        await queue.open(0, "b")
        assert await queue.next_task(0, "b", "") == TWO

    run(script())


def test_a_closed_group_leaves_when_its_task_is_done() -> None:
    async def script() -> None:
        queue = await opened()
        await queue.submit(0, ONE)
        await queue.next_task(0, "a", "")
        await queue.close(0)
        waiting = await waits(queue.next_task(0, "a", "one"))
        await finish(queue, ONE)
        assert await waiting == END

    run(script())


def test_a_queue_that_was_restarted_has_its_driver_submit_again_and_sends_all_groups_away() -> None:
    async def script() -> None:
        empty = WorkQueue(1, IDLE)
        assert await empty.outcome(0, "one") is None
        await empty.submit(0, ONE)
        assert await empty.next_task(0, "a", "") == END
        await finish(empty, ONE)
        assert await empty.ended(0, "a", "") == (True, None)
        await empty.open(0, "b")
        assert await empty.next_task(0, "b", "") == ONE

    run(script())
