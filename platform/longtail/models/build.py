"""From a detector's configuration to the modules that every engine shares."""

from pathlib import Path
from typing import assert_never

from longtail.config.classifiers import Calibrated, Classifier
from longtail.config.detector import Detector, Timm
from longtail.config.scores import AsTheyAre, LogitAdjustment, NorCal
from longtail.config.variant import Inference
from longtail.models.backbone import TimmBackbone
from longtail.models.box_head import TwoLayerBoxHead
from longtail.models.box_regressor import BoxRegressor
from longtail.models.category_statistics import CategoryStatistics
from longtail.models.classifiers.build import build_classifier
from longtail.models.detections.head_merge import MergedRows
from longtail.models.detections.score_adjustment import logit_adjusted_rows, norcal_rows
from longtail.models.detections.score_rows import ScoreRows, as_they_are
from longtail.models.detections.select import BoxSelector
from longtail.models.mask_head import MaskHead
from longtail.models.matching import RoISampler
from longtail.models.necks.build import levels_of
from longtail.models.pooling import PyramidPooler
from longtail.models.roi_heads import RoIHeads
from longtail.models.weights.backbone import load_timm_weights


def build_backbone(backbone: Timm) -> TimmBackbone:
    """The timm network with its initial weights.

    Raises:
        ValueError: The model is unknown or unfit, or its weights' file is missing.
        BadInputError: The weights do not fit.
    """
    network = TimmBackbone(backbone.model, frozen_norm=backbone.norm == "frozen")
    if backbone.weights is not None:
        load_timm_weights(network.body, Path(backbone.weights))
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


def build_roi_heads(
    detector: Detector,
    classifier: Classifier,
    inference: Inference,
    statistics: CategoryStatistics,
) -> RoIHeads:
    """The second stage for the categories of the training annotations."""
    num_categories = statistics.num_categories
    box, mask, width = detector.box_head, detector.mask_head, detector.neck_channels
    levels = levels_of(detector.neck)
    names, strides = levels.pooled_names, levels.pooled_strides
    return RoIHeads(
        sampler=RoISampler(
            num_categories, box.rois_per_image, box.positive_fraction, box.positive_iou
        ),
        box_pooler=PyramidPooler(names, strides, box.pool_size),
        box_head=TwoLayerBoxHead(width, box.pool_size, box.channels),
        classifier=build_classifier(
            classifier, box.channels, statistics, pooled=(width, box.pool_size)
        ),
        box_regressor=BoxRegressor(box.channels, num_categories if box.class_specific_boxes else 1),
        smooth_l1_beta=box.smooth_l1_beta,
        mask_pooler=PyramidPooler(names, strides, mask.pool_size),
        mask_head=MaskHead(
            width, mask.channels, mask.convolutions, num_categories if mask.class_specific else 1
        ),
        score_rows=build_score_rows(classifier, inference, statistics),
        selector=BoxSelector(
            inference.score_threshold,
            inference.nms_iou,
            inference.detections_per_image,
            inference.nms_candidates,
        ),
    )
