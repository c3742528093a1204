"""The second stage of a Mask R-CNN, on plain tensors: any engine can call it.

N images, P proposals, R RoIs, D detections, K categories, M = side of the mask grid. Boxes are
xyxy in pixels of the network's input; background is label K.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from longtail.losses.box import box_regression_loss
from longtail.losses.mask import mask_cross_entropy
from longtail.models.box_head import TwoLayerBoxHead
from longtail.models.box_regressor import BoxRegressor, deltas_of
from longtail.models.boxes import encode_boxes
from longtail.models.classifiers.base import ClassificationTargets, Classifier, classify
from longtail.models.detections.score_rows import ScoreRows
from longtail.models.detections.select import BoxSelector, FoundBoxes
from longtail.models.mask_head import MaskHead
from longtail.models.matching import RoISampler, SampledRoIs
from longtail.models.pooling import PyramidPooler
from longtail.models.targets import RoITargets

MASKS_AT_ONCE = 128
"""Bounds the mask head's memory in inference, and on a CPU halves its time."""


@dataclass(frozen=True)
class RoIDetections:
    """What was found in one image.

    Attributes:
        found: Boxes, labels and scores.
        mask_probabilities: (D, M, M) in [0, 1], the soft mask over its box.
    """

    found: FoundBoxes
    mask_probabilities: Tensor


class RoIHeads(nn.Module):
    """Classifies, refines and segments proposals.

    Args:
        sampler: Draws the RoIs that training learns from.
        box_pooler: Features for `box_head`.
        box_head: Shared by classifier and regressor.
        classifier: Also an `nn.Module`.
        box_regressor: Class-agnostic or class-specific.
        smooth_l1_beta: See `box_regression_loss`.
        mask_pooler: Features for `mask_head`.
        mask_head: Class-agnostic or class-specific.
        score_rows: The scores that boxes are chosen by in inference.
        selector: Draws detections from scored boxes.
    """

    def __init__(
        self,
        *,
        sampler: RoISampler,
        box_pooler: PyramidPooler,
        box_head: TwoLayerBoxHead,
        classifier: Classifier,
        box_regressor: BoxRegressor,
        smooth_l1_beta: float,
        mask_pooler: PyramidPooler,
        mask_head: MaskHead,
        score_rows: ScoreRows,
        selector: BoxSelector,
    ) -> None:
        super().__init__()
        self.sampler = sampler
        self.box_pooler = box_pooler
        self.box_head = box_head
        self.classifier = classifier
        self.box_regressor = box_regressor
        self.smooth_l1_beta = smooth_l1_beta
        self.mask_pooler = mask_pooler
        self.mask_head = mask_head
        self.score_rows = score_rows
        self.selector = selector

    def forward(
        self,
        features: Mapping[str, Tensor],
        proposals: Sequence[Tensor],
        image_sizes: Sequence[tuple[int, int]],
        targets: Sequence[RoITargets] | None = None,
    ) -> tuple[list[RoIDetections], dict[str, Tensor]]:
        """Losses where there are targets, detections where there are none.

        Args:
            features: (N, C, h, w) by level name.
            proposals: (P, 4) of each image.
            image_sizes: (height, width) of each image without padding.
            targets: One for each image, or None.

        Returns:
            Detections of each image (none in training), and the losses `classification`, `box` and
            `mask` (none in inference).
        """
        if targets is not None:
            return [], self._losses(features, proposals, targets)
        return self._detections(features, proposals, image_sizes), {}

    def masks_for(
        self, features: Mapping[str, Tensor], boxes: Sequence[Tensor], labels: Sequence[Tensor]
    ) -> list[Tensor]:
        """(D, M, M) mask probabilities of given (D, 4) boxes and (D,) labels, per image."""
        pooled = torch.split(self.mask_pooler(features, boxes), MASKS_AT_ONCE)
        chunks = zip(pooled, torch.split(torch.cat(list(labels)), MASKS_AT_ONCE), strict=True)
        logits = torch.cat([self.mask_head(*chunk) for chunk in chunks])
        return list(torch.split(logits.sigmoid(), [len(of_image) for of_image in boxes]))

    def _losses(
        self,
        features: Mapping[str, Tensor],
        proposals: Sequence[Tensor],
        targets: Sequence[RoITargets],
    ) -> dict[str, Tensor]:
        sampled = [self.sampler(p, t) for p, t in zip(proposals, targets, strict=True)]
        logits, deltas = self._box_outputs(features, [rois.boxes for rois in sampled])
        classification = ClassificationTargets(
            labels=torch.cat([rois.labels for rois in sampled]),
            verified=torch.cat([rois.verified for rois in sampled]),
            weights=torch.cat([rois.weights for rois in sampled]),
        )
        return {
            "classification": self.classifier.loss(logits, classification),
            "box": self._box_loss(deltas, sampled),
            "mask": self._mask_loss(features, sampled, targets),
        }

    def _detections(
        self,
        features: Mapping[str, Tensor],
        proposals: Sequence[Tensor],
        image_sizes: Sequence[tuple[int, int]],
    ) -> list[RoIDetections]:
        logits, deltas = self._box_outputs(features, proposals)
        lengths = [len(of_image) for of_image in proposals]
        rows = self.score_rows(self.classifier, logits, lengths)
        scores = zip(*(torch.split(of_all, lengths) for of_all in rows), strict=True)
        found = [
            self.selector.unite([self.selector(boxes, row, moves, size) for row in of_image])
            for boxes, of_image, moves, size in zip(
                proposals, scores, torch.split(deltas, lengths), image_sizes, strict=True
            )
        ]
        masks = self.masks_for(features, [f.boxes for f in found], [f.labels for f in found])
        return [RoIDetections(f, mask) for f, mask in zip(found, masks, strict=True)]

    def _box_outputs(
        self, features: Mapping[str, Tensor], boxes: Sequence[Tensor]
    ) -> tuple[Tensor, Tensor]:
        pooled = self.box_pooler(features, boxes)
        hidden = self.box_head(pooled)
        return classify(self.classifier, hidden, pooled), self.box_regressor(hidden)

    def _box_loss(self, deltas: Tensor, sampled: Sequence[SampledRoIs]) -> Tensor:
        labels = torch.cat([rois.labels for rois in sampled])
        boxes = torch.cat([rois.boxes for rois in sampled])
        weights = torch.cat([rois.weights for rois in sampled])
        matched_boxes = torch.cat([rois.matched_boxes for rois in sampled])
        foreground = torch.nonzero(labels < self.sampler.num_categories).flatten()
        return box_regression_loss(
            deltas_of(deltas, foreground, labels[foreground]),
            encode_boxes(boxes[foreground], matched_boxes),
            weights[foreground],
            num_rois=len(labels),
            beta=self.smooth_l1_beta,
        )

    def _mask_loss(
        self,
        features: Mapping[str, Tensor],
        sampled: Sequence[SampledRoIs],
        targets: Sequence[RoITargets],
    ) -> Tensor:
        # Without any mask the head still runs, on no RoI: its parameters stay in the graph.
        counts = [
            rois.num_foreground if target.has_masks else 0
            for rois, target in zip(sampled, targets, strict=True)
        ]
        taken = list(zip(sampled, counts, strict=True))
        boxes = [rois.boxes[:count] for rois, count in taken]
        logits = self.mask_head(
            self.mask_pooler(features, boxes), torch.cat([r.labels[:count] for r, count in taken])
        )
        grids = [
            target.masks.crop_to_grid(rois.matched[:count], rois.boxes[:count], logits.shape[-1])
            for target, (rois, count) in zip(targets, taken, strict=True)
        ]
        weights = torch.cat([rois.weights[:count] for rois, count in taken])
        return mask_cross_entropy(logits, torch.cat(grids).to(logits), weights)
