"""What a detectron2 configuration says about the shared parts, read back from its keys."""

import numpy as np
from detectron2.config import CfgNode
from numpy.typing import NDArray
from pydantic import TypeAdapter

from longtail.categories import FREQUENCY_GROUPS
from longtail.config.base import Config
from longtail.config.classifiers import Classifier
from longtail.config.detector import Detector
from longtail.config.scores import HeadMerge, ScoreAdjustment
from longtail.config.variant import Inference
from longtail.models.category_statistics import UNKNOWN_GROUP, CategoryStatistics

_CLASSIFIER: TypeAdapter[Classifier] = TypeAdapter(Classifier)
_SCORE_ADJUSTMENT: TypeAdapter[ScoreAdjustment] = TypeAdapter(ScoreAdjustment)


def as_text(section: Config) -> str:
    """The JSON of a section behind its kind, as a value of a detectron2 key.

    When detectron2 reads a file, it turns every text that is a Python literal into its value, and
    much JSON is one.
    """
    return f"{type(section).__name__} {section.model_dump_json()}"


def detector_of(cfg: CfgNode) -> Detector:
    """The detector of MODEL.LONGTAIL.DETECTOR."""
    return Detector.model_validate_json(_json_of(cfg.MODEL.LONGTAIL.DETECTOR))


def classifier_of(cfg: CfgNode) -> Classifier:
    """The classifier of MODEL.LONGTAIL.CLASSIFIER."""
    return _CLASSIFIER.validate_json(_json_of(cfg.MODEL.LONGTAIL.CLASSIFIER))


def inference_of(cfg: CfgNode) -> Inference:
    """What a prediction keeps, of detectron2's own keys, and what becomes of its scores.

    Raises:
        ValueError: Scores are adjusted by counts that are not there.
    """
    keys = cfg.MODEL.LONGTAIL
    adjustment = _SCORE_ADJUSTMENT.validate_json(_json_of(keys.SCORE_ADJUSTMENT))
    if adjustment.name != "none" and not (keys.IMAGE_COUNT and keys.INSTANCE_COUNT):
        raise ValueError(
            f"MODEL.LONGTAIL.SCORE_ADJUSTMENT {adjustment.name}: needs IMAGE_COUNT and"
            " INSTANCE_COUNT, one count for each category"
        )
    return Inference(
        score_threshold=cfg.MODEL.ROI_HEADS.SCORE_THRESH_TEST,
        nms_iou=cfg.MODEL.ROI_HEADS.NMS_THRESH_TEST,
        detections_per_image=cfg.TEST.DETECTIONS_PER_IMAGE,
        score_adjustment=adjustment,
        head_merge=HeadMerge.model_validate_json(_json_of(keys.HEAD_MERGE)),
    )


def statistics_of(cfg: CfgNode) -> CategoryStatistics:
    """The categories as the counts and groups of MODEL.LONGTAIL describe them.

    Empty counts are zeros and empty groups unknown: losses that go by them need true ones.

    Raises:
        ValueError: They do not fit MODEL.ROI_HEADS.NUM_CLASSES, or are no groups.
    """
    keys = cfg.MODEL.LONGTAIL
    groups = _row(cfg, "FREQUENCY_GROUP", UNKNOWN_GROUP)
    known = range(UNKNOWN_GROUP, len(FREQUENCY_GROUPS))
    if foreign := [group for group in groups.tolist() if group not in known]:
        raise ValueError(
            f"MODEL.LONGTAIL.FREQUENCY_GROUP {foreign[0]}: groups are 0, 1 and 2 for r, c and f, or"
            f" {UNKNOWN_GROUP} where it is not known"
        )
    return CategoryStatistics.from_arrays(
        _row(cfg, "IMAGE_COUNT", 0), _row(cfg, "INSTANCE_COUNT", 0), groups, keys.NUM_IMAGES
    )


def _row(cfg: CfgNode, name: str, otherwise: int) -> NDArray[np.int64]:
    """(K,) what a key says of each category, or one number for all where it is empty."""
    num_categories, values = cfg.MODEL.ROI_HEADS.NUM_CLASSES, list(cfg.MODEL.LONGTAIL[name])
    if len(values) not in (0, num_categories):
        raise ValueError(
            f"MODEL.LONGTAIL.{name} has {len(values)} values: one for each of"
            f" MODEL.ROI_HEADS.NUM_CLASSES {num_categories} is needed"
        )
    return np.array(values or [otherwise] * num_categories, dtype=np.int64)


def _json_of(text: str) -> str:
    return text[text.find("{") :]
