"""The training loop."""

import math
import time
from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, distributed, nn

from longtail.config.stages import LossWeights, Stage
from longtail.data.loading import TrainingBatch
from longtail.training.journal import Journal
from longtail.training.optimizers import lr_at, set_learning_rate


class TrainingDivergedError(ValueError):
    """A loss or the gradient became infinite or NaN; that step changed no weight."""


def train(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: Iterator[TrainingBatch],
    stage: Stage,
    *,
    first_step: int,
    device: torch.device,
    seed_step: Callable[[int], None],
    journal: Journal | None,
    save: Callable[[int, TrainingBatch], None],
    should_stop: Callable[[], bool],
) -> int:
    """Train from `first_step` to the stage's last iteration, or until told to stop.

    A journal line is also written at every checkpoint, so that a resumed run averages its losses
    over the same steps as one that never stopped.

    Args:
        model: Returns the losses of samples; may be wrapped for distributed training.
        optimizer: Holds the parameters that learn.
        batches: This rank's batches from `first_step` on.
        stage: The stage's configuration.
        first_step: Optimizer steps already done.
        device: Where the model is.
        seed_step: Seeds the randomness of a step.
        journal: Gets the metric lines; None on ranks that do not write.
        save: Writes a checkpoint after so many steps and this batch, on the rank that writes.
        should_stop: Says that this rank is about to be taken away; one is enough to stop all.

    Returns:
        Optimizer steps done.

    Raises:
        TrainingDivergedError: A loss or the gradient is not finite; raised on every rank at once.
    """
    schedule = stage.schedule
    learnable = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    mixed = stage.mixed_precision and device.type == "cuda"
    means = RunningMeans()
    for step in range(first_step, schedule.iterations):
        batch = next(batches)
        seed_step(step)
        rate = lr_at(step, schedule, stage.optimizer.base_lr)
        set_learning_rate(optimizer, rate)

        with torch.autocast(device.type, torch.bfloat16, enabled=mixed):
            losses: dict[str, Tensor] = model(batch.samples)
        loss = weighted_sum(losses, stage.loss_weights)
        values, stopping = agree(loss, losses, should_stop())
        _require_finite(step, values)

        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(learnable, stage.clip_gradient_norm or math.inf).item()
        _require_finite(step, {"gradient_norm": norm})
        optimizer.step()

        means.add({**values, "gradient_norm": norm})
        done = step + 1
        saving = stopping or done % schedule.checkpoint_every == 0 or done == schedule.iterations
        if journal and (saving or done % schedule.log_every == 0):
            speed = means.steps_per_second() * schedule.images_per_step
            extra = {"train/lr": rate, "train/images_per_second": speed}
            journal.append(done, means.take() | extra)
        if saving:
            save(done, batch)
        if stopping:
            return done
    return schedule.iterations


def weighted_sum(losses: Mapping[str, Tensor], weights: LossWeights) -> Tensor:
    """The loss that is minimised."""
    factors = weights.model_dump()
    return torch.stack([factors[name] * loss.float() for name, loss in losses.items()]).sum()


def agree(
    loss: Tensor, losses: Mapping[str, Tensor], stopping: bool
) -> tuple[dict[str, float], bool]:
    """Average the losses over all ranks, and stop if any rank wants to.

    A value that is not finite on one rank is not finite in the average, so that every rank sees it.
    One transfer from the device per step serves all of it.

    Returns:
        `loss` and `loss_<name>` as numbers, and whether to stop.
    """
    terms = [loss, *losses.values(), loss.new_tensor(float(stopping))]
    values = torch.stack([term.detach().float() for term in terms])
    if distributed.is_available() and distributed.is_initialized():
        distributed.all_reduce(values)
        values /= distributed.get_world_size()
    *numbers, any_stopping = values.tolist()
    names = ["loss", *(f"loss_{name}" for name in losses)]
    return dict(zip(names, numbers, strict=True)), any_stopping > 0


class RunningMeans:
    """Means of named values, and the speed, since the last `take`."""

    def __init__(self) -> None:
        self._restart()

    def add(self, values: Mapping[str, float]) -> None:
        """Count one step in."""
        self._steps += 1
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0.0) + value

    def steps_per_second(self) -> float:
        """Speed of the steps counted, by the wall clock."""
        return self._steps / (time.perf_counter() - self._since)

    def take(self) -> dict[str, float]:
        """The means as `train/<name>`; counting starts anew."""
        means = {f"train/{name}": total / self._steps for name, total in self._sums.items()}
        self._restart()
        return means

    def _restart(self) -> None:
        self._steps = 0
        self._sums: dict[str, float] = {}
        self._since = time.perf_counter()


def _require_finite(step: int, values: Mapping[str, float]) -> None:
    if all(math.isfinite(value) for value in values.values()):
        return
    listed = ", ".join(f"{name} {value:g}" for name, value in values.items())
    raise TrainingDivergedError(
        f"training diverged at step {step}: {listed}. The last checkpoint is sound; lower"
        " optimizer.base_lr, lengthen schedule.warmup_iterations or set clip_gradient_norm"
    )
