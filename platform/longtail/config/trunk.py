"""What training stages must have in common to be trained in one pass over the data."""

from typing import get_args

from longtail.config.base import fingerprint
from longtail.config.detector import Detector
from longtail.config.roi_stages import BoxStages
from longtail.config.stages import Part, Stage

LEARNING: Part = "classifier"
TRUNK: frozenset[Part] = frozenset(get_args(Part)) - {LEARNING}
OWN_FIELDS = frozenset({"classifier", "recreate", "optimizer", "clip_gradient_norm", "ema_decay"})
"""What each stage of a pass may have for itself."""


def shares_rois(detector: Detector) -> bool:
    """Whether all classifiers over the same trunk get the same RoIs.

    Stages of a cascade move a RoI by the deltas of what their classifier takes it for, where
    categories have their own.
    """
    stages = detector.roi_stages
    return not isinstance(stages, BoxStages) or not stages.class_specific_boxes


def trunk_of(stage: Stage) -> str | None:
    """A name of all that the stage computes before its classifier; None if more than that learns.

    Stages of equal names that start from the same weights and data, under the same seed, compute
    the same features of the same RoIs in every step: one forward of the frozen trunk serves all,
    if `shares_rois`.
    """
    if set(stage.freeze) != TRUNK or not set(stage.recreate) <= {LEARNING}:
        return None
    shared = {field: of for field, of in stage.named_tree().items() if field not in OWN_FIELDS}
    return fingerprint({**shared, "freeze": sorted(TRUNK)})
