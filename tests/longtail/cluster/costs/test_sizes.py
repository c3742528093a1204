"""Bytes that are expected against those of files that were written."""

from pathlib import Path
from typing import cast, get_args

import numpy as np
import pytest
import torch
from torch import nn

from longtail.cluster.costs.finished import FinishedNode
from longtail.cluster.costs.sizes import (
    DETECTION_BYTES,
    MATCH_BYTES,
    SOFT_MASK_BYTES,
    one_checkpoint,
    prediction_bytes,
)
from longtail.cluster.costs.work import Likeness
from longtail.config.detector import Detector, Timm
from longtail.config.stages import SGD, AdamW, Part, Stage
from longtail.config.variant import Inference
from longtail.engines.base import Engine
from longtail.engines.build import build_engine
from longtail.models.category_statistics import CategoryStatistics
from longtail.training.checkpoints import TrainingState, save_checkpoint
from longtail.training.optimizers import build_optimizer
from longtail.training.weights.averaged import learning_weights
from longtail.training.weights.freezing import freeze

TOY = Detector(backbone=Timm(model="test_resnet"), neck_channels=32)
TRUNK = tuple(part for part in get_args(Part) if part != "classifier")


def toy_engine(stage: Stage, device: str) -> Engine:
    counts = np.ones(6, dtype=np.int64)
    statistics = CategoryStatistics.from_arrays(counts, counts)
    with torch.device(device):
        return build_engine(TOY, stage.classifier, Inference(), statistics)


@pytest.mark.parametrize(
    "stage",
    [
        Stage(),
        Stage(optimizer=SGD(momentum=0.0)),
        Stage(optimizer=AdamW()),
        Stage(freeze=TRUNK),
        Stage(ema_decay=0.999, freeze=("backbone",)),
    ],
    ids=["momentum", "no momentum", "adamw", "a classifier alone", "averaged"],
)
def test_a_checkpoint_is_as_large_as_expected(stage: Stage, tmp_path: Path) -> None:
    engine = toy_engine(stage, "cpu")
    freeze(engine, stage.freeze)
    model = cast(nn.Module, engine)
    optimizer = build_optimizer(stage.optimizer, model)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    learning = None if stage.ema_decay is None else learning_weights(engine, optimizer)
    state = TrainingState(1, 0, 0, (), (), (), {})
    saved = save_checkpoint(tmp_path, model.state_dict(), optimizer.state_dict(), state, learning)
    written = sum(file.stat().st_size for file in saved.glob("*.pt"))
    expected = one_checkpoint(toy_engine(stage, "meta"), stage)
    # A tensor takes some hundred bytes of names and padding besides.
    assert expected <= written <= expected + 700 * 3 * len(model.state_dict())
    assert written < 1.1 * expected


def test_predictions_are_bounded_by_the_detections_that_are_kept() -> None:
    inference = Inference(detections_per_image=100)
    assert prediction_bytes(10, inference) == 1000 * (DETECTION_BYTES + MATCH_BYTES)
    soft = inference.replace(keep_soft_masks=True)
    more = prediction_bytes(10, soft) - prediction_bytes(10, inference)
    assert more == 1000 * SOFT_MASK_BYTES
    likeness = Likeness("predictions", "net", frozenset(), "800")
    seen = [
        FinishedNode(likeness, "cpu", None, num_bytes=b, num_detections=50) for b in (500, 1500)
    ]
    assert prediction_bytes(10, inference, seen) == 1000 * (20 + MATCH_BYTES)
    empty = FinishedNode(likeness, "cpu", None, num_bytes=500)
    assert prediction_bytes(10, inference, [empty]) == prediction_bytes(10, inference)
