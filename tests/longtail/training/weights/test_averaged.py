"""The average of the weights that learn: its formula, what it leaves alone, what a stage leaves."""

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast, get_args

import pytest
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from longtail.config.classifiers import Softmax
from longtail.config.stages import Part, Stage
from longtail.data.loading.batches import TrainingBatch
from longtail.engines.base import Engine
from longtail.training.checkpoints import Checkpoint, final_checkpoint
from longtail.training.determinism import seed_step
from longtail.training.job import StageJob
from longtail.training.journal import JOURNAL
from longtail.training.loop import Learner, train
from longtail.training.optimizers import build_optimizer
from longtail.training.stage import train_stage
from longtail.training.weights.averaged import AveragedWeights, learning_weights
from longtail.training.weights.freezing import freeze

CPU = torch.device("cpu")
DECAY = 0.75


def averaging(job: StageJob, decay: float | None = DECAY) -> StageJob:
    *before, last = job.variant.stages
    stages = (*before, last.replace(ema_decay=decay))
    return replace(job, variant=job.variant.replace(stages=stages))


def trained(job: StageJob, step: int = 6) -> Checkpoint:
    torch.set_num_threads(1)
    train_stage(replace(job, until=step), rank=0, world_size=1, device=CPU)
    return Checkpoint(final_checkpoint(job.directory, step))


def test_two_steps_by_hand() -> None:
    weight = torch.tensor([1.0, -2.0])
    averaged = AveragedWeights({"w": weight}, decay=0.75)
    assert averaged.average["w"].tolist() == [1.0, -2.0]
    weight.copy_(torch.tensor([3.0, -2.0]))
    averaged.update()
    # 0.75 * 1 + 0.25 * 3
    assert averaged.average["w"].tolist() == [1.5, -2.0]
    weight.copy_(torch.tensor([3.5, 6.0]))
    averaged.update()
    # 0.75 * 1.5 + 0.25 * 3.5 and 0.75 * -2 + 0.25 * 6
    assert averaged.average["w"].tolist() == [2.0, 0.0]
    assert averaged.learning["w"].tolist() == [3.5, 6.0]


def test_the_usual_decay_keeps_the_share_of_the_start_that_it_says() -> None:
    """0.9998^1000 of a start at 1, with weights at 0 ever after."""
    weight = torch.ones(1)
    averaged = AveragedWeights({"w": weight}, decay=0.9998)
    weight.zero_()
    for _ in range(1000):
        averaged.update()
    assert averaged.average["w"].item() == pytest.approx(0.81872, abs=1e-4)


def test_an_average_goes_on_from_what_was_kept() -> None:
    weight = torch.ones(2)
    averaged = AveragedWeights({"w": weight}, decay=0.5)
    averaged.load({"w": torch.tensor([0.0, 4.0]), "frozen": torch.zeros(7)})
    averaged.update()
    assert averaged.average["w"].tolist() == [0.5, 2.5]


def test_the_loop_averages_as_torch_does_and_no_buffers(
    engine: nn.Module, stage: Stage, batches_from: Callable[[int], Iterator[TrainingBatch]]
) -> None:
    """Against torch's averaged model with the formula spelt out, whose buffers are the last."""
    freeze(cast(Engine, engine), ("backbone",))
    optimizer = build_optimizer(stage.optimizer, engine)
    learning = learning_weights(cast(Engine, engine), optimizer)
    assert set(learning) == {"head.weight", "head.bias"}
    ours = AveragedWeights(learning, DECAY)
    theirs = AveragedModel(engine, avg_fn=lambda mean, new, _: DECAY * mean + (1 - DECAY) * new)
    # Its first update would replace the start.
    cast(Tensor, theirs.n_averaged).fill_(1)
    optimizer.register_step_post_hook(lambda *_: theirs.update_parameters(engine))
    train(
        engine,
        [Learner(stage, optimizer, journal=None, average=ours)],
        batches_from(0),
        first_step=0,
        last_step=6,
        device=CPU,
        seed_step=lambda step: seed_step(0, 0, step, 0),
        save=lambda *_: None,
        should_stop=lambda: False,
    )
    left = {**engine.state_dict(), **ours.average}
    expected = theirs.module.state_dict()
    assert left.keys() == expected.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(left[name], tensor, rtol=1e-6, atol=1e-7)
    assert not torch.equal(left["head.weight"], engine.state_dict()["head.weight"])
    assert left["body.1.num_batches_tracked"] == 6


@pytest.mark.parametrize("engine_name", ["torchvision", "detectron2"])
def test_averaging_changes_the_result_and_nothing_of_the_training(
    job: StageJob, engine_name: str
) -> None:
    if engine_name == "detectron2":
        pytest.importorskip("detectron2")
    detector = job.variant.detector.override({"engine": engine_name})
    job = replace(job, variant=job.variant.replace(detector=detector))
    alone = trained(job, step=2).weights()
    elsewhere = averaging(replace(job, directory=job.directory.with_name("averaging")))
    checkpoint = trained(elsewhere, step=2)
    learning = checkpoint.learning()
    assert learning is not None and trained(job, step=2).learning() is None
    weights = checkpoint.weights()
    assert weights.keys() == alone.keys()
    assert all(torch.equal(tensor, alone[name]) for name, tensor in learning.items())
    assert all(torch.equal(weights[name], alone[name]) for name in alone.keys() - learning.keys())
    # Batch norms before a scale of zero learn nothing at first.
    differing = sum(not torch.equal(weights[name], alone[name]) for name in learning)
    assert differing > 0.9 * len(learning)


def test_a_later_stage_averages_what_it_learns_from_where_it_starts(
    job: StageJob, toy_stage: Stage
) -> None:
    first = averaging(
        replace(job, variant=job.variant.replace(stages=(toy_stage.replace(classifier=Softmax()),)))
    )
    before = trained(first)
    head = first.config.replace(
        freeze=tuple(part for part in get_args(Part) if part != "classifier"), ema_decay=DECAY
    )
    second = replace(
        first,
        variant=first.variant.replace(stages=(first.config, head)),
        stage=1,
        directory=job.directory.with_name("second"),
        initial_weights=before.path,
    )
    after = trained(second, step=1)
    start, weights, learning = before.weights(), after.weights(), after.learning()
    assert learning is not None
    assert set(learning) == {f"roi_heads.classifier.linear.{kind}" for kind in ("weight", "bias")}
    for name, tensor in learning.items():
        mean = DECAY * start[name] + (1 - DECAY) * tensor
        torch.testing.assert_close(weights[name], mean, rtol=1e-6, atol=1e-8)
    assert all(torch.equal(weights[name], start[name]) for name in start.keys() - learning.keys())
    opened = json.loads((second.directory / JOURNAL).read_text().splitlines()[0])
    assert opened["ema_decay"] == DECAY and len(opened["frozen_sha256"]) == 64


@pytest.mark.parametrize(("decay", "warned"), [(0.9, True), (0.4, False)])
def test_a_memory_longer_than_the_stage_is_warned_of(
    job: StageJob, decay: float, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        trained(averaging(job, decay), step=1)
    assert ("the average keeps 53% of the weights" in caplog.text) is warned


@pytest.mark.parametrize("kept", [None, {"w": torch.ones(2)}])
def test_a_checkpoint_has_a_file_more_only_where_weights_are_averaged(
    tmp_path: Path, kept: dict[str, Any] | None
) -> None:
    from longtail.training.checkpoints import TrainingState, find_damage, save_checkpoint

    state = TrainingState(1, 0, 0, (1,), (1,), (1,), {})
    path = save_checkpoint(tmp_path, {"w": torch.zeros(2)}, {}, state, kept)
    file = path / "learning.pt"
    assert file.exists() is (kept is not None)
    if kept is None:
        file.write_bytes(b"of another one")
        assert find_damage(path) == "SHA-256 of learning.pt differs from manifest.json"
        return
    content = file.read_bytes()
    file.write_bytes(content[:-1])
    assert find_damage(path) == "SHA-256 of learning.pt differs from manifest.json"
    file.unlink()
    assert find_damage(path) == "learning.pt missing"
    file.write_bytes(content)
    assert find_damage(path) is None
