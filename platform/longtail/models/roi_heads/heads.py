"""The second stage of a Mask R-CNN or of a cascade, on plain tensors: any engine can call it.

N images, P proposals, D detections, K categories, M = side of the mask grid. Boxes are xyxy in
pixels of the network's input; background is label K.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor, nn

from longtail.config.stages import Part
from longtail.models.box_heads.regressor import BoxRegressor
from longtail.models.classifiers.by_stage import AnyClassifier
from longtail.models.context.context import Context, Surroundings
from longtail.models.detections.score_rows import ScoreRows
from longtail.models.detections.select import BoxSelector, FoundBoxes
from longtail.models.masks.mask_head import MaskHead
from longtail.models.masks.mask_scoring import MaskIoUHead
from longtail.models.pooling.pyramid import PyramidPooler, RoIPooler
from longtail.models.roi_heads.box_branch import BoxBranch, LastOutputs
from longtail.models.roi_heads.box_stage import BoxStage, Sizes
from longtail.models.roi_heads.mask_branch import FoundMasks, MaskBranch
from longtail.models.roi_heads.rules import RoIRules
from longtail.models.roi_heads.targets import RoITargets


@dataclass(frozen=True)
class RoIDetections:
    """What was found in one image.

    Attributes:
        found: Boxes, labels and scores.
        mask_probabilities: (D, M, M) in [0, 1], the soft mask over its box.
        mask_quality: (D,) in [0, 1], the predicted IoU of each mask; 1 where none is predicted.
    """

    found: FoundBoxes
    mask_probabilities: Tensor
    mask_quality: Tensor


class RoIHeads(nn.Module):
    """Classifies, refines and segments proposals, once or stage by stage.

    Where there are several stages, a `ModuleList` holds what each of them has for itself, and the
    numbers of the stages are in the names of its weights. One stage has no such list, so that a
    plain detector's names are those of ever.

    Args:
        box_pooler: Features for `box_head`.
        box_head: Shared by classifier and regressor.
        classifier: Also an `nn.Module`.
        box_regressor: Class-agnostic or class-specific.
        mask_pooler: Features for `mask_head`, of all stages.
        mask_head: Class-agnostic or class-specific. One alone learns from the RoIs of the first
            stage.
        double_head: What the regressor sees instead of `box_head`, where it has its own.
        fine_pooler: See `MaskBranch`.
        mask_scorer: See `MaskBranch`.
        context: What surrounds the RoIs, added to their features in all stages.
        rules: What is no layer.
        score_rows: The scores that boxes are chosen by in inference.
        selector: Draws detections from scored boxes.

    Attributes:
        classifier_dropout: Of the features that the classifiers of all stages see. It drops nothing
            until a training stage sets its `p`.
    """

    def __init__(
        self,
        *,
        box_pooler: nn.Module,
        box_head: nn.Module,
        classifier: AnyClassifier,
        box_regressor: nn.Module,
        mask_pooler: RoIPooler,
        mask_head: nn.Module,
        double_head: nn.Module | None = None,
        fine_pooler: PyramidPooler | None = None,
        mask_scorer: MaskIoUHead | None = None,
        context: Context | None = None,
        rules: RoIRules,
        score_rows: ScoreRows,
        selector: BoxSelector,
    ) -> None:
        super().__init__()
        self.rules = rules
        self.box_pooler = box_pooler
        self.box_head = box_head
        self.classifier = classifier
        self.box_regressor = box_regressor
        self.mask_pooler = mask_pooler
        self.mask_head = mask_head
        self.double_head = double_head
        self.fine_pooler = fine_pooler
        self.mask_scorer = mask_scorer
        self.context = context
        self.score_rows = score_rows
        self.selector = selector
        self.classifier_dropout = nn.Dropout(0.0)

    @property
    def num_categories(self) -> int:
        """K."""
        return self.rules.stages[0].sampler.num_categories

    def forward(
        self,
        features: Mapping[str, Tensor],
        proposals: Sequence[Tensor],
        image_sizes: Sizes,
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
            `mask`, and those of optional parts (none in inference).
        """
        if targets is not None:
            return [], self._losses(features, proposals, image_sizes, targets)
        return self._detections(features, proposals, image_sizes), {}

    def scored(
        self, features: Mapping[str, Tensor], proposals: Sequence[Tensor], image_sizes: Sizes
    ) -> LastOutputs:
        """What the last stage makes of proposals, before boxes are chosen; see `forward`."""
        seen = self._surroundings(features)
        return self._boxes_in(seen).outputs(features, proposals, image_sizes, self.score_rows)

    def masks_for(
        self, features: Mapping[str, Tensor], boxes: Sequence[Tensor], labels: Sequence[Tensor]
    ) -> list[FoundMasks]:
        """The masks of given (D, 4) boxes and (D,) labels, per image."""
        return self._masks_in(self._surroundings(features)).found(features, boxes, labels)

    def parts(self) -> dict[Part, nn.Module]:
        """What a training stage can freeze or re-create, of all stages of boxes together."""
        return {
            "box_head": _together(self.box_head, self.box_pooler, self.double_head, self.context),
            "classifier": self.get_submodule("classifier"),
            "box_regressor": self.box_regressor,
            "mask_head": _together(
                self.mask_head, cast(nn.Module, self.mask_pooler), self.mask_scorer
            ),
        }

    @property
    def box_branch(self) -> BoxBranch:
        """The stages of boxes, with what stands in the heads now."""
        count = len(self.rules.stages)
        of_stages = zip(
            self.rules.stages,
            cast(list[RoIPooler], _of_each(self.box_pooler, count)),
            _of_each(self.box_head, count),
            cast(list[BoxRegressor], _of_each(self.box_regressor, count)),
            [None] * count if self.double_head is None else _of_each(self.double_head, count),
            strict=True,
        )
        return BoxBranch(
            stages=[BoxStage(*of_stage, self.classifier_dropout) for of_stage in of_stages],
            classifier=self.classifier,
            smooth_l1_beta=self.rules.smooth_l1_beta,
            later_rois=self.rules.later_rois,
            averaged=self.rules.averaged,
            interleaved=self.rules.interleaved,
        )

    @property
    def mask_branch(self) -> MaskBranch:
        """The mask heads and what they share."""
        return MaskBranch(
            pooler=self.mask_pooler,
            heads=cast(list[MaskHead], _of_each(self.mask_head, 1)),
            loss=self.rules.mask_loss,
            fine_pooler=self.fine_pooler,
            scorer=self.mask_scorer,
            by_ratio=self.rules.masks_by_ratio,
        )

    def _surroundings(self, features: Mapping[str, Tensor]) -> Surroundings:
        """What surrounds the RoIs of a batch, once for all stages."""
        return Surroundings(None, None) if self.context is None else self.context(features)

    def _boxes_in(self, seen: Surroundings) -> BoxBranch:
        branch = self.box_branch
        if self.context is None:
            return branch
        stages = [
            replace(stage, pooler=seen.joining(stage.pooler, "box")) for stage in branch.stages
        ]
        return replace(branch, stages=stages)

    def _masks_in(self, seen: Surroundings) -> MaskBranch:
        branch = self.mask_branch
        if self.context is None:
            return branch
        return replace(branch, pooler=seen.joining(branch.pooler, "mask"))

    def _losses(
        self,
        features: Mapping[str, Tensor],
        proposals: Sequence[Tensor],
        sizes: Sizes,
        targets: Sequence[RoITargets],
    ) -> dict[str, Tensor]:
        seen = self._surroundings(features)
        of_boxes = self._boxes_in(seen).losses(features, proposals, sizes, targets)
        masks = self._masks_in(seen)
        learned = [
            masks.losses(number, features, of_boxes.for_masks[number], targets)
            for number in range(len(masks.heads))
        ]
        weights = [stage.loss_weight for stage in self.rules.stages]
        return {
            "classification": of_boxes.classification,
            "box": of_boxes.box,
            **_weighted_sums(weights[: len(learned)], learned),
            **seen.losses(targets),
        }

    def _detections(
        self, features: Mapping[str, Tensor], proposals: Sequence[Tensor], sizes: Sizes
    ) -> list[RoIDetections]:
        seen = self._surroundings(features)
        last = self._boxes_in(seen).outputs(features, proposals, sizes, self.score_rows)
        lengths = [len(of_image) for of_image in last.boxes]
        scores = zip(*(torch.split(of_all, lengths) for of_all in last.rows), strict=True)
        found = [
            self.selector.unite([self.selector(boxes, row, moves, size) for row in of_image])
            for boxes, of_image, moves, size in zip(
                last.boxes, scores, torch.split(last.deltas, lengths), sizes, strict=True
            )
        ]
        boxes, labels = [f.boxes for f in found], [f.labels for f in found]
        masks = self._masks_in(seen).found(features, boxes, labels)
        return [
            RoIDetections(f, mask.probabilities, mask.quality)
            for f, mask in zip(found, masks, strict=True)
        ]


def _of_each(module: nn.Module, count: int) -> list[nn.Module]:
    """The modules of every stage: those of a list, or one that all of them share."""
    return list(module) if isinstance(module, nn.ModuleList) else [module] * count


def _together(module: nn.Module, *others: nn.Module | None) -> nn.Module:
    """A part's module, with those beside it that have weights."""
    with_weights = [m for m in others if m is not None and any(True for _ in m.parameters())]
    return nn.ModuleList([module, *with_weights]) if with_weights else module


def _weighted_sums(
    weights: Sequence[float], of_stages: Sequence[Mapping[str, Tensor]]
) -> dict[str, Tensor]:
    """The sum over the stages of each loss; the last stage has all of them."""
    pairs = list(zip(weights, of_stages, strict=True))
    return {
        name: torch.stack([w * losses[name] for w, losses in pairs if name in losses]).sum()
        for name in of_stages[-1]
    }
