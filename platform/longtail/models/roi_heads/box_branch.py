"""The boxes of RoIs over all stages. R RoIs, P proposals, K categories.

Boxes are xyxy in pixels of the network's input; background is label K.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from longtail.models.classifiers.base import ClassificationTargets
from longtail.models.classifiers.by_stage import (
    AnyClassifier,
    classifier_of_stage,
    logits_at,
    loss_of,
)
from longtail.models.classifiers.double import DoubleClassifier
from longtail.models.detections.score_rows import ScoreRows
from longtail.models.roi_heads.box_stage import BoxStage, Sizes
from longtail.models.roi_heads.sampling import SampledRoIs
from longtail.models.roi_heads.targets import RoITargets


@dataclass(frozen=True)
class BoxLosses:
    """What training makes of the proposals.

    Attributes:
        classification: A scalar, or (M,) of the classifiers that are trained at once.
        box: A scalar.
        for_masks: Of every stage the RoIs of each image that its masks learn from.
    """

    classification: Tensor
    box: Tensor
    for_masks: Sequence[Sequence[SampledRoIs]]


@dataclass(frozen=True)
class LastOutputs:
    """What the last stage gives in inference.

    Attributes:
        boxes: (P_n, 4) of each image, that the deltas move.
        rows: See `ScoreRows`.
        deltas: (P, 1 or K, 4) of all images.
    """

    boxes: Sequence[Tensor]
    rows: tuple[Tensor, ...]
    deltas: Tensor


@dataclass(frozen=True)
class BoxBranch:
    """The stages of boxes and what they share.

    Attributes:
        stages: In order; a plain detector has one.
        classifier: Of all stages.
        smooth_l1_beta: See `box_regression_loss`.
        later_rois: What stages after the first learn from: `longtail.config.roi_stages.BoxStages`.
        averaged: What of the stages is averaged in inference: the same.
        interleaved: Masks learn on what their own stage has refined.
    """

    stages: Sequence[BoxStage]
    classifier: AnyClassifier
    smooth_l1_beta: float
    later_rois: Literal["sampled", "all"] = "sampled"
    averaged: Literal["logits", "probabilities"] = "logits"
    interleaved: bool = False

    def losses(
        self,
        features: Mapping[str, Tensor],
        proposals: Sequence[Tensor],
        sizes: Sizes,
        targets: Sequence[RoITargets],
    ) -> BoxLosses:
        """Draw RoIs and let every stage learn from them.

        Random numbers of classifiers are drawn after those of all samplers, so that RoIs do not
        depend on the classifier.
        """
        sampler = self.stages[0].rules.sampler
        sampled = [sampler(*pair) for pair in zip(proposals, targets, strict=True)]
        all_sampled, for_masks, logits, box_losses = [], [], [], []
        for number, stage in enumerate(self.stages):
            boxes = [rois.boxes for rois in sampled]
            outputs = stage(features, boxes, sizes)
            own = logits_at(self.classifier, number, outputs.hidden, outputs.pooled)
            loss = stage.loss(outputs.deltas, sampled, self.smooth_l1_beta)
            all_sampled.append(sampled)
            for_masks.append(sampled)
            logits.append(own)
            box_losses.append(stage.rules.loss_weight * loss)
            is_last = number == len(self.stages) - 1
            if is_last and not self.interleaved:
                break
            labels = torch.cat([rois.labels for rois in sampled])
            chosen = self._labels(number, outputs.deltas, own, labels)
            refined = stage.refined(boxes, outputs.deltas, chosen, sizes)
            if self.interleaved:
                for_masks[-1] = self._sampled(number, sampled, refined, targets)
            if not is_last:
                sampled = self._sampled(number + 1, sampled, refined, targets)
        return BoxLosses(
            classification=loss_of(
                self.classifier,
                logits,
                [_targets(sampled) for sampled in all_sampled],
                [stage.rules.loss_weight for stage in self.stages],
            ),
            box=torch.stack(box_losses).sum(),
            for_masks=for_masks,
        )

    def _sampled(
        self,
        number: int,
        before: Sequence[SampledRoIs],
        refined: Sequence[Tensor],
        targets: Sequence[RoITargets],
    ) -> list[SampledRoIs]:
        """What the rules of stage `number` take of RoIs that were refined since they were sampled;
        those that clipping left without area are dropped."""
        sampler = self.stages[number].rules.sampler
        drawn = []
        for rois, boxes, of_image in zip(before, refined, targets, strict=True):
            kept = (boxes[:, 2:] > boxes[:, :2]).all(dim=1)
            if self.later_rois == "all":
                drawn.append(sampler.all_of(boxes[kept], of_image))
            else:
                drawn.append(sampler(boxes[kept & ~rois.is_annotation], of_image))
        return drawn

    def outputs(
        self,
        features: Mapping[str, Tensor],
        proposals: Sequence[Tensor],
        sizes: Sizes,
        score_rows: ScoreRows,
    ) -> LastOutputs:
        """Refine proposals stage by stage, and score what became of them by all stages."""
        boxes, logits = proposals, []
        for number, stage in enumerate(self.stages):
            outputs = stage(features, boxes, sizes)
            own = logits_at(self.classifier, number, outputs.hidden, outputs.pooled)
            logits.append(own)
            if number < len(self.stages) - 1:
                chosen = self._labels(number, outputs.deltas, own)
                boxes = stage.refined(boxes, outputs.deltas, chosen, sizes)
        lengths = [len(of_image) for of_image in boxes]
        return LastOutputs(boxes, self._rows(logits, lengths, score_rows), outputs.deltas)

    def _rows(
        self, logits: Sequence[Tensor], lengths: Sequence[int], score_rows: ScoreRows
    ) -> tuple[Tensor, ...]:
        """The rows of scores of all stages together."""
        first = classifier_of_stage(self.classifier, 0)
        if len(logits) == 1:
            return score_rows(first, logits[0], lengths)
        if self.averaged == "logits" and not isinstance(first, DoubleClassifier):
            return score_rows(first, torch.stack(list(logits)).mean(dim=0), lengths)
        of_stages = [
            score_rows(classifier_of_stage(self.classifier, number), own, lengths)
            for number, own in enumerate(logits)
        ]
        return tuple(torch.stack(alike).mean(dim=0) for alike in zip(*of_stages, strict=True))

    def _labels(
        self, number: int, deltas: Tensor, logits: Tensor, labels: Tensor | None = None
    ) -> Tensor:
        """(R,) the category whose deltas move each RoI: what it is where that is known, else what a
        stage takes it for. Where categories share their deltas, any will do."""
        if deltas.shape[1] == 1:
            return torch.zeros(len(deltas), dtype=torch.long, device=deltas.device)
        scores = classifier_of_stage(self.classifier, number).scores(logits.detach())
        taken_for = scores[:, :-1].argmax(dim=1)
        if labels is None:
            return taken_for
        return torch.where(labels < deltas.shape[1], labels, taken_for)


def _targets(sampled: Sequence[SampledRoIs]) -> ClassificationTargets:
    return ClassificationTargets(
        labels=torch.cat([rois.labels for rois in sampled]),
        verified=torch.cat([rois.verified for rois in sampled]),
        weights=torch.cat([rois.weights for rois in sampled]),
        category_weights=_category_weights(sampled),
    )


def _category_weights(sampled: Sequence[SampledRoIs]) -> Tensor | None:
    given = [rois.category_weights for rois in sampled]
    if all(of_image is None for of_image in given):
        return None
    pairs = zip(sampled, given, strict=True)
    return torch.cat(
        [
            torch.ones_like(rois.verified, dtype=rois.weights.dtype) if own is None else own
            for rois, own in pairs
        ]
    )
