"""From a detector's configuration to its RoI heads, which all engines share."""

from collections.abc import Sequence
from functools import partial
from typing import assert_never, cast

from torch import nn

from longtail.config.classifiers import Classifier
from longtail.config.detector import BoxHead, Detector, MaskHead
from longtail.config.roi_stages import (
    BalancedMask,
    Cascade,
    HybridTaskCascade,
    MaskCrossEntropy,
    MaskLoss,
    OneStage,
)
from longtail.config.variant import Inference
from longtail.losses.mask import mask_cross_entropy
from longtail.losses.masks.balanced import balanced_mask_loss
from longtail.models.box_heads.double_head import ConvolutionalBoxHead
from longtail.models.box_heads.regressor import BoxRegressor
from longtail.models.box_heads.two_layer import TwoLayerBoxHead
from longtail.models.build import build_score_rows
from longtail.models.category_statistics import CategoryStatistics
from longtail.models.classifiers.base import Classifier as ClassifierModule
from longtail.models.classifiers.build import build_classifier
from longtail.models.classifiers.by_stage import AnyClassifier, StageClassifiers
from longtail.models.context.build import build_context
from longtail.models.detections.select import BoxSelector
from longtail.models.masks.mask_head import MaskHead as MaskHeadModule
from longtail.models.masks.mask_scoring import MaskIoUHead
from longtail.models.necks.build import levels_of
from longtail.models.norms import norm_layer
from longtail.models.pooling.deformable import DeformablePooler
from longtail.models.pooling.pyramid import PyramidPooler, RoIPooler
from longtail.models.roi_heads.heads import RoIHeads
from longtail.models.roi_heads.mask_branch import MaskLossFunction
from longtail.models.roi_heads.rules import roi_rules


def build_roi_heads(
    detector: Detector,
    classifier: Classifier,
    inference: Inference,
    statistics: CategoryStatistics,
) -> RoIHeads:
    """The second stage for the categories of the training annotations.

    Random numbers are drawn for the modules of each stage of boxes, in order, then for the masks,
    then for the context.
    """
    box, mask = detector.box_head, detector.mask_head
    num_categories = statistics.num_categories
    rules = roi_rules(detector, num_categories, _mask_loss(mask.loss))
    pooled = (detector.neck_channels, box.pool_size)
    regressed = num_categories if _class_specific_boxes(detector) else 1
    poolers, box_heads, classifiers, regressors, double_heads = [], [], [], [], []
    for _ in rules.stages:
        poolers.append(_pooler(detector, box))
        box_heads.append(TwoLayerBoxHead(*pooled, box.channels))
        classifiers.append(build_classifier(classifier, box.channels, statistics, pooled=pooled))
        regressors.append(BoxRegressor(box.channels, regressed))
        if box.regression == "convolutional":
            double_heads.append(ConvolutionalBoxHead(detector.neck_channels, box.channels))
    mask_pooler = _pooler(detector, mask)
    mask_heads = _mask_heads(detector, num_categories)
    return RoIHeads(
        box_pooler=_all(poolers),
        box_head=_all(box_heads),
        classifier=_of_stages(classifiers),
        box_regressor=_all(regressors),
        mask_pooler=mask_pooler,
        mask_head=_all(mask_heads),
        double_head=_all(double_heads) if double_heads else None,
        fine_pooler=_fine_pooler(detector) if mask.boundary else None,
        mask_scorer=_mask_scorer(detector, num_categories) if mask.scoring else None,
        context=build_context(detector, num_categories),
        rules=rules,
        score_rows=build_score_rows(classifier, inference, statistics),
        selector=BoxSelector(
            inference.score_threshold,
            inference.nms_iou,
            inference.detections_per_image,
            inference.nms_candidates,
            rules.stages[-1].coding_weights,
        ),
    )


def _class_specific_boxes(detector: Detector) -> bool:
    if isinstance(detector.roi_stages, OneStage):
        return detector.box_head.class_specific_boxes
    return detector.roi_stages.class_specific_boxes


def _mask_heads(detector: Detector, num_categories: int) -> list[MaskHeadModule]:
    """One, or one for each stage."""
    match detector.roi_stages:
        case OneStage():
            count, flows = 1, False
        case Cascade(mask_heads=mask_heads, num_stages=num_stages):
            count, flows = (num_stages if mask_heads == "each" else 1), False
        case HybridTaskCascade(mask_information_flow=flows, num_stages=num_stages):
            count = num_stages
        case _:
            assert_never(detector.roi_stages)
    mask = detector.mask_head
    return [
        MaskHeadModule(
            detector.neck_channels,
            mask.channels,
            mask.convolutions,
            num_categories if mask.class_specific else 1,
            sees_the_one_before=flows and number > 0,
            learns_boundaries=mask.boundary,
            norm_layer=norm_layer(mask.norm),
        )
        for number in range(count)
    ]


def _mask_loss(loss: MaskLoss) -> MaskLossFunction:
    match loss:
        case MaskCrossEntropy():
            return mask_cross_entropy
        case BalancedMask(cross_entropy_weight=factor, foreground_factor=foreground):
            return partial(
                balanced_mask_loss, cross_entropy_factor=factor, foreground_factor=foreground
            )
        case _:
            assert_never(loss)


def _mask_scorer(detector: Detector, num_categories: int) -> MaskIoUHead:
    mask = detector.mask_head
    return MaskIoUHead(
        detector.neck_channels,
        mask.pool_size,
        num_categories if mask.class_specific else 1,
        channels=mask.channels,
        fc_channels=detector.box_head.channels,
    )


def _pooler(detector: Detector, head: BoxHead | MaskHead) -> RoIPooler:
    levels = levels_of(detector.neck)
    names, strides = levels.pooled_names, levels.pooled_strides
    match head.pooling:
        case "align":
            return PyramidPooler(names, strides, head.pool_size)
        case "deformable":
            return DeformablePooler(
                names,
                strides,
                head.pool_size,
                detector.neck_channels,
                hidden=detector.box_head.channels,
            )
        case _:
            assert_never(head.pooling)


def _fine_pooler(detector: Detector) -> PyramidPooler:
    """Of the finest level alone, at the side of the mask grid."""
    levels = levels_of(detector.neck)
    side = 2 * detector.mask_head.pool_size
    return PyramidPooler(levels.pooled_names[:1], levels.pooled_strides[:1], side)


def _of_stages(classifiers: Sequence[ClassifierModule]) -> AnyClassifier:
    if len(classifiers) == 1:
        return classifiers[0]
    return StageClassifiers(classifiers)


def _all(modules: Sequence[object]) -> nn.Module:
    """One module as it is, so that its weights have no number in their names."""
    own = cast(Sequence[nn.Module], modules)
    return own[0] if len(own) == 1 else nn.ModuleList(own)
