"""What runs in every rank of a worker group: task after task in one process."""

import gc
import sys
import traceback
from typing import Any

import psutil
import ray
import ray.train
from ray import cloudpickle

from longtail.caches import settle_caches
from longtail.cluster.pool.tasks import Task, Work
from longtail.cluster.pool.work_queue import END


def serve(config: dict[str, Any]) -> None:
    """Ask for tasks and do them, until told to leave.

    A rank that raises takes its group with it: its peers may wait for it in a collective, and an
    error of a device leaves the process unfit. Only bad input that one rank alone has is harmless.

    Args:
        config: `queue`, the handle of the work queue; `slot` and `group` of this worker group;
            `memory_limit`, private bytes that a rank may keep.
    """
    # On another machine than the driver's, there may be no place for compiled kernels.
    settle_caches()
    queue, address = config["queue"], (config["slot"], config["group"])
    context = ray.train.get_context()
    rank, world_size = context.get_world_rank(), context.get_world_size()
    ray.get(queue.begin.remote(*address, ray.util.get_current_placement_group()))
    after = ""
    while True:
        task: Task | str = ray.get(queue.next_task.remote(*address, after))
        if task == END:
            return
        assert isinstance(task, Task)
        after = task.id
        try:
            work: Work = cloudpickle.loads(task.work)
            value: bytes = cloudpickle.dumps(work(rank, world_size))  # type: ignore[no-untyped-call]
        except Exception as error:
            is_final = isinstance(error, ValueError)
            text = _text(error)
            ray.get(queue.failed.remote(*address, task.id, text, is_final=is_final))
            if is_final and world_size == 1:
                continue
            raise
        ray.get(
            queue.finished.remote(
                *address,
                task.id,
                rank=rank,
                world_size=world_size,
                value=value,
                is_too_large=_is_too_large(config["memory_limit"]),
            )
        )


def _text(error: Exception) -> str:
    """What the user is told: bad input explains itself, all else needs its place in the code."""
    if isinstance(error, ValueError):
        return f"{type(error).__name__}: {error}"
    return traceback.format_exc().strip()


def _is_too_large(limit: float) -> bool:
    """Whether a task left more private memory than is allowed. Garbage is looked for, which takes
    a quarter of a second, only where it matters: beyond the limit, or on a GPU whose memory a
    neighbour may want."""
    torch = sys.modules.get("torch")
    on_gpu = torch is not None and torch.cuda.is_initialized()
    if on_gpu or _private_bytes() > limit:
        gc.collect()
    if torch is not None and on_gpu:
        torch.cuda.empty_cache()
    return _private_bytes() > limit


def _private_bytes() -> int:
    """Memory of this process alone, without the pages of mapped annotation files."""
    memory = psutil.Process().memory_info()
    return int(memory.rss - memory.shared)
