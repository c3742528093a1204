"""A trained detector, taken from a checkpoint."""

from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import nn

from longtail.categories import CategoryTable
from longtail.config.variant import Variant
from longtail.engines.base import Engine
from longtail.engines.build import build_engine
from longtail.models.category_statistics import CategoryStatistics
from longtail.problems import BadInputError
from longtail.training.checkpoints import Checkpoint


def load_engine(
    checkpoint: Path, variant: Variant, stage: int, categories: CategoryTable, device: torch.device
) -> Engine:
    """The detector after a stage of a variant, in evaluation mode.

    Args:
        checkpoint: The stage's final checkpoint.
        variant: The variant.
        stage: Index of the stage, whose classifier predicts.
        categories: Of the file to predict.
        device: Where it computes.

    Raises:
        BadInputError: The checkpoint is damaged, or was trained on other categories.
    """
    trained = Checkpoint(checkpoint)
    _require_same_categories(trained, categories)
    # Initial weights would be overwritten, and their files need not be on this machine.
    engine = build_engine(
        variant.detector.without_weights(),
        variant.stages[stage].classifier,
        variant.inference,
        trained_statistics(trained),
    )
    engine.load_state_dict(trained.weights(), strict=True)
    cast(nn.Module, engine).to(device).eval()
    return engine


def trained_statistics(trained: Checkpoint) -> CategoryStatistics:
    """The training file's counts: what scores go by."""
    counts = np.array([trained.state.image_count, trained.state.instance_count])
    return CategoryStatistics.from_arrays(*counts)


def _require_same_categories(trained: Checkpoint, categories: CategoryTable) -> None:
    before, now = trained.state.category_ids, tuple(categories.ids.tolist())
    if before != now:
        only = sorted(set(before) ^ set(now))
        raise BadInputError(
            f"{trained.path}: was trained on {len(before)} categories and the file to predict has"
            f" {len(now)}; {len(only)} ids are in one of them only, the first is {only[0]}."
            " Use a file with the training file's categories"
        )
