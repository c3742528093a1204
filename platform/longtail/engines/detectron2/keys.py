"""What a detectron2 configuration says about the shared parts, read back from its keys."""

import numpy as np
from detectron2.config import CfgNode
from numpy.typing import NDArray
from pydantic import TypeAdapter

from longtail.config.base import Config
from longtail.config.classifiers import Classifier
from longtail.config.detector import Detector
from longtail.config.scores import HeadMerge, ScoreAdjustment
from longtail.config.variant import Inference
from longtail.models.category_statistics import CategoryStatistics

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
    """The categories as MODEL.LONGTAIL.TAIL, IMAGE_COUNT and INSTANCE_COUNT describe them.

    Empty counts are zeros: classifiers that go by them need true ones.

    Raises:
        ValueError: They do not fit MODEL.ROI_HEADS.NUM_CLASSES.
    """
    num_categories, keys = cfg.MODEL.ROI_HEADS.NUM_CLASSES, cfg.MODEL.LONGTAIL
    foreign = [label for label in keys.TAIL if not 0 <= label < num_categories]
    if foreign:
        raise ValueError(
            f"MODEL.LONGTAIL.TAIL {foreign[0]}: labels are 0 to {num_categories - 1}"
            f" (MODEL.ROI_HEADS.NUM_CLASSES {num_categories})"
        )
    tail = np.zeros(num_categories, dtype=np.bool_)
    tail[list(keys.TAIL)] = True
    return CategoryStatistics.from_arrays(
        tail, *(_counts(cfg, name) for name in ("IMAGE_COUNT", "INSTANCE_COUNT"))
    )


def _counts(cfg: CfgNode, name: str) -> NDArray[np.int64]:
    num_categories, counts = cfg.MODEL.ROI_HEADS.NUM_CLASSES, list(cfg.MODEL.LONGTAIL[name])
    if len(counts) not in (0, num_categories):
        raise ValueError(
            f"MODEL.LONGTAIL.{name} has {len(counts)} counts: one for each of"
            f" MODEL.ROI_HEADS.NUM_CLASSES {num_categories} is needed"
        )
    return np.array(counts or [0] * num_categories, dtype=np.int64)


def _json_of(text: str) -> str:
    return text[text.find("{") :]
