"""Does averaging soft masks beat the vote of binary ones? On made-up objects, against their truth.

Every member sees a lumpy ellipse through a 28 x 28 grid over its own jittered box, with smooth
noise; with a bias its masks are too small, as those of a detector that was not trained for long.
Printed is the mean overlap (IoU) of the result with the object, and the difference with a 95 %
interval.

    python -m benchmarks.soft_masks --out soft-masks.json
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import click
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from ensemble.fusion.clusters import Clusters
from ensemble.fusion.settings import FusionSettings
from ensemble.masks.final import vote_masks
from longtail.models.detections.paste import paste_masks
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.soft_masks import SoftMasks
from longtail.rle.bitmaps import decode_bitmap, encode_crop
from longtail.rle.codec import pack

SIDE, CELLS = 160, 28
JITTER, NOISE, SOFTNESS, LUMPS = 0.04, 0.18, 0.12, 0.12
Floats = NDArray[np.float64]


def smooth_noise(random: np.random.Generator, side: int, width: float, size: float) -> Floats:
    """(side, side) noise of one standard deviation."""
    noise: Floats = gaussian_filter(random.normal(size=(side, side)), width)
    return noise * size / noise.std()


def made_up_object(random: np.random.Generator) -> Floats:
    """(SIDE, SIDE) distance from the border of an object, over 0 inside."""
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5 - SIDE / 2
    angle, (a, b) = random.uniform(0, np.pi), random.uniform(15, 50, 2)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    lumps = smooth_noise(random, SIDE, 12, LUMPS)
    distance: Floats = 1 + lumps - np.hypot(along / a, across / b)
    return distance


def seen_by(random: np.random.Generator, distance: Floats, bias: float) -> tuple[Floats, Floats]:
    """The box xyxy and the grid of probabilities of one member."""
    rows, columns = np.nonzero(distance > 0)
    box = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], np.float64)
    sides = np.tile(box[2:] - box[:2], 2)
    box = np.clip(box + random.normal(0, JITTER, 4) * sides, 0, SIDE)
    middles = (np.arange(CELLS) + 0.5) / CELLS
    x, y = (
        np.minimum(box[i] + middles * (box[i + 2] - box[i]), SIDE - 1).astype(np.int64)
        for i in range(2)
    )
    logits = (distance[np.ix_(y, x)] + smooth_noise(random, CELLS, 3, NOISE) + bias) / SOFTNESS
    return box, 1 / (1 + np.exp(-logits))


def columns_of(boxes: Floats, grids: Floats) -> DetectionColumns:
    """Detections with the masks that inference makes of these, and the grids."""
    ones = np.ones(len(boxes), np.int64)
    size = (SIDE, SIDE)
    crops = paste_masks(torch.from_numpy(grids), torch.from_numpy(boxes), size, 0.5)
    counts, offsets = pack([encode_crop(c.pixels, c.x0, c.y0, *size) for c in crops])
    xywh = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    scores, soft = ones * 0.5, SoftMasks.of(grids)
    return DetectionColumns(
        ones, ones, scores, scores, xywh, ones * SIDE, ones * SIDE, counts, offsets, soft
    )


def overlaps(
    columns: DetectionColumns, truths: Sequence[NDArray[np.bool_]], mask_thr: float
) -> Floats:
    """IoU of each object's voted mask with the object."""
    num_rows, num = len(columns), len(truths)
    starts = np.arange(0, num_rows + 1, num_rows // num)
    clusters = Clusters(starts[:-1], np.zeros((num, 4)), np.ones(num), np.arange(num_rows), starts)
    settings = FusionSettings("wbf", 0.55, mask="vote", mask_thr=mask_thr)
    counts, offsets = vote_masks(columns, clusters, np.arange(num), np.ones(num_rows), settings)
    found = []
    for number, truth in enumerate(truths):
        string = counts[offsets[number] : offsets[number + 1]].tobytes()
        mask = decode_bitmap(string, SIDE, SIDE)
        found.append((mask & truth).sum() / (mask | truth).sum())
    return np.array(found)


def compare(num_members: int, bias: float, num_objects: int, seed: int) -> dict[str, float]:
    """Mean IoU of one member, of the vote, of the vote without ties, and of the mean."""
    random = np.random.default_rng(seed)
    objects = [made_up_object(random) for _ in range(num_objects)]
    seen = [seen_by(random, distance, bias) for distance in objects for _ in range(num_members)]
    columns = columns_of(np.array([box for box, _ in seen]), np.array([grid for _, grid in seen]))
    truths = [distance > 0 for distance in objects]
    binary = replace(columns, soft=None)
    first = binary.take(np.arange(0, len(binary), num_members))
    vote, mean = overlaps(binary, truths, 0.5), overlaps(columns, truths, 0.5)
    gain = mean - vote
    results = {
        "members": num_members,
        "bias": bias,
        "one_member": overlaps(first, truths, 0.5).mean(),
        "vote": vote.mean(),
        "vote_of_over_half": overlaps(binary, truths, 0.501).mean(),
        "mean": mean.mean(),
        "gain": gain.mean(),
        "gain_interval": 1.96 * gain.std() / np.sqrt(num_objects),
    }
    return {name: round(float(value), 4) for name, value in results.items()}


@click.command()
@click.option("--objects", default=300, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Write the JSON here too.")
def main(objects: int, seed: int, out: Path | None) -> None:
    """Compare votes of binary masks with means of soft ones."""
    rows = [compare(n, bias, objects, seed) for bias, n in product((0.0, -0.08), (2, 3, 4, 5, 10))]
    text = json.dumps({"objects": objects, "seed": seed, "rows": rows}, indent=2)
    click.echo(text)
    if out is not None:
        out.write_text(text + "\n")


if __name__ == "__main__":
    main()
