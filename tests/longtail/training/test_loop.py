import copy
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from longtail.config.stages import LossWeights, Stage
from longtail.data.loading.batches import TrainingBatch
from longtail.data.loading.sample import Sample
from longtail.training.determinism import seed_step
from longtail.training.journal import Journal, read_journal
from longtail.training.loop import Learner, TrainingDivergedError, train, weighted_sum
from longtail.training.optimizers import build_optimizer

BatchesFrom = Callable[[int], Iterator[TrainingBatch]]


@dataclass
class Run:
    """Calls of the loop on the CPU, and what they wrote."""

    model: nn.Module
    stage: Stage
    journal: Path
    saved: list[tuple[int, int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.optimizer = build_optimizer(self.stage.optimizer, self.model)

    def train(
        self,
        batches: Iterator[TrainingBatch],
        first_step: int = 0,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> int:
        return train(
            self.model,
            [Learner(self.stage, self.optimizer, Journal(self.journal))],
            batches,
            first_step=first_step,
            last_step=self.stage.schedule.iterations,
            device=torch.device("cpu"),
            seed_step=lambda step: seed_step(0, 0, step, 0),
            save=lambda step, batch: self.saved.append((step, batch.epoch, batch.position)),
            should_stop=should_stop,
        )

    def values(self, name: str) -> list[float]:
        return [line[name] for line in read_journal(self.journal)]


@pytest.fixture
def run(engine: nn.Module, stage: Stage, tmp_path: Path) -> Run:
    return Run(engine, stage, tmp_path / "metrics.jsonl")


def _lasting(stage: Stage, **changes: Any) -> Stage:
    return stage.replace(schedule=stage.schedule.replace(**changes))


def _weights(model: nn.Module) -> list[Tensor]:
    return [tensor.clone() for tensor in model.state_dict().values()]


def _equal(first: Sequence[Tensor], second: Sequence[Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_all_steps_are_done_and_the_loss_falls(run: Run, batches_from: BatchesFrom) -> None:
    run.stage = _lasting(run.stage, iterations=40, checkpoint_every=40)
    assert run.train(batches_from(0)) == 40
    losses = run.values("train/loss")
    assert sum(losses[-5:]) < 0.5 * sum(losses[:5])


def test_checkpoints_say_where_the_sampler_goes_on(run: Run, batches_from: BatchesFrom) -> None:
    run.train(batches_from(0))
    assert run.saved == [(3, 0, 6), (6, 1, 2)]


def test_a_line_is_written_every_log_every_steps_and_at_checkpoints(
    run: Run, batches_from: BatchesFrom
) -> None:
    run.train(batches_from(0))
    assert run.values("step") == [2, 3, 4, 6]


def test_a_line_holds_the_means_since_the_line_before(
    run: Run, batches_from: BatchesFrom, tmp_path: Path
) -> None:
    every = _lasting(run.stage, log_every=1)
    fine = Run(copy.deepcopy(run.model), every, tmp_path / "fine.jsonl")
    fine.train(batches_from(0))
    run.train(batches_from(0))
    for name in ("train/loss", "train/loss_box", "train/gradient_norm"):
        each = fine.values(name)
        means = [(each[0] + each[1]) / 2, each[2], each[3], (each[4] + each[5]) / 2]
        assert run.values(name) == pytest.approx(means, rel=1e-12)


def test_the_loss_is_the_weighted_sum(run: Run, batches_from: BatchesFrom) -> None:
    run.train(batches_from(0))
    names = ("rpn_objectness", "rpn_box", "classification", "box", "mask")
    parts = [run.values(f"train/loss_{name}") for name in names]
    sums = [a + b + c + d + 0.5 * e for a, b, c, d, e in zip(*parts, strict=True)]
    assert run.values("train/loss") == pytest.approx(sums)


def test_weights_of_zero_leave_a_loss_out() -> None:
    losses = {"classification": torch.tensor(2.0), "mask": torch.tensor(5.0)}
    assert weighted_sum(losses, LossWeights(classification=3.0, mask=0.0)).item() == 6.0


def test_the_rate_of_the_schedule_is_used(run: Run, batches_from: BatchesFrom) -> None:
    run.stage = _lasting(run.stage, log_every=1)
    run.train(batches_from(0))
    assert run.values("train/lr") == pytest.approx([0.01] * 3 + [0.001] * 3)
    # As much as torch alone takes, and no more than a machine has.
    assert all(2**26 < peak < 2**40 for peak in run.values("train/peak_memory_bytes"))


def test_clipping_bounds_the_step(run: Run, batches_from: BatchesFrom) -> None:
    run.stage = _lasting(run.stage, iterations=1).replace(clip_gradient_norm=1e-3)
    before = [parameter.clone() for parameter in run.model.parameters()]
    run.train(batches_from(0))
    moved = [(new - old).detach() for new, old in zip(run.model.parameters(), before, strict=True)]
    assert run.values("train/gradient_norm")[0] > 1e-3
    # The whole move is the rate times the clipped gradient; decay adds 1e-4 of the weights.
    assert math.sqrt(sum(float(m.square().sum()) for m in moved)) < 0.01 * (1e-3 + 1e-4 * 3)


def test_a_loss_that_is_not_finite_stops_before_any_weight_changes(
    run: Run, batches_from: BatchesFrom
) -> None:
    good = next(batches_from(0))
    bad = next(batches_from(1))
    bad.samples[0].image.pixels[0, 0, 0] = math.nan
    before = list(run.model.parameters())
    copies = [parameter.clone() for parameter in before]
    with pytest.raises(TrainingDivergedError, match=r"step 0: loss nan, .* loss_mask nan"):
        run.train(iter([bad, good]))
    assert _equal(before, copies)
    assert run.saved == [] and run.values("step") == []


class Exploding(nn.Module):
    """sqrt(0): the loss is 0 and its gradient infinite."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, samples: Sequence[Sample]) -> dict[str, Tensor]:
        return {"box": self.weight.sqrt().sum()}


def test_a_gradient_that_is_not_finite_stops_too(
    stage: Stage, tmp_path: Path, batches_from: BatchesFrom
) -> None:
    run = Run(Exploding(), stage, tmp_path / "metrics.jsonl")
    with pytest.raises(TrainingDivergedError, match="step 0: gradient_norm inf"):
        run.train(batches_from(0))
    assert run.model.get_parameter("weight").item() == 0.0


def test_being_told_to_stop_saves_where_it_is(run: Run, batches_from: BatchesFrom) -> None:
    calls = count()
    assert run.train(batches_from(0), should_stop=lambda: next(calls) == 1) == 2
    assert run.saved == [(2, 0, 4)]


def test_going_on_gives_the_same_lines_and_weights_as_never_stopping(
    run: Run, batches_from: BatchesFrom, tmp_path: Path
) -> None:
    run.stage = _lasting(run.stage, log_every=4)
    other = Run(copy.deepcopy(run.model), run.stage, tmp_path / "stopped.jsonl")
    run.train(batches_from(0))
    calls = count()
    other.train(batches_from(0), should_stop=lambda: next(calls) == 2)
    torch.rand(100)
    other.train(batches_from(3), first_step=3)
    assert _equal(_weights(run.model), _weights(other.model))
    assert run.values("step") == other.values("step") == [3, 4, 6]
    for name in ("train/loss", "train/gradient_norm", "train/lr"):
        assert run.values(name) == other.values(name)


def test_ranks_that_do_not_write_train_alike(
    run: Run, batches_from: BatchesFrom, tmp_path: Path
) -> None:
    model = copy.deepcopy(run.model)
    run.train(batches_from(0))
    train(
        model,
        [Learner(run.stage, build_optimizer(run.stage.optimizer, model), journal=None)],
        batches_from(0),
        first_step=0,
        last_step=run.stage.schedule.iterations,
        device=torch.device("cpu"),
        seed_step=lambda step: seed_step(0, 0, step, 0),
        save=lambda step, batch: None,
        should_stop=lambda: False,
    )
    assert _equal(_weights(run.model), _weights(model))
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.jsonl"]
