"""How good masks are from annotated boxes: `python -m docs.studies.thin.given_boxes`.

Trained rows make the masks of the validation instances from their own boxes, so that nothing but
the mask head errs. The IoU is that on the head's grid. Of boxes that area alone puts above the
finest level the second table says how many go to the finest one by the level rule, seen by the
annotated mask as in training, and by a first predicted mask as in inference; and the IoU of masks
made from the level by area, from the finest one, and from the one that the row itself chooses.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import click
import torch
from torch import Tensor

from docs.studies.thin.painting import GROUPS, SHAPES, write_thin_set
from docs.studies.thin.rows import SIDE, study_rows
from longtail.cluster.data_files import find_data_files
from longtail.cluster.nodes.ledger import node_directory
from longtail.cluster.nodes.plan import make_plan
from longtail.commands import run
from longtail.data.loading.images import load_image
from longtail.data.loading.scenes.masks import InstanceMasks
from longtail.data.loading.scenes.read import instance_masks
from longtail.data.lvis.annotations import open_annotations
from longtail.engines.torchvision import TorchvisionEngine
from longtail.inference.engine import load_engine
from longtail.models.masks.mask_level import levels_by_area_and_ratio
from longtail.models.pooling.pyramid import RoIPooler
from longtail.models.roi_heads.mask_branch import INSIDE, MaskBranch
from longtail.training.checkpoints import final_checkpoint

GRID = 28
COLUMNS = ("above", "finer_by_rule", "finer_by_prediction", "by_area", "finest", "chosen", "area")
"""Of each instance: its box is above the finest level by area; the rule brings it there by the
annotated mask, and by the predicted one; IoU of the mask by area, from the finest level, and from
the level that the row chooses; the cells of the last over those of the annotated mask."""


@dataclass(frozen=True)
class FinestLevel:
    """A pooler that takes every box from the finest level."""

    pooler: RoIPooler

    @property
    def names(self) -> tuple[str, ...]:
        """Of all levels."""
        return self.pooler.names

    def levels(self, boxes: Tensor) -> Tensor:
        """(R,) 0."""
        return torch.zeros(len(boxes), dtype=torch.long)

    def __call__(
        self, features: Mapping[str, Tensor], boxes: Sequence[Tensor], levels: Tensor | None = None
    ) -> Tensor:
        """See `RoIPooler`."""
        return self.pooler(features, boxes, self.levels(torch.cat(list(boxes))))


@click.command()
@click.option("--runs", type=click.Path(path_type=Path), default="runs/thin", show_default=True)
@click.option("--rows", help="Names, comma-separated [default: all].")
@click.option("--seeds", default="0,1,2", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Write the figures here, as JSON.")
def main(runs: Path, rows: str | None, seeds: str, out: Path | None) -> None:
    """Print the IoU of masks from annotated boxes, means over instances, and what levels do."""
    runs = runs.resolve()
    names = rows.split(",") if rows else list(study_rows(runs))
    figures: dict[str, Any] = {}
    for name in names:
        of_seeds = [means_by_group(*measured(runs, name, int(seed))) for seed in seeds.split(",")]
        figures[name] = {"seeds": of_seeds}
        click.echo(f"| {name} | " + " | ".join(_points(of_seeds, group) for group in SHAPES) + " |")
    if out is not None:
        out.write_text(json.dumps(figures, indent=1) + "\n")


def means_by_group(labels: Tensor, values: Tensor) -> dict[str, dict[str, Any]]:
    """Of each group of shapes: instances, mean IoU and area, and the means over boxes above the
    finest level.

    Args:
        labels: (n,) category indices.
        values: (n, 7), see `COLUMNS`.
    """
    found = {}
    for group in SHAPES:
        of_group = values[torch.tensor([GROUPS[label] == group for label in labels.tolist()])]
        above = of_group[of_group[:, 0] > 0]
        found[group] = {
            "instances": len(of_group),
            "iou": float(of_group[:, COLUMNS.index("chosen")].mean()),
            "area": float(of_group[:, COLUMNS.index("area")].mean()),
            "above": len(above),
            **dict(zip(COLUMNS[1:-1], above[:, 1:-1].mean(dim=0).tolist(), strict=True)),
        }
    return found


@torch.no_grad()
def measured(runs: Path, name: str, seed: int) -> tuple[Tensor, Tensor]:
    """(n,) category indices and (n, 7) values of all instances of the validation images."""
    engine, files = _trained(runs, name, seed)
    annotations = open_annotations(files.val)
    labels, values = [], []
    for i in range(annotations.num_images):
        instances = annotations.instances(i)
        size = int(annotations.heights[i]), int(annotations.widths[i])
        image = load_image(annotations.image_path(i, files.images), i, SIDE, 2 * SIDE, size)
        _, features = engine._features([image])
        boxes = torch.from_numpy(instances.boxes).float()
        of_image = torch.from_numpy(instances.labels).long()
        masks = instance_masks(instances.segmentations)
        branch = engine.roi_heads.mask_branch
        labels.append(of_image)
        values.append(of_boxes(branch, features, boxes, of_image, masks))
    return torch.cat(labels), torch.cat(values)


def of_boxes(
    branch: MaskBranch,
    features: Mapping[str, Tensor],
    boxes: Tensor,
    labels: Tensor,
    masks: InstanceMasks,
) -> Tensor:
    """(G, 7) the values of the instances of one image."""
    wanted = masks.crop_to_grid(torch.arange(len(boxes)), boxes, GRID) > INSIDE
    by_area = replace(branch, by_ratio=False)
    finest = replace(by_area, pooler=cast(RoIPooler, FinestLevel(branch.pooler)))
    first, fine, chosen = (
        of.found(features, [boxes], [labels])[0].probabilities >= INSIDE
        for of in (by_area, finest, branch)
    )
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(dim=1)
    shares = masks.areas() / areas, first.float().mean(dim=(1, 2))
    finer = [levels_by_area_and_ratio(areas, share * areas) == 0 for share in shares]
    ious = [grid_iou(of, wanted) for of in (first, fine, chosen)]
    above = branch.pooler.levels(boxes) > 0
    area = chosen.sum(dim=(1, 2)) / wanted.sum(dim=(1, 2)).clamp(min=1)
    return torch.stack([above.float(), *(of.float() for of in finer), *ious, area], dim=1)


def grid_iou(found: Tensor, wanted: Tensor) -> Tensor:
    """(G,) IoU of (G, M, M) bool masks."""
    union = (found | wanted).sum(dim=(1, 2))
    return (found & wanted).sum(dim=(1, 2)) / union.clamp(min=1)


def _points(of_seeds: Sequence[Mapping[str, Mapping[str, float]]], group: str) -> str:
    values = torch.tensor([of[group]["iou"] for of in of_seeds]) * 100
    deviation = f" +- {values.std():.1f}" if len(values) > 1 else ""
    return f"{values.mean():.1f}{deviation}"


def _trained(runs: Path, name: str, seed: int) -> tuple[TorchvisionEngine, Any]:
    files = find_data_files(*write_thin_set(runs / "data"))
    (row,) = make_plan({name: study_rows(runs)[name]}, (seed,), files).rows
    iterations = row.variant.stages[0].schedule.iterations
    checkpoint = final_checkpoint(node_directory(runs, row.stages[0]), iterations)
    categories = open_annotations(files.val).categories
    engine = load_engine(checkpoint, row.variant, 0, categories, torch.device("cpu"))
    return cast(TorchvisionEngine, engine), files


if __name__ == "__main__":
    run(main)
