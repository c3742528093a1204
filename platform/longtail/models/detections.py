"""From class scores and box deltas to the boxes of an image.

P proposals, D detections, K categories. Boxes are xyxy in pixels of the network's input.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.ops import batched_nms, clip_boxes_to_image

from longtail.models.box_regressor import deltas_of
from longtail.models.boxes import decode_boxes

MOST_CANDIDATES = 5000
"""Pairs of a proposal and a category that enter non-maximum suppression: 1000 proposals times 1203
sigmoid scores would be 1.2 million."""


@dataclass(frozen=True)
class FoundBoxes:
    """The boxes kept in one image, by falling score.

    Attributes:
        boxes: (D, 4).
        labels: (D,) int64 in 0..K-1.
        scores: (D,) in [0, 1].
        class_rows: (D, K + 1) the class probabilities of each box's proposal, background last.
    """

    boxes: Tensor
    labels: Tensor
    scores: Tensor
    class_rows: Tensor


@dataclass(frozen=True)
class BoxSelector:
    """Which pairs of a proposal and a category become detections.

    Attributes:
        score_threshold: Pairs that do not score higher are dropped. LVIS needs it near 0: with
            0.05 AP is 13.1 instead of 18.0 (report 004, Table 2); report 003 has 0.0 too (4.1).
        nms_iou: Boxes of a category that overlap a better one by more are dropped.
        detections_per_image: Upper bound of D.
    """

    score_threshold: float
    nms_iou: float
    detections_per_image: int

    def __call__(
        self, proposals: Tensor, scores: Tensor, deltas: Tensor, size: tuple[int, int]
    ) -> FoundBoxes:
        """Keep the best boxes of one image; boxes left without area by clipping are dropped.

        Args:
            proposals: (P, 4).
            scores: (P, K + 1), background last.
            deltas: (P, 1 or K, 4).
            size: (height, width) of the image without padding.
        """
        rows, labels, best = best_pairs(scores[:, :-1], self.score_threshold)
        boxes = decode_boxes(proposals[rows], deltas_of(deltas, rows, labels))
        boxes = clip_boxes_to_image(boxes, size)
        kept = self._suppress(boxes, best, labels)
        return FoundBoxes(boxes[kept], labels[kept], best[kept], scores[rows[kept]])

    def unite(self, found: Sequence[FoundBoxes]) -> FoundBoxes:
        """Keep the best boxes of several detectors in one image, without those that overlap a
        better one of their category; each keeps its own row.

        Args:
            found: One for each detector; one alone is what it returns.
        """
        if len(found) == 1:
            return found[0]
        columns = zip(*((f.boxes, f.labels, f.scores, f.class_rows) for f in found), strict=True)
        boxes, labels, scores, rows = (torch.cat(column) for column in columns)
        kept = self._suppress(boxes, scores, labels)
        return FoundBoxes(boxes[kept], labels[kept], scores[kept], rows[kept])

    def _suppress(self, boxes: Tensor, scores: Tensor, labels: Tensor) -> Tensor:
        solid = torch.nonzero((boxes[:, 2:] > boxes[:, :2]).all(dim=1)).flatten()
        # Categories are told apart by shifting their boxes; float32 would round the last
        # categories' boxes to an eighth of a pixel.
        kept = batched_nms(
            boxes[solid].double(), scores[solid].double(), labels[solid], self.nms_iou
        )
        return solid[kept[: self.detections_per_image]]


def best_pairs(scores: Tensor, threshold: float) -> tuple[Tensor, Tensor, Tensor]:
    """The `MOST_CANDIDATES` best pairs that score over the threshold, by falling score.

    Args:
        scores: (P, K), without background.
        threshold: In [0, 1).

    Returns:
        (n,) proposal, (n,) category and (n,) score.
    """
    flat = scores.flatten()
    best, index = flat.topk(min(MOST_CANDIDATES, len(flat)))
    num_kept = int((best > threshold).sum())
    best, index = best[:num_kept], index[:num_kept]
    return index // scores.shape[1], index % scores.shape[1], best
