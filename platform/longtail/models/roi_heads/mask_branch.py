"""The masks of RoIs. R RoIs, D detections, C channels, M = side of the mask grid."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from longtail.losses.masks.boundary import boundary_loss
from longtail.losses.masks.mask_iou import mask_iou_loss, mask_iou_targets
from longtail.models.masks.mask_head import MaskHead
from longtail.models.masks.mask_level import levels_by_area_and_ratio
from longtail.models.masks.mask_scoring import MaskIoUHead
from longtail.models.pooling.pyramid import PyramidPooler, RoIPooler
from longtail.models.roi_heads.sampling import SampledRoIs
from longtail.models.roi_heads.targets import RoITargets

MASKS_AT_ONCE = 128
"""Bounds the mask heads' memory in inference, and on a CPU halves its time."""
INSIDE = 0.5
"""Cells of at least this probability belong to the mask that its level and its IoU go by."""

MaskLossFunction = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(F, M, M) logits, (F, M, M) targets, (F,) weights -> a scalar."""


@dataclass(frozen=True)
class FoundMasks:
    """The masks of one image's boxes.

    Attributes:
        probabilities: (D, M, M) in [0, 1].
        quality: (D,) the predicted IoU, in [0, 1]; 1 where none is predicted.
    """

    probabilities: Tensor
    quality: Tensor

    def split(self, lengths: list[int]) -> list["FoundMasks"]:
        """Those of each image, where these are of all of them in order."""
        columns = (torch.split(of_all, lengths) for of_all in (self.probabilities, self.quality))
        pairs = zip(*columns, strict=True)
        return [FoundMasks(*pair) for pair in pairs]


@dataclass(frozen=True)
class MaskBranch:
    """The modules that masks are made by, which belong to the RoI heads, and their rules.

    Attributes:
        pooler: Features for the heads.
        heads: Of every stage; the masks found are their mean.
        loss: What they learn by.
        fine_pooler: Features of the finest level, where the heads learn boundaries.
        scorer: Predicts the last head's IoU; None predicts none.
        by_ratio: Masks that fill little of their box come from a finer level.
    """

    pooler: RoIPooler
    heads: Sequence[MaskHead]
    loss: MaskLossFunction
    fine_pooler: PyramidPooler | None
    scorer: MaskIoUHead | None
    by_ratio: bool

    def losses(
        self,
        stage: int,
        features: Mapping[str, Tensor],
        sampled: Sequence[SampledRoIs],
        targets: Sequence[RoITargets],
    ) -> dict[str, Tensor]:
        """What the head of a stage learns from the foreground of its RoIs.

        Heads before it give it their features, and learn by that too.

        Args:
            stage: Number of the head.
            features: (N, C, h, w) by level name.
            sampled: The stage's RoIs of each image.
            targets: Of each image.

        Returns:
            `mask`, and `boundary` and `mask_iou` where there are such parts; scalars.
        """
        # Without any mask the heads still run, on no RoI: their parameters stay in the graph.
        taken = [_Foreground(*pair) for pair in zip(sampled, targets, strict=True)]
        boxes = [of_image.boxes for of_image in taken]
        labels = torch.cat([of_image.labels for of_image in taken])
        weights = torch.cat([of_image.weights for of_image in taken])
        levels = self._levels(torch.cat(boxes), _filled(taken)) if self.by_ratio else None
        pooled = self.pooler(features, boxes, levels)
        hidden, fine = self._hidden(pooled, stage), self._fine(features, boxes)
        logits, boundary = self.heads[stage].outputs(hidden, labels, fine)
        grids = torch.cat([of_image.grids(logits.shape[-1]) for of_image in taken]).to(logits)
        losses = {"mask": self.loss(logits, grids, weights)}
        if boundary is not None:
            losses["boundary"] = boundary_loss(boundary, grids, weights)
        if self.scorer is not None and stage == len(self.heads) - 1:
            areas = torch.cat([of_image.areas() for of_image in taken]).to(logits)
            ious = mask_iou_targets(logits, grids, areas, torch.cat(boxes))
            predicted = self.scorer(pooled, logits, labels)
            losses["mask_iou"] = mask_iou_loss(predicted, ious, weights)
        return losses

    def found(
        self, features: Mapping[str, Tensor], boxes: Sequence[Tensor], labels: Sequence[Tensor]
    ) -> list[FoundMasks]:
        """The masks of given (D, 4) boxes and (D,) labels, per image.

        Where thin masks come from finer levels, a first mask by area tells how thin it is; those
        whose level that changes are made anew.
        """
        all_boxes, all_labels = torch.cat(list(boxes)), torch.cat(list(labels))
        pooled, fine = self.pooler(features, boxes), self._fine(features, boxes)
        masks = self._predicted(pooled, fine, all_labels)
        if self.by_ratio:
            filled = (masks.probabilities >= INSIDE).float().mean(dim=(1, 2))
            levels = self._levels(all_boxes, filled)
            changed = levels != self.pooler.levels(all_boxes)
            lengths = [len(of_image) for of_image in boxes]
            of_images = zip(boxes, torch.split(changed, lengths), strict=True)
            anew = self.pooler(features, [b[rows] for b, rows in of_images], levels[changed])
            finer = None if fine is None else fine[changed]
            again = self._predicted(anew, finer, all_labels[changed])
            masks.probabilities[changed] = again.probabilities
            masks.quality[changed] = again.quality
        return masks.split([len(of_image) for of_image in boxes])

    def _predicted(self, pooled: Tensor, fine: Tensor | None, labels: Tensor) -> FoundMasks:
        """The masks of R pooled RoIs, some at a time."""
        logits: list[list[Tensor]] = [[] for _ in self.heads]
        quality = []
        for rows in torch.split(torch.arange(len(labels), device=labels.device), MASKS_AT_ONCE):
            hidden = None
            for head, of_head in zip(self.heads, logits, strict=True):
                hidden = head.features(pooled[rows], hidden if head.flow is not None else None)
                own, _ = head.outputs(hidden, labels[rows], None if fine is None else fine[rows])
                of_head.append(own)
            if self.scorer is not None:
                quality.append(self.scorer(pooled[rows], own, labels[rows]).clamp(0, 1))
        probabilities = [torch.cat(of_head).sigmoid() for of_head in logits]
        return FoundMasks(
            probabilities[0] if len(probabilities) == 1 else torch.stack(probabilities).mean(dim=0),
            torch.cat(quality) if quality else probabilities[0].new_ones(len(labels)),
        )

    def _hidden(self, pooled: Tensor, stage: int) -> Tensor:
        """What the convolutions of a stage's head give, on top of those that it sees."""
        head = self.heads[stage]
        before = self._hidden(pooled, stage - 1) if head.flow is not None else None
        return head.features(pooled, before)

    def _fine(self, features: Mapping[str, Tensor], boxes: Sequence[Tensor]) -> Tensor | None:
        return None if self.fine_pooler is None else self.fine_pooler(features, boxes)

    def _levels(self, boxes: Tensor, filled: Tensor) -> Tensor:
        """(R,) the level of each (R, 4) box of which a mask fills (R,) so much."""
        areas = (boxes[:, 2:] - boxes[:, :2]).prod(dim=1)
        return levels_by_area_and_ratio(areas, filled.to(areas) * areas, len(self.pooler.names))


class _Foreground:
    """The foreground of an image's RoIs; none where its instances have no masks."""

    def __init__(self, rois: SampledRoIs, targets: RoITargets) -> None:
        count = rois.num_foreground if targets.has_masks else 0
        self.boxes = rois.boxes[:count]
        self.labels = rois.labels[:count]
        self.weights = rois.weights[:count]
        self.matched = rois.matched[:count]
        self._targets = targets

    def grids(self, side: int) -> Tensor:
        """(F, side, side) of 0 and 1, on the CPU: the instances' masks inside the RoIs."""
        return self._targets.masks.crop_to_grid(self.matched, self.boxes, side)

    def areas(self) -> Tensor:
        """(F,) pixels of the instances' masks, on the CPU."""
        return self._targets.masks.areas()[self.matched.cpu()]

    def filled(self) -> Tensor:
        """(F,) share of its box that the mask of each instance fills, on the CPU."""
        boxes = self._targets.boxes[self.matched].cpu()
        return self.areas() / (boxes[:, 2:] - boxes[:, :2]).prod(dim=1)


def _filled(taken: Sequence[_Foreground]) -> Tensor:
    return torch.cat([of_image.filled() for of_image in taken]).to(taken[0].boxes)
