"""The training loop."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, distributed, nn

from longtail.config.stages import LossWeights, Stage
from longtail.data.loading.batches import TrainingBatch
from longtail.training.journal import Journal
from longtail.training.optimizers import lr_at, set_learning_rate
from longtail.training.peak_memory import PeakMemory
from longtail.training.weights.averaged import AveragedWeights


class TrainingDivergedError(ValueError):
    """A loss or the gradient became infinite or NaN; that step changed no weight."""


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


@dataclass(eq=False)
class Learner:
    """What learns by itself in a pass over the data. Most passes have one.

    Attributes:
        stage: Its configuration.
        optimizer: Holds the parameters that learn.
        journal: Gets the metric lines; None on ranks that do not write.
        average: Of its weights; None where they are not averaged.
        diverged: Why it stopped; None while it learns.
        means: Of its losses since its last line.
    """

    stage: Stage
    optimizer: torch.optim.Optimizer
    journal: Journal | None
    average: AveragedWeights | None = None
    diverged: TrainingDivergedError | None = None
    means: RunningMeans = field(default_factory=RunningMeans)

    def rate_at(self, step: int) -> float:
        """The learning rate of a step."""
        return lr_at(step, self.stage.schedule, self.stage.optimizer.base_lr)


def train(
    model: nn.Module,
    learners: Sequence[Learner],
    batches: Iterator[TrainingBatch],
    *,
    first_step: int,
    last_step: int,
    device: torch.device,
    seed_step: Callable[[int], None],
    save: Callable[[int, TrainingBatch], None],
    should_stop: Callable[[], bool],
) -> int:
    """Train from `first_step` to `last_step`, or until told to stop.

    A journal line is also written at every checkpoint, so that a resumed run averages its losses
    over the same steps as one that never stopped. A learner that diverges stops alone.

    Args:
        model: Returns the losses of samples; may be wrapped for distributed training. A loss that
            every learner has for itself holds one value for each, in the order of the learners.
        learners: Their stages agree in schedule, loss weights and precision; no parameter is in two
            of them.
        batches: This rank's batches from `first_step` on.
        first_step: Optimizer steps already done.
        last_step: Optimizer steps to have done in the end, at most those of the schedule.
        device: Where the model is.
        seed_step: Seeds the randomness of a step.
        save: Writes checkpoints after so many steps and this batch, on the rank that writes.
        should_stop: Says that this rank is about to be taken away; one is enough to stop all.

    Returns:
        Optimizer steps done.

    Raises:
        TrainingDivergedError: The last learner that was left has a loss or a gradient that is not
            finite; raised on every rank at once.
    """
    stage = learners[0].stage
    schedule = stage.schedule
    mixed = stage.mixed_precision and device.type == "cuda"
    learning = list(learners)
    memory = PeakMemory(device)
    for step in range(first_step, last_step):
        batch = next(batches)
        seed_step(step)

        with torch.autocast(device.type, torch.bfloat16, enabled=mixed):
            losses = of_each(model(batch.samples), len(learners))
        totals = [weighted_sum(own, stage.loss_weights) for own in losses]
        values, stopping = agree(totals, losses, should_stop())
        values_of = dict(zip(learners, values, strict=True))
        learning = _still_finite(step, learning, values_of)

        for learner in learners:
            learner.optimizer.zero_grad()
        torch.stack(totals).sum().backward()  # type: ignore[no-untyped-call]
        norms = clip_gradients(learning)
        learning = _still_finite(step, learning, norms)
        for learner in learning:
            set_learning_rate(learner.optimizer, learner.rate_at(step))
            learner.optimizer.step()
            if learner.average is not None:
                learner.average.update()
            learner.means.add(values_of[learner] | norms[learner])

        done = step + 1
        saving = stopping or done % schedule.checkpoint_every == 0 or done == last_step
        if saving or done % schedule.log_every == 0:
            peaks = memory.take()
            for learner in learning:
                _write_line(learner, done, peaks)
        if saving:
            save(done, batch)
        if stopping:
            return done
    return last_step


def of_each(losses: Mapping[str, Tensor], num_learners: int) -> list[dict[str, Tensor]]:
    """The scalar losses of each learner: its own value where each has one, else the common one."""
    return [
        {name: loss[number] if loss.ndim else loss for name, loss in losses.items()}
        for number in range(num_learners)
    ]


def weighted_sum(losses: Mapping[str, Tensor], weights: LossWeights) -> Tensor:
    """The loss that is minimised."""
    factors = weights.model_dump()
    return torch.stack([factors[name] * loss.float() for name, loss in losses.items()]).sum()


def agree(
    totals: Sequence[Tensor], losses: Sequence[Mapping[str, Tensor]], stopping: bool
) -> tuple[list[dict[str, float]], bool]:
    """Average the losses over all ranks, and stop if any rank wants to.

    A value that is not finite on one rank is not finite in the average, so that every rank sees it.
    One transfer from the device per step serves all of it.

    Args:
        totals: The loss that each learner minimises.
        losses: Its terms, of the same names for each learner.
        stopping: Whether this rank wants to stop.

    Returns:
        `loss` and `loss_<name>` of each learner as numbers, and whether to stop.
    """
    terms = [
        term for total, own in zip(totals, losses, strict=True) for term in (total, *own.values())
    ]
    values = torch.stack([term.detach().float() for term in terms])
    values = torch.cat([values, values.new_tensor([float(stopping)])])
    if distributed.is_available() and distributed.is_initialized():
        distributed.all_reduce(values)
        values /= distributed.get_world_size()
    *numbers, any_stopping = values.tolist()
    names = ["loss", *(f"loss_{name}" for name in losses[0])]
    rows = [numbers[first : first + len(names)] for first in range(0, len(numbers), len(names))]
    return [dict(zip(names, row, strict=True)) for row in rows], any_stopping > 0


def clip_gradients(learners: Sequence[Learner]) -> dict[Learner, dict[str, float]]:
    """Bound each learner's gradient; the norms before that, in one transfer from the device."""
    norms = [
        nn.utils.clip_grad_norm_(
            [tensor for group in learner.optimizer.param_groups for tensor in group["params"]],
            learner.stage.clip_gradient_norm or math.inf,
        )
        for learner in learners
    ]
    values = torch.stack(norms).tolist()
    return {
        learner: {"gradient_norm": norm} for learner, norm in zip(learners, values, strict=True)
    }


def _still_finite(
    step: int, learning: Sequence[Learner], values: Mapping[Learner, Mapping[str, float]]
) -> list[Learner]:
    """The learners whose values are all finite; the others are told why they stop."""
    for learner in learning:
        own = values[learner]
        if not all(math.isfinite(value) for value in own.values()):
            listed = ", ".join(f"{name} {value:g}" for name, value in own.items())
            learner.diverged = TrainingDivergedError(
                f"training diverged at step {step}: {listed}. The last checkpoint is sound; lower"
                " optimizer.base_lr, lengthen schedule.warmup_iterations or set clip_gradient_norm"
            )
    left = [learner for learner in learning if learner.diverged is None]
    if not left and learning[-1].diverged is not None:
        raise learning[-1].diverged
    return left


def _write_line(learner: Learner, done: int, peaks: Mapping[str, float]) -> None:
    if learner.journal is None:
        return
    speed = learner.means.steps_per_second() * learner.stage.schedule.images_per_step
    rates = {"train/lr": learner.rate_at(done - 1), "train/images_per_second": speed}
    learner.journal.append(done, learner.means.take() | rates | dict(peaks))
