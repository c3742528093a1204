"""How much of a mask is edge: `python -m docs.studies.thin.edges`.

Of the validation instances, by group of shapes: the share of a mask's cells on the head's grid that
boundary supervision calls boundary, and the share of its pixels that boundary AP does. Where they
are near 1, boundaries say what masks say.
"""

from collections import defaultdict
from pathlib import Path

import click
import numpy as np
import torch

from docs.studies.boundary_matches import Mask, boundary
from docs.studies.thin.ceiling import bitmaps
from docs.studies.thin.painting import GROUPS, SHAPES, write_thin_set
from longtail.commands import run
from longtail.data.loading.scenes.read import instance_masks
from longtail.data.lvis.annotations import open_annotations
from longtail.losses.masks.boundary import boundary_targets

GRID = 28


@click.command()
@click.option("--runs", type=click.Path(path_type=Path), default="runs/thin", show_default=True)
def main(runs: Path) -> None:
    """Print both shares, means over instances."""
    _, val, _ = write_thin_set(runs.resolve() / "data")
    annotations = open_annotations(val)
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for i in range(annotations.num_images):
        instances = annotations.instances(i)
        masks = instance_masks(instances.segmentations)
        boxes = torch.from_numpy(instances.boxes)
        grids = masks.crop_to_grid(torch.arange(len(masks)), boxes, GRID)
        pixels = bitmaps(masks, (int(annotations.heights[i]), int(annotations.widths[i])))
        for label, grid, mask in zip(instances.labels.tolist(), grids, pixels, strict=True):
            found[GROUPS[label]].append((edge_share_of_grid(grid), edge_share(mask)))
    click.echo("| group | cells | pixels |\n|---|---|---|")
    for group in SHAPES:
        cells, pixels_ = 100 * np.array(found[group]).mean(axis=0)
        click.echo(f"| {group} | {cells:.0f} | {pixels_:.0f} |")


def edge_share_of_grid(grid: torch.Tensor) -> float:
    """Boundary cells over the cells of an (M, M) mask of 0 and 1 that has one."""
    return float(boundary_targets(grid[None]).sum() / grid.sum())


def edge_share(mask: Mask) -> float:
    """Pixels of the boundary over those of an (H, W) mask that has one."""
    return float(boundary(mask).sum() / mask.sum())


if __name__ == "__main__":
    run(main)
