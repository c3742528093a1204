"""What it costs that suppression goes on until enough detections are kept, and what it finds.

Against a rule by which the 5000 best pairs of a proposal and a category enter and no others, and
against all pairs at once. The heads are made up: 1000 proposals around some objects,
and scores as a trained classifier spreads them, or the case that the old rule was worst at.

    python -m benchmarks.nms_candidates --out nms-candidates.json
"""

import json
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import click
import torch
from torch import Tensor
from torchvision.ops import batched_nms, clip_boxes_to_image

from longtail.models.box_heads.regressor import deltas_of
from longtail.models.boxes import decode_boxes
from longtail.models.detections.select import BoxSelector

SIZE = (800, 1216)
NUM_PROPOSALS, LVIS, COCO = 1000, 1203, 80
BEST, KEPT, NMS_IOU = 5000, 300, 0.5


@dataclass(frozen=True)
class Head:
    """What the heads give for one image.

    Attributes:
        proposals: (P, 4).
        scores: (P, K + 1), background last.
        deltas: (P, 1 or K, 4).
        threshold: Pairs must score higher.
    """

    proposals: Tensor
    scores: Tensor
    deltas: Tensor
    threshold: float


def proposals_around(num_objects: int, spread: float) -> Tensor:
    """(P, 4) proposals, each near one of some objects."""
    corners = torch.rand(num_objects, 2) * torch.tensor([SIZE[1] * 0.7, SIZE[0] * 0.7])
    sides = 40 + 200 * torch.rand(num_objects, 2)
    centres = torch.cat([corners, corners + sides], dim=1)
    chosen = centres[torch.arange(NUM_PROPOSALS) % num_objects]
    return chosen + spread * torch.randn(NUM_PROPOSALS, 4)


def made_up_head(kind: str, num_categories: int, threshold: float) -> Head:
    """Scores of a kind: `softmax` and `sigmoid` heads, or `clusters` that share a ranking."""
    if kind == "clusters":
        logits = torch.full((NUM_PROPOSALS, num_categories + 1), -30.0)
        logits[:, :KEPT] = -0.05 * torch.arange(KEPT)
        logits += 1e-3 * torch.randn(logits.shape)
        deltas = torch.zeros(NUM_PROPOSALS, 1, 4)
        return Head(proposals_around(5, 1.0), logits.softmax(dim=1), deltas, threshold)
    proposals = proposals_around(30, 12.0)
    logits = 1.5 * torch.randn(NUM_PROPOSALS, num_categories + 1)
    logits[torch.arange(NUM_PROPOSALS), torch.arange(NUM_PROPOSALS) % 30] += 8
    deltas = 0.5 * torch.randn(NUM_PROPOSALS, num_categories, 4)
    if kind == "softmax":
        return Head(proposals, logits.softmax(dim=1), deltas, threshold)
    scores = (logits - 7).sigmoid()
    scores[:, -1] = 0
    return Head(proposals, scores, deltas, threshold)


def best_only(head: Head, most: int) -> int:
    """Number of detections by the rule before: the best pairs enter once."""
    flat = head.scores[:, :-1].flatten()
    best, index = flat.topk(min(most, len(flat)))
    num_kept = int((best > head.threshold).sum())
    best, index = best[:num_kept], index[:num_kept]
    num_categories = head.scores.shape[1] - 1
    rows, labels = index // num_categories, index % num_categories
    boxes = decode_boxes(head.proposals[rows], deltas_of(head.deltas, rows, labels))
    boxes = clip_boxes_to_image(boxes, SIZE)
    solid = torch.nonzero((boxes[:, 2:] > boxes[:, :2]).all(dim=1)).flatten()
    kept = batched_nms(boxes[solid].double(), best[solid].double(), labels[solid], NMS_IOU)
    kept = solid[kept[:KEPT]]
    found = (boxes[kept], labels[kept], best[kept], head.scores[rows[kept]])
    return len(found[0])


def until_enough(head: Head) -> int:
    """Number of detections by the rule now."""
    select = BoxSelector(head.threshold, NMS_IOU, KEPT)
    return len(select(head.proposals, head.scores, head.deltas, SIZE).scores)


def timed(ways: Sequence[Callable[[], int]], repeats: int) -> list[list[float]]:
    """Milliseconds of each way and repeat, the ways in turn."""
    times: list[list[float]] = [[] for _ in ways]
    for _ in range(repeats):
        for way, of_way in zip(ways, times, strict=True):
            start = time.process_time()
            way()
            of_way.append(1e3 * (time.process_time() - start))
    return times


def measure(kind: str, num_categories: int, threshold: float, repeats: int) -> dict[str, object]:
    """Time and number of detections of one head by each rule."""
    head = made_up_head(kind, num_categories, threshold)
    ways = (
        lambda: best_only(head, BEST),
        lambda: until_enough(head),
        lambda: best_only(head, NUM_PROPOSALS * num_categories),
    )
    found = [way() for way in ways]
    before, now = timed(ways[:2], repeats)
    (everything,) = timed(ways[2:], max(1, repeats // 10))
    ratios = sorted(b / a for a, b in zip(before, now, strict=True))
    return {
        "head": kind,
        "categories": num_categories,
        "threshold": threshold,
        "detections_before": found[0],
        "detections": found[1],
        "detections_all_pairs": found[2],
        "ms_before": round(statistics.median(before), 2),
        "ms": round(statistics.median(now), 2),
        "ms_all_pairs": round(statistics.median(everything), 1),
        "ratio": round(statistics.median(ratios), 3),
        "ratio_quartiles": [round(ratios[len(ratios) * q // 4], 3) for q in (1, 3)],
    }


@click.command()
@click.option("--repeats", default=40, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Write the JSON here too.")
def main(repeats: int, out: Path | None) -> None:
    """Time the choice of an image's detections on one thread."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    kinds, sizes, thresholds = ("softmax", "sigmoid"), (LVIS, COCO), (1e-4, 0.0)
    heads = [*product(kinds, sizes, thresholds), ("clusters", LVIS, 0.0)]
    rows = [measure(*head, repeats) for head in heads]
    machine = f"{platform.machine()}, Python {platform.python_version()}, torch {torch.__version__}"
    text = json.dumps({"machine": machine, "repeats": repeats, "rows": rows}, indent=2)
    click.echo(text)
    if out is not None:
        out.write_text(text + "\n")


if __name__ == "__main__":
    main()
