"""What the classifier of a trained detector is given to learn from, step by step."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from longtail.config.stages import Stage
from longtail.config.variant import Variant
from longtail.data.loading.batches import training_batches
from longtail.data.lvis.annotations import Annotations
from longtail.engines.build import build_engine
from longtail.models.category_statistics import CategoryStatistics
from longtail.models.classifiers.base import ClassificationTargets
from longtail.training.checkpoints import Checkpoint
from longtail.training.weights.freezing import set_training_mode

Watch = Callable[[Tensor, ClassificationTargets], None]
"""Gets the logits and the targets of a step's RoIs."""

DATA_SEED = 5
"""Another order of the images than in training."""


class Watched(nn.Module):
    """A classifier whose losses are looked at instead of computed."""

    def __init__(self, classifier: nn.Module, watch: Watch) -> None:
        super().__init__()
        self.classifier = classifier
        self.watch = watch

    def forward(self, features: Tensor) -> Tensor:
        """The classifier's logits."""
        return cast(Tensor, self.classifier(features))

    def loss(self, logits: Tensor, targets: ClassificationTargets) -> Tensor:
        """0."""
        self.watch(logits, targets)
        return logits.sum() * 0


@torch.no_grad()
def watch_steps(
    variant: Variant,
    checkpoint: Path,
    annotations: Annotations,
    images: Path,
    stage: Stage,
    num_steps: int,
    watch: Watch,
) -> None:
    """Look at what a stage's steps give the classifier; nothing learns.

    Args:
        variant: Of the trained detector.
        checkpoint: Of its first stage.
        annotations: The training file.
        images: Folder of its pictures.
        stage: Says sampler, augmentations and images of a step; may be another than the first.
        num_steps: How many.
        watch: Is called in each.
    """
    statistics = CategoryStatistics.from_table(
        annotations.categories, annotations.num_annotated_images
    )
    first = variant.stages[0]
    engine = build_engine(variant.detector, first.classifier, variant.inference, statistics)
    engine.load_state_dict(Checkpoint(checkpoint).weights(), strict=True)
    set_training_mode(engine, stage.freeze)
    heads = cast(nn.Module, engine).get_submodule("roi_heads")
    heads.add_module("classifier", Watched(heads.get_submodule("classifier"), watch))
    batches = training_batches(
        annotations=annotations,
        images_root=images,
        stage=stage,
        data=variant.data,
        seed=DATA_SEED,
    )
    torch.manual_seed(0)
    for _ in range(num_steps):
        engine.losses(next(batches).samples)
