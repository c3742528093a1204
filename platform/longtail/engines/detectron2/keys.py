"""What a detectron2 configuration says about the shared parts, read back from its keys."""

import torch
from detectron2.config import CfgNode
from pydantic import TypeAdapter
from torch import Tensor

from longtail.config.classifiers import Classifier
from longtail.config.detector import Detector
from longtail.config.variant import Inference

_CLASSIFIER: TypeAdapter[Classifier] = TypeAdapter(Classifier)


def detector_of(cfg: CfgNode) -> Detector:
    """The detector of MODEL.LONGTAIL.DETECTOR."""
    return Detector.model_validate_json(cfg.MODEL.LONGTAIL.DETECTOR)


def classifier_of(cfg: CfgNode) -> Classifier:
    """The classifier of MODEL.LONGTAIL.CLASSIFIER."""
    return _CLASSIFIER.validate_json(cfg.MODEL.LONGTAIL.CLASSIFIER)


def inference_of(cfg: CfgNode) -> Inference:
    """What a prediction keeps, of detectron2's own keys."""
    return Inference(
        score_threshold=cfg.MODEL.ROI_HEADS.SCORE_THRESH_TEST,
        nms_iou=cfg.MODEL.ROI_HEADS.NMS_THRESH_TEST,
        detections_per_image=cfg.TEST.DETECTIONS_PER_IMAGE,
    )


def tail_of(cfg: CfgNode) -> Tensor:
    """(K,) bool, the categories that MODEL.LONGTAIL.TAIL lists.

    Raises:
        ValueError: It lists one that MODEL.ROI_HEADS.NUM_CLASSES does not have.
    """
    num_categories, listed = cfg.MODEL.ROI_HEADS.NUM_CLASSES, list(cfg.MODEL.LONGTAIL.TAIL)
    foreign = [label for label in listed if not 0 <= label < num_categories]
    if foreign:
        raise ValueError(
            f"MODEL.LONGTAIL.TAIL {foreign[0]}: labels are 0 to {num_categories - 1}"
            f" (MODEL.ROI_HEADS.NUM_CLASSES {num_categories})"
        )
    tail = torch.zeros(num_categories, dtype=torch.bool)
    tail[listed] = True
    return tail
