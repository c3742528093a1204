"""A checkpoint that one engine trained, in the other."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torchvision.ops import box_iou

from longtail.config.detector import Detector
from longtail.data.loading.sample import Sample
from longtail.training.checkpoints import Checkpoint, TrainingState, save_checkpoint
from longtail.training.weights.initial import part_names

pytest.importorskip("detectron2", reason="detectron2 is not installed: nothing to exchange with")

ENGINES = ("torchvision", "detectron2")
STEPS = 12


def _train(engine: Any, samples: list[Sample], optimizer: torch.optim.Optimizer) -> float:
    engine.train()
    for step in range(STEPS):
        torch.manual_seed(step)
        loss = torch.stack(list(engine(samples).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


def _optimizer(engine: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD(engine.parameters(), lr=0.02, momentum=0.9)


@pytest.mark.slow
@pytest.mark.parametrize("trained", ENGINES)
def test_checkpoint_of_one_engine_predicts_alike_and_trains_on_in_the_other(
    make_engine: Callable[..., Any],
    make_sample: Callable[..., Sample],
    detector: Detector,
    tmp_path: Path,
    trained: str,
) -> None:
    other_name = ENGINES[1 - ENGINES.index(trained)]
    samples = [make_sample(0), make_sample(1, height=60, width=90)]
    images = [sample.image for sample in samples]
    engine, other = make_engine(engine=trained), make_engine(seed=1, engine=other_name)
    optimizer = _optimizer(engine)
    first_loss = _train(engine, samples, optimizer)
    state = TrainingState(
        step=STEPS,
        epoch=0,
        position=0,
        category_ids=tuple(range(6)),
        image_count=(1,) * 6,
        instance_count=(1,) * 6,
        parts=part_names(engine),
    )
    path = save_checkpoint(tmp_path, engine.state_dict(), optimizer.state_dict(), state)

    other.load_state_dict(Checkpoint(path).weights(), strict=True)
    for mine, theirs in zip(
        engine.eval().predict(images), other.eval().predict(images), strict=True
    ):
        assert len(mine.boxes) == len(theirs.boxes) > 0
        best = box_iou(mine.boxes, theirs.boxes).max(dim=1).values
        assert best.mean() > 0.999
        assert (mine.score_box - theirs.score_box).abs().max() < 1e-4

    # The optimizer's state fits too: a run can change its engine and go on.
    continued = _optimizer(other)
    continued.load_state_dict(Checkpoint(path).optimizer())
    losses = _train(engine, samples, optimizer), _train(other, samples, continued)
    assert losses[0] < first_loss
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)
    engine.load_state_dict(other.state_dict(), strict=True)
