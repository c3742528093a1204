"""How good a mask can be that is made from a head's grid: `python -m docs.studies.thin.ceiling`.

Each instance of the validation set is cropped to the grid as in training, from its own box, and
pasted back as in inference. What is lost is lost to a perfect network, too. As AP the table has the
mean over the ten thresholds of the share of instances whose overlap reaches them: what AP would be
if all were found once and nothing else was.
"""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import torch
from numpy.typing import NDArray

from docs.studies.boundary_matches import boundary_iou
from docs.studies.thin.painting import GROUPS, SHAPES, write_thin_set
from longtail.commands import run
from longtail.data.loading.scenes.masks import InstanceMasks
from longtail.data.loading.scenes.read import instance_masks
from longtail.data.lvis.annotations import Annotations, open_annotations
from longtail.evaluation.protocol import IOU_THRESHOLDS
from longtail.models.detections.paste import MaskCrop, paste_masks

SIDES = (14, 28, 56)
"""Cells of the grid along each side: the detector's has 28."""
THRESHOLD = 0.5

Mask = NDArray[np.bool_]


@click.command()
@click.option("--runs", type=click.Path(path_type=Path), default="runs/thin", show_default=True)
def main(runs: Path) -> None:
    """Print the ceilings of the groups of shapes, for grids of several sizes."""
    _, val, _ = write_thin_set(runs.resolve() / "data")
    annotations = open_annotations(val)
    click.echo("| grid | group | mean IoU | mask AP | boundary AP |\n|---|---|---|---|---|")
    for side in SIDES:
        for group, overlaps in ceilings(annotations, side).items():
            mask, boundary = overlaps.T
            cells = mask.mean(), ceiling_ap(mask), ceiling_ap(boundary)
            click.echo(
                f"| {side} | {group} | " + " | ".join(f"{100 * c:.1f}" for c in cells) + " |"
            )


def ceiling_ap(overlaps: NDArray[np.float64]) -> float:
    """The mean over thresholds of the share of (n,) overlaps that reach them."""
    return float((overlaps[:, None] >= IOU_THRESHOLDS).mean())


def ceilings(annotations: Annotations, side: int) -> dict[str, NDArray[np.float64]]:
    """(n, 2) overlaps of the masks and of their boundaries, of each group of shapes."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for label, wanted, pasted in _pasted(annotations, side):
        union = int((wanted | pasted).sum())
        iou = int((wanted & pasted).sum()) / union
        found[GROUPS[label]].append((iou, min(iou, boundary_iou(wanted, pasted))))
    return {group: np.array(found[group]) for group in SHAPES}


def _pasted(annotations: Annotations, side: int) -> Iterator[tuple[int, Mask, Mask]]:
    """Category index, mask, and the mask after the grid, of each instance."""
    for i in range(annotations.num_images):
        size = int(annotations.heights[i]), int(annotations.widths[i])
        instances = annotations.instances(i)
        masks = instance_masks(instances.segmentations)
        yield from zip(
            instances.labels.tolist(),
            bitmaps(masks, size),
            through_grid(masks, torch.from_numpy(instances.boxes), side, size),
            strict=True,
        )


def through_grid(
    masks: InstanceMasks, boxes: torch.Tensor, side: int, size: tuple[int, int]
) -> list[Mask]:
    """Each mask cropped to the grid of its (G, 4) box, and pasted back into the picture."""
    grids = masks.crop_to_grid(torch.arange(len(masks)), boxes, side)
    return [_whole(crop, size) for crop in paste_masks(grids, boxes, size, THRESHOLD)]


def bitmaps(masks: InstanceMasks, size: tuple[int, int]) -> list[Mask]:
    """Each mask in the whole picture, cell by pixel: its grid is the picture's own, squared."""
    side = max(size)
    frames = torch.tensor([[0.0, 0.0, side, side]]).repeat(len(masks), 1)
    grids = masks.crop_to_grid(torch.arange(len(masks)), frames, side).bool().numpy()
    return [grid[: size[0], : size[1]] for grid in grids]


def _whole(crop: MaskCrop, size: tuple[int, int]) -> Mask:
    whole = np.zeros(size, np.bool_)
    height, width = crop.pixels.shape
    whole[crop.y0 : crop.y0 + height, crop.x0 : crop.x0 + width] = crop.pixels
    return whole


if __name__ == "__main__":
    run(main)
