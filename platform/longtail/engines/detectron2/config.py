"""A detector as a detectron2 configuration, of which `build_model` makes it anew.

Importing this module makes the detector's parts known to detectron2. K categories.
"""

from typing import assert_never

from detectron2.config import CfgNode, get_cfg

from longtail.config.classifiers import Classifier, Softmax
from longtail.config.detector import Backbone, Detector, Detectron2, Timm
from longtail.config.scores import AsTheyAre, HeadMerge
from longtail.config.variant import Inference
from longtail.engines.detectron2.backbone import PyramidBackbone
from longtail.engines.detectron2.config_file import config_with_bottom_up
from longtail.engines.detectron2.keys import as_text
from longtail.engines.detectron2.meta_arch import LongtailRCNN
from longtail.engines.detectron2.roi_heads import LongtailROIHeads
from longtail.engines.detectron2.rpn import set_proposals
from longtail.engines.pixels import PIXEL_MEAN, PIXEL_STD
from longtail.models.category_statistics import CategoryStatistics
from longtail.models.necks.build import levels_of


def add_longtail_config(cfg: CfgNode) -> None:
    """Add MODEL.LONGTAIL, at defaults, to a detectron2 configuration.

    It says what detectron2 has no keys for: DETECTOR, CLASSIFIER, SCORE_ADJUSTMENT and HEAD_MERGE
    are the JSON of our configuration, IMAGE_COUNT and INSTANCE_COUNT count the training images and
    instances of each category, FREQUENCY_GROUP says 0, 1 or 2 for its group r, c or f, and
    NUM_IMAGES counts the annotated training images. Losses alone go by the last two.
    Proposals and what a prediction keeps are read from detectron2's own keys (MODEL.RPN,
    MODEL.ANCHOR_GENERATOR, MODEL.ROI_HEADS, TEST), and not from `proposals` of DETECTOR. K is
    MODEL.ROI_HEADS.NUM_CLASSES.
    """
    cfg.MODEL.LONGTAIL = CfgNode(
        {
            "DETECTOR": as_text(Detector()),
            "CLASSIFIER": as_text(Softmax()),
            "SCORE_ADJUSTMENT": as_text(AsTheyAre()),
            "HEAD_MERGE": as_text(HeadMerge()),
            "IMAGE_COUNT": [],
            "INSTANCE_COUNT": [],
            "FREQUENCY_GROUP": [],
            "NUM_IMAGES": 0,
        }
    )
    # Files of before listed the tail, empty in every export.
    cfg.register_deprecated_key("MODEL.LONGTAIL.TAIL")


def longtail_config(
    detector: Detector,
    classifier: Classifier,
    inference: Inference,
    statistics: CategoryStatistics,
) -> CfgNode:
    """A configuration that holds the whole detector; files are read here and not needed again.

    Only a timm backbone's initial weights would be: take `detector.without_weights()` for a
    configuration that is kept. MODEL.DEVICE stays detectron2's default, the GPU.

    Args:
        detector: The network.
        classifier: Of the stage that is trained or predicted with.
        inference: What a prediction keeps.
        statistics: Of the categories of the training annotations.

    Raises:
        ValueError: The backbone's config file or the anchor sizes do not fit.
    """
    cfg = _config_with_pixels(detector.backbone)
    add_longtail_config(cfg)
    cfg.MODEL.LONGTAIL.DETECTOR = as_text(detector)
    cfg.MODEL.LONGTAIL.CLASSIFIER = as_text(classifier)
    cfg.MODEL.LONGTAIL.SCORE_ADJUSTMENT = as_text(inference.score_adjustment)
    cfg.MODEL.LONGTAIL.HEAD_MERGE = as_text(inference.head_merge)
    cfg.MODEL.LONGTAIL.IMAGE_COUNT = statistics.image_count.tolist()
    cfg.MODEL.LONGTAIL.INSTANCE_COUNT = statistics.instance_count.tolist()
    cfg.MODEL.LONGTAIL.FREQUENCY_GROUP = statistics.frequency_group.tolist()
    cfg.MODEL.LONGTAIL.NUM_IMAGES = statistics.num_images
    cfg.MODEL.META_ARCHITECTURE = LongtailRCNN.__name__
    cfg.MODEL.BACKBONE.NAME = PyramidBackbone.__name__
    cfg.MODEL.MASK_ON = True
    levels = levels_of(detector.neck)
    set_proposals(cfg, detector.proposals, levels)
    cfg.MODEL.ROI_HEADS.NAME = LongtailROIHeads.__name__
    cfg.MODEL.ROI_HEADS.IN_FEATURES = list(levels.pooled_names)
    cfg.MODEL.ROI_HEADS.NUM_CLASSES = statistics.num_categories
    cfg.MODEL.ROI_HEADS.SCORE_THRESH_TEST = inference.score_threshold
    cfg.MODEL.ROI_HEADS.NMS_THRESH_TEST = inference.nms_iou
    cfg.TEST.DETECTIONS_PER_IMAGE = inference.detections_per_image
    cfg.INPUT.MIN_SIZE_TEST = inference.short_side
    cfg.INPUT.MAX_SIZE_TEST = inference.long_side_cap
    return cfg


def _config_with_pixels(backbone: Backbone) -> CfgNode:
    match backbone:
        case Detectron2(config_file=config_file):
            return config_with_bottom_up(config_file)
        case Timm():
            cfg = get_cfg()
            cfg.MODEL.PIXEL_MEAN = list(PIXEL_MEAN)
            cfg.MODEL.PIXEL_STD = list(PIXEL_STD)
            cfg.INPUT.FORMAT = "RGB"
            return cfg
        case _:
            assert_never(backbone)
