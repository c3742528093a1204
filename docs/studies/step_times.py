"""CPU time of training steps of rows that take turns, so that what else the machine does meets all
alike."""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import cast

import torch
from torch import nn

from longtail.config.variant import Variant
from longtail.data.loading.batches import training_batches
from longtail.data.lvis.annotations import Annotations
from longtail.engines.build import build_engine
from longtail.models.category_statistics import CategoryStatistics
from longtail.training.weights.freezing import freeze, set_training_mode

UNCOUNTED = 3
"""Steps of each row at the start."""


@dataclass(frozen=True)
class StepTime:
    """CPU seconds of a step: of reading and changing its pictures, and of learning."""

    pictures: float
    learning: float


def median_times(
    rows: Mapping[str, Variant], annotations: Annotations, images: Path, num_steps: int
) -> dict[str, StepTime]:
    """By row, the medians of its last stage's steps.

    Args:
        rows: By name.
        annotations: The training file.
        images: Folder of its pictures.
        num_steps: Of each row that are counted.
    """
    training = {name: _steps(row, annotations, images) for name, row in rows.items()}
    times: dict[str, list[StepTime]] = defaultdict(list)
    for _ in range(UNCOUNTED + num_steps):
        for name, of_row in training.items():
            times[name].append(next(of_row))
    return {
        name: StepTime(
            median(step.pictures for step in of_row[UNCOUNTED:]),
            median(step.learning for step in of_row[UNCOUNTED:]),
        )
        for name, of_row in times.items()
    }


def _steps(variant: Variant, annotations: Annotations, images: Path) -> Iterator[StepTime]:
    """Does a step each time it is asked."""
    stage = variant.stages[-1]
    statistics = CategoryStatistics.from_table(
        annotations.categories, annotations.num_annotated_images
    )
    detector = variant.detector.without_weights()
    engine = build_engine(detector, stage.classifier, variant.inference, statistics)
    freeze(engine, stage.freeze)
    set_training_mode(engine, stage.freeze)
    learned = [p for p in cast(nn.Module, engine).parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=1e-3)
    batches = training_batches(
        annotations=annotations, images_root=images, stage=stage, data=variant.data, seed=0
    )
    while True:
        start = time.process_time()
        samples = next(batches).samples
        read = time.process_time()
        losses = engine.losses(samples)
        torch.autograd.backward(torch.stack(list(losses.values())).sum())
        optimizer.step()
        optimizer.zero_grad()
        yield StepTime(read - start, time.process_time() - read)
