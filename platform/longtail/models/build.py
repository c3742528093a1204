"""From a detector's configuration to the modules that every engine shares."""

from pathlib import Path

from longtail.config.classifiers import Classifier
from longtail.config.detector import Detector, Timm
from longtail.config.variant import Inference
from longtail.models.backbone import TimmBackbone
from longtail.models.backbone_weights import load_timm_weights
from longtail.models.box_head import TwoLayerBoxHead
from longtail.models.box_regressor import BoxRegressor
from longtail.models.category_statistics import CategoryStatistics
from longtail.models.classifiers import build_classifier
from longtail.models.detections import BoxSelector
from longtail.models.mask_head import MaskHead
from longtail.models.matching import RoISampler
from longtail.models.neck import LEVELS, NUM_ROI_LEVELS, STRIDES
from longtail.models.pooling import PyramidPooler
from longtail.models.roi_heads import RoIHeads


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


def build_roi_heads(
    detector: Detector,
    classifier: Classifier,
    inference: Inference,
    statistics: CategoryStatistics,
) -> RoIHeads:
    """The second stage for the categories of the training annotations."""
    num_categories = statistics.num_categories
    box, mask, width = detector.box_head, detector.mask_head, detector.neck_channels
    names, strides = LEVELS[:NUM_ROI_LEVELS], STRIDES[:NUM_ROI_LEVELS]
    return RoIHeads(
        sampler=RoISampler(
            num_categories, box.rois_per_image, box.positive_fraction, box.positive_iou
        ),
        box_pooler=PyramidPooler(names, strides, box.pool_size),
        box_head=TwoLayerBoxHead(width, box.pool_size, box.channels),
        classifier=build_classifier(classifier, box.channels, statistics),
        box_regressor=BoxRegressor(box.channels, num_categories if box.class_specific_boxes else 1),
        smooth_l1_beta=box.smooth_l1_beta,
        mask_pooler=PyramidPooler(names, strides, mask.pool_size),
        mask_head=MaskHead(
            width, mask.channels, mask.convolutions, num_categories if mask.class_specific else 1
        ),
        selector=BoxSelector(
            inference.score_threshold, inference.nms_iou, inference.detections_per_image
        ),
    )
