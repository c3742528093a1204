"""One training step, measured: CPU seconds of its parts, memory, floating-point work."""

import re
import time
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.training.contender import Contender

RATE = 1e-5
"""Learning rate: small, so that no network runs away."""


class PartClock:
    """CPU seconds inside parts of a model, since the last `take`."""

    def __init__(self, contender: Contender) -> None:
        self._spent: dict[str, float] = dict.fromkeys(contender.parts, 0.0)
        self._began = 0.0
        for name, part in contender.parts.items():
            part.register_forward_pre_hook(self._begin)
            part.register_forward_hook(lambda *_, name=name: self._end(name), always_call=True)

    def _begin(self, *_: Any) -> None:
        self._began = time.process_time()

    def _end(self, name: str) -> None:
        self._spent[name] += time.process_time() - self._began

    def take(self) -> dict[str, float]:
        """By part; the clock starts anew."""
        spent = self._spent
        self._spent = dict.fromkeys(spent, 0.0)
        return spent


def measured_steps(contender: Contender, count: int, counted: bool) -> dict[str, Any]:
    """Figures of a process that trains: `steps`, CPU seconds of the parts of each step after a
    first one; `peak_mb`; and of that first one, if it is `counted`, what `counted_step` gives."""
    optimizer = _optimizer(contender)
    found: dict[str, Any] = {}
    if counted:
        found |= counted_step(contender)
        optimizer.step()
    clock = PartClock(contender)
    if not counted:
        _one_step(contender, optimizer, clock)
    found["steps"] = [_one_step(contender, optimizer, clock) for _ in range(count)]
    found["peak_mb"] = peak_mb()
    return found


def _optimizer(contender: Contender) -> torch.optim.Optimizer:
    learning = [p for p in contender.model.parameters() if p.requires_grad]
    return torch.optim.SGD(learning, lr=RATE, momentum=0.9, weight_decay=1e-4)


def _one_step(
    contender: Contender, optimizer: torch.optim.Optimizer, clock: PartClock
) -> dict[str, float]:
    times = [time.process_time()]
    batch = next(contender.batches)
    times.append(time.process_time())
    loss = torch.stack([*contender.losses(batch).values()]).sum()
    times.append(time.process_time())
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    times.append(time.process_time())
    if contender.clips:
        nn.utils.clip_grad_norm_(contender.model.parameters(), float("inf"))
    optimizer.step()
    times.append(time.process_time())
    data, forward, backward, update = (b - a for a, b in pairwise(times))
    parts = clock.take()
    return {
        "data": data,
        **parts,
        "rest of forward": forward - sum(parts.values()),
        "backward": backward,
        "optimizer": update,
        "step": times[-1] - times[0],
    }


class KeptByHeads:
    """Bytes that autograd keeps of what happens inside the heads, each memory once.

    Their inputs and all parameters are not counted: they are there anyhow.
    """

    def __init__(self, contender: Contender) -> None:
        self.bytes: dict[int, int] = {}
        self._known = {_memory(parameter) for parameter in contender.model.parameters()}
        self._hooks = saved_tensors_hooks(self._keep, lambda tensor: tensor)
        heads = contender.parts["heads"]
        self._handles = [
            heads.register_forward_pre_hook(self._enter),
            heads.register_forward_hook(self._leave),
        ]

    def remove(self) -> None:
        """Count no more."""
        for handle in self._handles:
            handle.remove()

    def _enter(self, _: nn.Module, given: tuple[Any, ...]) -> None:
        levels = next(of for of in given if isinstance(of, Mapping))
        self._known |= {_memory(level) for level in levels.values()}
        self._hooks.__enter__()

    def _leave(self, *_: Any) -> None:
        self._hooks.__exit__(None, None, None)

    def _keep(self, tensor: Tensor) -> Tensor:
        if _memory(tensor) not in self._known:
            self.bytes[_memory(tensor)] = tensor.untyped_storage().nbytes()
        return tensor


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def counted_step(contender: Contender) -> dict[str, float]:
    """Of a step, without its update: megabytes that the heads keep for the backward pass, RoIs
    that the first mask head learns from, and floating-point work of forward and backward."""
    kept, rois = KeptByHeads(contender), list[int]()
    handle = contender.mask_convolutions.register_forward_pre_hook(
        lambda _, given: rois.append(len(given[0]))
    )
    with FlopCounterMode(display=False) as counter:
        losses = contender.losses(next(contender.batches))
        torch.stack([*losses.values()]).sum().backward()  # type: ignore[no-untyped-call]
    kept.remove()
    handle.remove()
    return {
        "heads_keep_mb": sum(kept.bytes.values()) / 2**20,
        "mask_rois": float(rois[0]),
        "gflop": counter.get_total_flops() / 1e9,
    }


def peak_mb() -> float:
    """Highest resident memory of this process; getrusage would count its parent's too."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None, "the benchmark reads Linux's /proc"
    return int(found[1]) / 1024
