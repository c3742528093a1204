"""From class scores and box deltas to the boxes of an image.

P proposals, D detections, K categories. Boxes are xyxy in pixels of the network's input.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torchvision.ops import clip_boxes_to_image, nms

from longtail.models.box_heads.regressor import deltas_of
from longtail.models.boxes import CODING_WEIGHTS, CodingWeights, decode_boxes
from longtail.models.detections.finite_rows import finite_rows
from longtail.models.detections.ranked_pairs import RankedPairs, ranked_pairs


@dataclass(frozen=True)
class FoundBoxes:
    """The boxes kept in one image, by falling score.

    Attributes:
        boxes: (D, 4).
        labels: (D,) int64 in 0..K-1.
        scores: (D,) in [0, 1].
        class_rows: (D, K + 1) the class probabilities of each box's proposal, background last.
        num_not_finite: Rows of scores dropped for a score or a box that is no finite number.
    """

    boxes: Tensor
    labels: Tensor
    scores: Tensor
    class_rows: Tensor
    num_not_finite: int = 0


@dataclass(frozen=True)
class BoxSelector:
    """Which pairs of a proposal and a category become detections.

    Attributes:
        score_threshold: Pairs that do not score higher are dropped. LVIS needs it near 0: with
            0.05 AP is 13.1 instead of 18.0 (report 004, Table 2); report 003 has 0.0 too (4.1).
        nms_iou: Boxes of a category that overlap a better one by more are dropped.
        detections_per_image: Upper bound of D.
        nms_candidates: Pairs that enter suppression at a time, the best first: its time grows with
            their square. All at once would be 1.2 million of 1000 proposals and 1203 categories.
        coding_weights: Of the deltas: those of the last stage.
    """

    score_threshold: float
    nms_iou: float
    detections_per_image: int
    nms_candidates: int = 1250
    coding_weights: CodingWeights = CODING_WEIGHTS

    def __call__(
        self, proposals: Tensor, scores: Tensor, deltas: Tensor, size: tuple[int, int]
    ) -> FoundBoxes:
        """Keep the best boxes of one image; boxes left without area by clipping are dropped.

        The result is that of suppression among all pairs. A box is suppressed by better ones only,
        so the best pairs do where enough of them are kept; where not, the next ones join those.

        Args:
            proposals: (P, 4).
            scores: (P, K + 1), background last.
            deltas: (P, 1 or K, 4).
            size: (height, width) of the image without padding.
        """
        finite = finite_rows(proposals, scores, deltas, self.coding_weights)
        if finite is not None:
            found = self(proposals[finite], scores[finite], deltas[finite], size)
            return replace(found, num_not_finite=len(proposals) - len(finite))

        def moved(pairs: RankedPairs) -> Tensor:
            moves = deltas_of(deltas, pairs.rows, pairs.labels)
            boxes = decode_boxes(proposals[pairs.rows], moves, self.coding_weights)
            clipped: Tensor = clip_boxes_to_image(boxes, size)
            return clipped

        return self._best(scores, moved)

    def of_boxes(self, boxes: Tensor, scores: Tensor) -> FoundBoxes:
        """The same of boxes that are refined and clipped already.

        Args:
            boxes: (P, 1 or K, 4) in any frame, of all categories together or of each.
            scores: (P, K + 1), background last.
        """
        finite = boxes.isfinite().flatten(1).all(dim=1) & scores.isfinite().all(dim=1)
        if not finite.all():
            found = self.of_boxes(boxes[finite], scores[finite])
            return replace(found, num_not_finite=int((~finite).sum()))
        return self._best(scores, lambda pairs: deltas_of(boxes, pairs.rows, pairs.labels))

    def refined(self, proposals: Tensor, deltas: Tensor, size: tuple[int, int]) -> Tensor:
        """(P, 1 or K, 4) every box that the deltas make of the proposals, clipped; NaN where one is
        no finite number.

        Args:
            proposals: (P, 4).
            deltas: (P, 1 or K, 4).
            size: (height, width) of the image without padding.
        """
        boxes = decode_boxes(proposals[:, None], deltas, self.coding_weights)
        clipped = clip_boxes_to_image(boxes.flatten(0, 1), size).view(boxes.shape)
        return torch.where(boxes.isfinite(), clipped, torch.nan)

    def _best(self, scores: Tensor, boxes_of: Callable[[RankedPairs], Tensor]) -> FoundBoxes:
        """The best pairs after suppression, given the (n, 4) boxes of n pairs."""
        kept = _no_candidates(scores)
        for pairs in ranked_pairs(scores[:, :-1], self.score_threshold, self.nms_candidates):
            candidates = _Candidates(boxes_of(pairs), pairs.labels, pairs.scores, pairs.rows)
            joined = kept.joined_by(candidates)
            kept = joined.take(self._suppress(joined.boxes, joined.labels))
            if len(kept.labels) == self.detections_per_image:
                break
        return FoundBoxes(kept.boxes, kept.labels, kept.scores, scores[kept.rows])

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
        order = scores.sort(descending=True, stable=True).indices
        kept = order[self._suppress(boxes[order], labels[order])]
        dropped = sum(of_one.num_not_finite for of_one in found)
        return FoundBoxes(boxes[kept], labels[kept], scores[kept], rows[kept], dropped)

    def _suppress(self, boxes: Tensor, labels: Tensor) -> Tensor:
        """Indices of the boxes to keep of (n, 4) with (n,) labels, given by falling score."""
        solid = torch.nonzero((boxes[:, 2:] > boxes[:, :2]).all(dim=1)).flatten()
        # Ranks in the place of scores: without ties the order is the same everywhere.
        kept = nms(_apart(boxes[solid], labels[solid]), -solid.double(), self.nms_iou)
        return solid[kept[: self.detections_per_image]]


def _apart(boxes: Tensor, labels: Tensor) -> Tensor:
    """Boxes shifted by category, so that those of two categories never overlap.

    At some thousand boxes this costs a fraction of what suppression in a loop over categories does,
    as torchvision's `batched_nms` has it for so many. It is done in float64: float32 would round
    the last categories' boxes to an eighth of a pixel.
    """
    precise = boxes.double()
    extent = precise.max() + 1 if len(precise) else 1.0
    return precise + (labels.double() * extent)[:, None]


@dataclass(frozen=True)
class _Candidates:
    """(n, 4) boxes with their (n,) labels, scores and proposals, by falling score."""

    boxes: Tensor
    labels: Tensor
    scores: Tensor
    rows: Tensor

    def take(self, kept: Tensor) -> "_Candidates":
        return _Candidates(*(column[kept] for column in self._columns()))

    def joined_by(self, others: "_Candidates") -> "_Candidates":
        pairs = zip(self._columns(), others._columns(), strict=True)
        return _Candidates(*(torch.cat(pair) for pair in pairs))

    def _columns(self) -> tuple[Tensor, ...]:
        return self.boxes, self.labels, self.scores, self.rows


def _no_candidates(scores: Tensor) -> _Candidates:
    nothing = torch.zeros(0, dtype=torch.int64, device=scores.device)
    return _Candidates(scores.new_zeros(0, 4), nothing, scores.new_zeros(0), nothing)
