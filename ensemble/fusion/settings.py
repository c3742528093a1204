"""Settings of fusion and of a merge: checked once, and written to merge.json."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, get_args

from ensemble.fusion.choices import Absent, Decay, MarginMode, Mask, MaskWeights, Match
from ensemble.fusion.methods import METHODS
from ensemble.fusion.methods.method import FusionMethod
from longtail.categories import GROUP_NAMES
from longtail.evaluation.margins import Margins
from longtail.evaluation.uncertainty.bootstrap import MIN_RESAMPLES


@dataclass(frozen=True)
class AbsentSources:
    """Whether WBF counts a silent source against what others found, by frequency group.

    Attributes:
        rare: For categories trained on 1 to 10 images.
        common: For those of 11 to 100 images.
        frequent: For the others.
    """

    rare: Absent = "counts"
    common: Absent = "counts"
    frequent: Absent = "counts"

    def __post_init__(self) -> None:
        for group in GROUP_NAMES.values():
            _check_choice(f"absent sources, {group}", getattr(self, group), get_args(Absent))


@dataclass(frozen=True)
class FusionSettings:
    """What decides which detections of an image and category are one object.

    Attributes:
        method: Name of one of `METHODS`.
        iou_thr: Detections that overlap more are one object, in [0, 1]; linear soft-NMS lowers
            the scores of those, and Gaussian soft-NMS does not use it.
        match: Whether boxes or masks are compared.
        mask: The mask of the member of highest weighted score, or a vote of all members.
        mask_weights: A member votes with the weight of its source, or with that times its score.
        mask_thr: Share of the votes, in (0, 1], that puts a pixel into a voted mask.
        soft_nms: How soft-NMS lowers the scores of detections that overlap a better one.
        sigma: Width of the Gaussian of soft-NMS, over 0.
        min_score: Soft-NMS drops detections whose score is or falls lower, in [0, 1].
        first_iou_thr: Threshold of the hard NMS of "nms+soft-nms".
        absent: Whether WBF counts silent sources, by frequency group.
    """

    method: str
    iou_thr: float
    match: Match = "box"
    mask: Mask = "best"
    mask_weights: MaskWeights = "equal"
    mask_thr: float = 0.5
    soft_nms: Decay = "gaussian"
    sigma: float = 0.5
    min_score: float = 1e-3
    first_iou_thr: float = 0.7
    absent: AbsentSources = field(default_factory=AbsentSources)

    def __post_init__(self) -> None:
        _check_choice("--method", self.method, tuple(METHODS))
        _check_choice("--match", self.match, get_args(Match))
        _check_choice("--mask", self.mask, get_args(Mask))
        _check_choice("--mask-weights", self.mask_weights, get_args(MaskWeights))
        _check_choice("--soft-nms", self.soft_nms, get_args(Decay))
        _check_share("--iou-thr", self.iou_thr)
        _check_share("--min-score", self.min_score)
        _check_share("--first-iou-thr", self.first_iou_thr)
        if not 0 < self.mask_thr <= 1:
            raise ValueError(f"--mask-thr {self.mask_thr}: expected a number over 0, at most 1")
        if not 0 < self.sigma < float("inf"):
            raise ValueError(f"--sigma {self.sigma}: expected a positive number, 0.5 is usual")
        if self.mask == "vote" and not self.fusion_method.may_vote:
            raise ValueError(
                f"--mask vote with --method {self.method}: every detection stays an object of its "
                "own, so there is nobody to vote; use --mask best, or --method nms+soft-nms"
            )

    @property
    def fusion_method(self) -> FusionMethod:
        """The method of that name."""
        return METHODS[self.method]


def _check_choice(option: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{option} {value!r}: expected one of {', '.join(choices)}")


def _check_share(option: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{option} {value}: expected a number from 0 to 1")


@dataclass(frozen=True)
class MergeSettings:
    """Everything but the inputs that decides which bytes a merge writes.

    Attributes:
        fusion: Which detections are one object, and its mask.
        margins: Added to scores while detections compete for an image's `max_dets`.
        margin_mode: "sort" writes the fused scores; "score" writes (score + margin) / (largest
            score + rare margin), which ranks the detections for an evaluation as the cut did.
        masks_by_scale: The mask of an object is that of the test scale which suits its size and
            shape (`scale_choice`).
        calibration: The calibration file that the scores of every source go through first.
        max_dets: Detections an image may keep; LVIS evaluates 300.
        score_thr: Detections with a lower score are dropped before fusion.
        strict: Stop at records that cannot be used; or drop and count them.
        with_bbox: Write boxes too, and a submission of boxes. Evaluators then take areas from
            boxes, for masks as well.
        zipped: Write submission.zip, with the submission in it.
        evaluate: Evaluate every source and the result where annotations are there.
        exhaustive: Every category is labelled in every image of the annotations.
        steps: Evaluate the union of the sources and what each step makes of it, too.
        resamples: Resamples of the images for the intervals of that; 0 for no intervals.
    """

    fusion: FusionSettings
    margins: Margins
    margin_mode: MarginMode = "sort"
    masks_by_scale: bool = False
    calibration: Path | None = None
    max_dets: int = 300
    score_thr: float = 0.0
    strict: bool = True
    with_bbox: bool = False
    zipped: bool = False
    evaluate: bool = True
    exhaustive: bool = False
    steps: bool = True
    resamples: int = 1000

    def __post_init__(self) -> None:
        if not 0 <= self.score_thr <= 1:
            raise ValueError(f"--score-thr {self.score_thr}: expected a number from 0 to 1")
        if self.max_dets < 1:
            raise ValueError(f"--max-dets {self.max_dets}: at least 1, LVIS uses 300")
        if self.resamples != 0 and self.resamples < MIN_RESAMPLES:
            raise ValueError(
                f"--resamples {self.resamples}: at least {MIN_RESAMPLES}, 1000 are usual; 0 for no"
                " intervals"
            )
        if self.masks_by_scale and self.fusion.mask != "best":
            raise ValueError("masks by scale and by vote exclude each other; choose one --mask")

    @property
    def changes_masks(self) -> bool:
        """Whether an object's mask may be another than that of its best member."""
        return self.masks_by_scale or self.fusion.mask == "vote"

    def as_dict(self) -> dict[str, Any]:
        """The settings as a JSON tree; `exhaustive` is in it where it is true."""
        tree = asdict(self)
        if not self.exhaustive:
            del tree["exhaustive"]
        return tree | {"calibration": None if self.calibration is None else str(self.calibration)}


def method_for(name: str, num_sources: int) -> FusionMethod:
    """The method that is used: boxes of a single source are not averaged (`methods.wbf`)."""
    method = METHODS[name]
    if num_sources == 1 and method.for_one_source is not None:
        return METHODS[method.for_one_source]
    return method
