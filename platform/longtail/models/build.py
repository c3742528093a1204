"""From a configuration to a backbone, and to the scores that boxes are chosen by."""

from pathlib import Path
from typing import assert_never

from longtail.config.classifiers import Calibrated, Classifier
from longtail.config.detector import Timm
from longtail.config.scores import AsTheyAre, LogitAdjustment, NorCal
from longtail.config.variant import Inference
from longtail.models.backbone import TimmBackbone
from longtail.models.category_statistics import CategoryStatistics
from longtail.models.deformable_conv import offset_names
from longtail.models.detections.head_merge import MergedRows
from longtail.models.detections.score_adjustment import logit_adjusted_rows, norcal_rows
from longtail.models.detections.score_rows import ScoreRows, as_they_are
from longtail.models.weights.backbone import load_timm_weights


def build_backbone(backbone: Timm) -> TimmBackbone:
    """The timm network with its initial weights.

    Raises:
        ValueError: The model is unknown or unfit, or its weights' file is missing.
        BadInputError: The weights do not fit.
    """
    network = TimmBackbone(
        backbone.model,
        frozen_norm=backbone.norm == "frozen",
        sync_norm=backbone.norm == "sync",
        deformable=backbone.deformable,
        gradient_checkpointing=backbone.gradient_checkpointing,
    )
    if backbone.weights is not None:
        body = network.body
        load_timm_weights(body, Path(backbone.weights), optional=offset_names(body))
    return network


def build_score_rows(
    classifier: Classifier, inference: Inference, statistics: CategoryStatistics
) -> ScoreRows:
    """The scores that boxes are chosen by: adjusted, merged of two classifiers, or as they are."""
    match inference.score_adjustment:
        case NorCal(gamma=gamma):
            return norcal_rows(statistics.image_count, gamma)
        case LogitAdjustment(tau=tau):
            return logit_adjusted_rows(statistics.instance_count, tau)
        case AsTheyAre():
            merge = inference.head_merge
        case _:
            assert_never(inference.score_adjustment)
    if not isinstance(classifier, Calibrated):
        return as_they_are
    return MergedRows(
        rule=merge.rule,
        tail=statistics.instance_count < merge.tail_below,
        threshold=merge.threshold,
        scale=merge.scale,
        means="of the image" if merge.scale_images == 0 else None,
    )
