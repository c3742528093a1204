"""The shape of `diagnosis.json`: every group and every type of error that is drawn."""

from typing import Annotated, Generic, NotRequired, TypedDict, TypeVar

import msgspec

from dashboards.sources.shapes.results import KindWord
from longtail.evaluation.diagnosis.calibration_error import Calibration
from longtail.evaluation.diagnosis.confusion import ConfusedPair
from longtail.evaluation.diagnosis.score_distribution import ScoreDistribution

Each = TypeVar("Each")


class Groups(TypedDict, Generic[Each]):
    """One of each frequency group, and of all."""

    all: Each
    r: Each
    c: Each
    f: Each


class SameCategory(TypedDict):
    """Objects that were found as what they are, by group."""

    r: int
    c: int
    f: int


class ConfusionTree(TypedDict):
    """Objects and what they were taken for."""

    matrix: tuple[
        tuple[int, int, int, int],
        tuple[int, int, int, int],
        tuple[int, int, int, int],
        tuple[int, int, int, int],
    ]
    same_category: SameCategory
    pairs: list[ConfusedPair]


class Errors(TypedDict, Generic[Each]):
    """Something of each type of error: wrong detections, and missed objects."""

    localisation: Each
    classification: Each
    duplicate: Each
    background: Each
    both: Each
    missed: Each


class Losses(TypedDict):
    """AP, and what it loses."""

    AP: Groups[float]
    localisation: Groups[float]
    classification: Groups[float]
    together: Groups[float]
    rest: Groups[float]


class Scores(TypedDict):
    """Of right and wrong detections."""

    right: ScoreDistribution
    wrong: ScoreDistribution


class DiagnosisFile(TypedDict):
    """`diagnosis.json`."""

    kind: KindWord
    iou_threshold: Annotated[float, msgspec.Meta(ge=0, le=1)]
    counts: dict[str, int]
    confusion: ConfusionTree
    errors: Errors[Groups[int]]
    ap_gain: Errors[Groups[float]]
    ap_loss: Losses
    calibration: Groups[Calibration]
    scores: Groups[Scores]
    warnings: NotRequired[list[str]]
