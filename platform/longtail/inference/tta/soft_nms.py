"""Soft suppression of one image's boxes, all categories side by side.

Source: Bodla et al. 2017 (arXiv 1704.04503), figure 2. Of the boxes of a category the one of
highest score is taken out, and those that are left lose score by how much they overlap it:

    linear:   score * (1 - IoU) where IoU > iou
    Gaussian: score * exp(-IoU^2 / sigma)

until none is left. n boxes, G categories among them, L the largest number of boxes of one. A step
takes one box out of every category that has some left, so that there are L steps on (G, L) numbers.
"""

import torch
from torch import Tensor

from longtail.config.test_time.suppression import Softening

GONE = -1.0
"""In the place of a score: a box that was taken or dropped, or none at all."""


def soften(
    boxes: Tensor, labels: Tensor, scores: Tensor, settings: Softening
) -> tuple[Tensor, Tensor]:
    """Which boxes stay, and what is left of their scores; all is done in float64.

    Of equal scores the box given first is taken first.

    Args:
        boxes: (n, 4) xyxy of positive size.
        labels: (n,) int64.
        scores: (n,) in [0, 1].
        settings: Boxes whose score is or falls under its `min_score` are dropped.

    Returns:
        (m,) int64 rising indices, and their (m,) float64 scores.
    """
    if not len(boxes):
        return torch.zeros(0, dtype=torch.int64), torch.zeros(0, dtype=torch.float64)
    rows, present = _by_category(labels)
    grid, left = boxes.double()[rows], scores.double()[rows]
    waiting = present & (left >= settings.min_score)
    final = torch.full_like(left, GONE)
    active = len(rows)
    for step in range(rows.shape[1]):
        # Categories are sorted by their number of boxes: those that are through are at the end.
        active = int(present[:active, step].sum())
        left[:active][~waiting[:active]] = GONE
        score, best = left[:active].max(dim=1)
        if not (score > GONE).any():
            break
        place = torch.arange(active)
        final[place, best] = torch.where(score > GONE, score, final[place, best])
        waiting[place, best] = False
        left[:active] *= _factors(_overlaps(grid[place, best], grid[:active]), settings)
        waiting[:active] &= left[:active] >= settings.min_score
    kept = final > GONE
    index, order = rows[kept].sort()
    return index, final[kept][order]


def _by_category(labels: Tensor) -> tuple[Tensor, Tensor]:
    """(G, L) int64 rows of each category in their order, most numerous first, and which places of
    that table are filled."""
    ordered, order = labels.sort(stable=True)
    starts = torch.nonzero(ordered[1:] != ordered[:-1]).flatten() + 1
    groups = torch.tensor_split(order, starts.tolist())
    largest_first = sorted(groups, key=len, reverse=True)
    rows = torch.nn.utils.rnn.pad_sequence(largest_first, batch_first=True, padding_value=0)
    lengths = torch.tensor([len(group) for group in largest_first])
    return rows, torch.arange(rows.shape[1]) < lengths[:, None]


def _overlaps(best: Tensor, boxes: Tensor) -> Tensor:
    """(G, L) IoU of (G, 4) boxes with each of (G, L, 4)."""
    low = torch.maximum(best[:, None, :2], boxes[..., :2])
    high = torch.minimum(best[:, None, 2:], boxes[..., 2:])
    shared = (high - low).clamp(min=0).prod(dim=2)
    area = (best[:, 2:] - best[:, :2]).prod(dim=1)
    areas = (boxes[..., 2:] - boxes[..., :2]).prod(dim=2)
    return shared / (area[:, None] + areas - shared)


def _factors(shared: Tensor, settings: Softening) -> Tensor:
    """What scores are multiplied by, for each IoU."""
    if settings.decay == "gaussian":
        return torch.exp(-shared * shared / settings.sigma)
    return torch.where(shared > settings.iou, 1 - shared, 1.0)
