"""From a finished training to a folder that detectron2's own tools read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from longtail.categories import CategoryTable
from longtail.cluster.trained import Trained
from longtail.engines.optional import needs_detectron2
from longtail.inference.engine import load_engine, trained_statistics
from longtail.training.checkpoints import Checkpoint


def export_to_detectron2(
    trained: Trained, annotations: Path, folder: Path, changes: Mapping[str, Any]
) -> None:
    """Write configuration, weights and categories.

    Args:
        trained: Of either engine.
        annotations: A file with the categories it was trained on.
        folder: What is made; it must not be there.
        changes: Test-time settings by field.

    Raises:
        ValueError: detectron2 is not installed, the folder is there, or a setting is wrong.
        BadInputError: The checkpoint is damaged, or was trained on other categories.
    """
    with needs_detectron2("a folder for detectron2", "export where it is installed"):
        from longtail.engines.detectron2.export import write_export
    variant, stage = trained.variant, len(trained.variant.stages) - 1
    inference = variant.inference.override(changes)
    if inference.tta is not None or inference.flip:
        field = "flip" if inference.flip else "tta"
        off = "false" if inference.flip else "null"
        raise ValueError(
            f"inference.{field}: an exported detector sees an image once, as it is; export it with"
            f" --set {field}={off}, and let detectron2's GeneralizedRCNNWithTTA see several views"
        )
    categories = CategoryTable.from_json(annotations)
    engine = load_engine(trained.checkpoint, variant, stage, categories, torch.device("cpu"))
    write_export(
        folder,
        engine.state_dict(),
        variant.detector,
        variant.stages[stage].classifier,
        inference,
        trained_statistics(Checkpoint(trained.checkpoint)),
        categories,
    )
