"""What a merge does, checked once and written to merge.json."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from ensemble.rescoring import Margins
from longtail.evaluation.bootstrap import MIN_RESAMPLES

Method = Literal["nms", "wbf"]
OnInvalid = Literal["error", "drop"]

DEFAULT_IOU_THRESHOLDS: dict[Method, float] = {"nms": 0.5, "wbf": 0.55}


@dataclass(frozen=True)
class MergeSettings:
    """Everything but the inputs that decides which bytes a merge writes.

    Attributes:
        method: Class-wise hard NMS, or weighted boxes fusion.
        iou_thr: Boxes that overlap more are one object, in [0, 1].
        margins: Added to scores while detections compete for an image's quota.
        max_dets: Detections an image may keep; LVIS evaluates 300.
        score_thr: Detections with a lower score are dropped before fusion.
        on_invalid: Whether records that cannot be used stop the merge or are dropped and counted.
        with_bbox: Write boxes too. Evaluators then take areas from boxes, for masks as well.
        evaluate: Evaluate every source and the result where annotations are there.
        resamples: Resamples of the images for the intervals of that; 0 for no intervals.
    """

    method: Method
    iou_thr: float
    margins: Margins
    max_dets: int = 300
    score_thr: float = 0.0
    on_invalid: OnInvalid = "error"
    with_bbox: bool = False
    evaluate: bool = True
    resamples: int = 1000

    def __post_init__(self) -> None:
        _check_share("--iou-thr", self.iou_thr)
        _check_share("--score-thr", self.score_thr)
        if self.max_dets < 1:
            raise ValueError(f"--max-dets {self.max_dets}: at least 1, LVIS uses 300")
        if self.resamples != 0 and self.resamples < MIN_RESAMPLES:
            raise ValueError(
                f"--resamples {self.resamples}: at least {MIN_RESAMPLES}, 1000 are usual; 0 for no"
                " intervals"
            )

    def as_dict(self) -> dict[str, Any]:
        """The settings as a JSON tree."""
        return asdict(self)


def resolve_method(method: Method, num_sources: int) -> Method:
    """The method that is used: boxes of a single source are not averaged but suppressed.

    Averaging the boxes of one model moves good boxes towards worse ones; the authors of WBF
    report 0.453 AP against 0.490 of NMS.
    """
    return "nms" if num_sources == 1 else method


def _check_share(option: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{option} {value}: expected a number from 0 to 1")
