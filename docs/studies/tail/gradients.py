"""Where the gradients of the row `sigmoid` come from: `python -m docs.studies.tail.gradients`.

Of the logits of each group's categories: the encouraging gradient of their own RoIs, and the
discouraging ones of background, of foreground RoIs in whose image the category is verified, and of
other foreground RoIs. The last are what the equalization loss takes away.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import click
import torch
from torch import Tensor, nn

from docs.studies.tail.rows import study_rows
from longtail.categories import FREQUENCY_GROUPS
from longtail.cluster.data_files import find_data_files
from longtail.cluster.nodes.ledger import node_directory
from longtail.cluster.nodes.plan import make_plan
from longtail.commands import run
from longtail.data.loading.batches import training_batches
from longtail.data.lvis.annotations import open_annotations
from longtail.engines.build import build_engine
from longtail.losses.sigmoid import own_category
from longtail.models.category_statistics import CategoryStatistics
from longtail.models.classifiers.base import ClassificationTargets
from longtail.training.checkpoints import Checkpoint

STEPS = 40
DATA_SEED = 5
"""Another order of the images than in training."""


@dataclass
class Gradients:
    """(K,) sums of |sigmoid(z) - y| over RoIs, by where they come from."""

    parts: dict[str, Tensor] = field(default_factory=dict)

    def add(self, logits: Tensor, targets: ClassificationTargets) -> None:
        """Count a batch in: (R, K) logits."""
        own = own_category(targets.labels, logits.shape[1])
        foreground = (targets.labels < logits.shape[1])[:, None]
        masks = {
            "encouraging": own,
            "background": ~foreground.expand_as(own),
            "verified": foreground & ~own & targets.verified,
            "spared": foreground & ~own & ~targets.verified,
        }
        gradient = (logits.detach().sigmoid() - own.to(logits.dtype)).abs()
        for name, mask in masks.items():
            total = (gradient * mask).sum(dim=0)
            self.parts[name] = self.parts.get(name, torch.zeros_like(total)) + total

    def of(self, group: Tensor) -> dict[str, float]:
        """The discouraging ones' ratio to the encouraging ones, and how they are divided."""
        sums = {name: float(total[group].sum()) for name, total in self.parts.items()}
        encouraging = sums.pop("encouraging")
        discouraging = sum(sums.values())
        shares = {name: value / discouraging for name, value in sums.items()}
        return {"ratio": discouraging / encouraging, **shares}


class Watched(nn.Module):
    """A classifier whose losses are counted instead of computed."""

    def __init__(self, classifier: nn.Module, gradients: Gradients) -> None:
        super().__init__()
        self.classifier = classifier
        self.gradients = gradients

    def forward(self, features: Tensor) -> Tensor:
        """The classifier's logits."""
        return cast(Tensor, self.classifier(features))

    def loss(self, logits: Tensor, targets: ClassificationTargets) -> Tensor:
        """0."""
        self.gradients.add(logits, targets)
        return logits.sum() * 0


@click.command()
@click.option("--runs", type=click.Path(path_type=Path), default="runs/tail", show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(runs: Path, seed: int) -> None:
    """Print the gradients at every checkpoint of the trained row `sigmoid`."""
    data = runs.resolve() / "data"
    train, images = data / "tail_train.json", data / "images"
    files = find_data_files(train, data / "tail_val.json", images)
    plan = make_plan({"sigmoid": study_rows()["sigmoid"]}, [seed], files)
    folder = node_directory(runs.resolve(), plan.rows[0].stages[0]) / "checkpoints"
    for checkpoint in sorted(folder.iterdir()):
        found = _measure(checkpoint, plan.rows[0].variant, train, images)
        click.echo(f"{checkpoint.name}: {json.dumps(found)}")


@torch.no_grad()
def _measure(checkpoint: Path, variant: Any, train: Path, images: Path) -> dict[str, Any]:
    stage, annotations, gradients = variant.stages[0], open_annotations(train), Gradients()
    statistics = CategoryStatistics.from_table(
        annotations.categories, annotations.num_annotated_images
    )
    engine = build_engine(variant.detector, stage.classifier, variant.inference, statistics)
    engine.load_state_dict(Checkpoint(checkpoint).weights(), strict=True)
    module = cast(nn.Module, engine).train()
    heads = module.get_submodule("roi_heads")
    heads.add_module("classifier", Watched(heads.get_submodule("classifier"), gradients))
    batches = training_batches(
        annotations=annotations,
        images_root=images,
        stage=stage,
        data=variant.data,
        seed=DATA_SEED,
        num_replicas=1,
        rank=0,
        start=(0, 0),
        loader_processes=0,
    )
    torch.manual_seed(0)
    for _ in range(STEPS):
        engine.losses(next(batches).samples)
    return {
        letter: {
            name: round(value, 3)
            for name, value in gradients.of(
                torch.tensor(annotations.categories.group(letter))
            ).items()
        }
        for letter in FREQUENCY_GROUPS
    }


if __name__ == "__main__":
    run(main)
