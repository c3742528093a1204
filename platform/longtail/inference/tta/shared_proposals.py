"""Boxes that every view scores and refines, averaged: the road of shared proposals.

N images, V views, P proposals, K categories. The proposals of all views are united, every view
scores and refines all of them, scores and boxes are averaged, and detections are chosen as in a
plain prediction. Boxes are carried to the picture as the first view, which is unflipped, shows it:
the same up to a factor as to the original image, and one view alone is the plain prediction.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.ops import nms

from longtail.config.detector import Proposals
from longtail.engines.base import Engine, RankedProposals, SeenImages
from longtail.inference.tta.views import View
from longtail.models.detections.select import FoundBoxes
from longtail.models.roi_heads.heads import RoIHeads

SeenViews = Sequence[tuple[View, SeenImages]]
"""A batch in each of V views, the first of them unflipped."""


@torch.no_grad()
def boxes_of_views(engine: Engine, seen: SeenViews, settings: Proposals) -> list[FoundBoxes]:
    """The boxes found in each image, in pixels of the picture as the first view shows it.

    Args:
        engine: In evaluation mode.
        seen: The batch in each view.
        settings: How many proposals are kept, and which overlap too much.
    """
    frames = seen[0][1].sizes
    proposals = _united_of(engine, seen, settings)
    means = [_Means() for _ in frames]
    for view, batch in seen:
        _score(engine.roi_heads, view, batch, proposals, frames, means)
    return [_chosen(engine.roi_heads, of_image) for of_image in means]


def united(proposals: Sequence[RankedProposals], settings: Proposals) -> Tensor:
    """(P, 4) the best proposals of all views of one image, by falling score.

    Those of one view alone are what they are: they were suppressed already, level by level.

    Args:
        proposals: Of each view, carried to one frame.
        settings: `nms_iou`, and `test_post_nms` as the most that are kept.
    """
    if len(proposals) == 1:
        return proposals[0].boxes
    scores = torch.cat([of_view.scores for of_view in proposals])
    order = scores.sort(descending=True, stable=True).indices
    boxes = torch.cat([of_view.boxes for of_view in proposals])[order]
    ranks = -torch.arange(len(boxes), dtype=torch.float64, device=boxes.device)
    kept: Tensor = boxes[nms(boxes.double(), ranks, settings.nms_iou)[: settings.test_post_nms]]
    return kept


@dataclass
class _Means:
    """Sums over the views of one image.

    Attributes:
        count: Views so far.
        boxes: (P, 1 or K, 4).
        rows: (P, K + 1) of each detector of the heads.
    """

    count: int = 0
    boxes: Tensor | None = None
    rows: tuple[Tensor, ...] = ()

    def add(self, boxes: Tensor, rows: tuple[Tensor, ...]) -> None:
        """Count a view in."""
        pairs = zip(self.rows, rows, strict=True)
        self.rows = tuple(a + b for a, b in pairs) if self.count else rows
        self.boxes = boxes if self.boxes is None else self.boxes + boxes
        self.count += 1


def _united_of(engine: Engine, seen: SeenViews, settings: Proposals) -> list[Tensor]:
    frames = seen[0][1].sizes
    of_images: list[list[RankedProposals]] = [[] for _ in frames]
    for view, batch in seen:
        for i, found in enumerate(engine.propose(batch)):
            boxes = view.boxes_out(found.boxes, batch.sizes[i], frames[i])
            of_images[i].append(RankedProposals(boxes, found.scores))
    return [united(of_image, settings) for of_image in of_images]


def _score(
    heads: RoIHeads,
    view: View,
    batch: SeenImages,
    proposals: Sequence[Tensor],
    frames: Sequence[tuple[int, int]],
    means: Sequence[_Means],
) -> None:
    """Let one view score and refine the proposals of each image."""
    places = zip(proposals, frames, batch.sizes, strict=True)
    last = heads.scored(batch.features, [view.boxes_in(*place) for place in places], batch.sizes)
    lengths = [len(of_image) for of_image in proposals]
    deltas = torch.split(last.deltas, lengths)
    rows = list(zip(*(torch.split(of_all, lengths) for of_all in last.rows), strict=True))
    for i, size in enumerate(batch.sizes):
        boxes = heads.selector.refined(last.boxes[i], deltas[i], size)
        means[i].add(view.boxes_out(boxes, size, frames[i]), rows[i])


def _chosen(heads: RoIHeads, means: _Means) -> FoundBoxes:
    assert means.boxes is not None, "there is a view"
    boxes = means.boxes / means.count
    of_rows = [heads.selector.of_boxes(boxes, row / means.count) for row in means.rows]
    return heads.selector.unite(of_rows)
