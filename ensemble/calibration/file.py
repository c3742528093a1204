"""A calibration as a value and as a sealed JSON file: what each source's scores are turned into.

Fitted once on annotated images (`calibration_fit`), applied to any predictions of the same
sources, those of a test set too.
"""

from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.kinds import CalibrationKind, Groups, Overlap
from ensemble.calibration.maps import ScoreMap, calibrated
from longtail.categories import FREQUENCY_GROUPS
from longtail.predictions.image_set import ImageSet
from longtail.problems import BadInputError
from longtail.sealed import read_sealed, write_sealed

SCHEMA_VERSION = 1
ALL = "all"
REMEDY = "fit it again (python -m ensemble.calibrate fit)"


class Counts(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    rename={"true_positives": "right", "false_positives": "wrong"},
):
    """Judged detections of a group; files call them right and wrong."""

    true_positives: int
    false_positives: int


class ErrorChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """D-ECE of a group, in [0, 1], -1 without a detection.

    Attributes:
        before: Of the scores as they are.
        after: Of scores calibrated by maps that were fitted to other images.
    """

    before: float
    after: float


class SourceCalibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was fitted to one source; groups are "all", "r", "c" and "f".

    Attributes:
        maps: The map of "all", and of each group that has one of its own. The other groups have
            too few detections, or none were asked for; they use that of "all".
        counts: Judged detections by group.
        error: Calibration error by group.
        max_score: What the source's scores were divided by before.
    """

    maps: dict[str, ScoreMap]
    counts: dict[str, Counts]
    error: dict[str, ErrorChange]
    max_score: float = 1.0

    def map_of(self, group: str) -> ScoreMap:
        """The map that a frequency group's scores go through."""
        return self.maps.get(group, self.maps[ALL])


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Maps of scores for each source.

    Attributes:
        kind: Of all maps.
        groups: "frequency" for maps by frequency group, "none" for one map a source.
        overlap: What overlapped in matching, masks or boxes.
        iou_threshold: Overlap from which a detection counted as a true positive.
        min_matches: True and false positives from which a group got a map of its own.
        folds: Parts of the images over which the error afterwards was found.
        annotations: SHA-256 of the annotation file.
        images: Digest of its images.
        sources: By name.
    """

    kind: CalibrationKind
    groups: Groups
    overlap: Overlap
    iou_threshold: float
    min_matches: int
    folds: int
    annotations: str
    images: str
    sources: dict[str, SourceCalibration]

    @classmethod
    def load(cls, path: Path) -> "Calibration":
        """Read a calibration file.

        Raises:
            BadInputError: It is missing, damaged or of another version.
        """
        if not path.is_file():
            raise BadInputError(f"{path}: no such file; {REMEDY}")
        try:
            content = msgspec.json.decode(read_sealed(path, REMEDY), type=_File)
        except (msgspec.DecodeError, RecursionError) as error:
            raise BadInputError(f"{path}: not a calibration file ({error}); {REMEDY}") from None
        if content.schema_version != SCHEMA_VERSION:
            raise BadInputError(
                f"{path}: schema_version is {content.schema_version} and this program reads "
                f"{SCHEMA_VERSION}; {REMEDY}"
            )
        for name, source in content.calibration.sources.items():
            if ALL not in source.maps or not {*source.maps} <= {ALL, *FREQUENCY_GROUPS}:
                raise BadInputError(
                    f"{path}: calibration.sources.{name}.maps has {', '.join(source.maps)}; it "
                    f"must have all, and may have r, c and f; {REMEDY}"
                )
        return content.calibration

    def save(self, path: Path) -> None:
        """Write the file, by renaming."""
        text = msgspec.json.format(msgspec.json.encode(_File(SCHEMA_VERSION, self)), indent=1)
        write_sealed(path, text)

    def apply(
        self, name: str, scores: NDArray[np.float64], groups: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """(D,) calibrated scores in [0, 1].

        Within a group they keep the order of the scores: two that differ by 1e-8 or more never
        tie.

        Args:
            name: Name of the source, as it was fitted.
            scores: (D,) in [0, 1].
            groups: (D,) index into `FREQUENCY_GROUPS`.

        Raises:
            ValueError: There are scores and no such source, or a score is outside [0, 1].
        """
        if not len(scores):
            return np.empty(0)
        self.require([name])
        if not (scores.min() >= 0 and scores.max() <= 1):
            wrong = scores[~((scores >= 0) & (scores <= 1))][0]
            raise ValueError(f"source {name}: score {wrong} is not in [0, 1]; it has no log odds")
        result = np.empty(len(scores))
        for group, letter in enumerate(FREQUENCY_GROUPS):
            rows = groups == group
            result[rows] = calibrated(self.sources[name].map_of(letter), scores[rows])
        return result

    def require(self, names: list[str]) -> None:
        """Check that sources of these names were fitted.

        Raises:
            ValueError: One was not.
        """
        if missing := sorted({*names} - {*self.sources}):
            raise ValueError(
                f"the calibration has no source {', '.join(missing)}, only "
                f"{', '.join(self.sources)}; use the names it was fitted with, or {REMEDY}"
            )

    def warnings_of_scale(self, name: str, max_score: float) -> tuple[str, ...]:
        """What to say where a source was fitted with its scores divided by another number."""
        fitted = self.sources[name].max_score if name in self.sources else max_score
        if max_score == fitted:
            return ()
        return (
            f"{name}: scores are divided by {max_score:g}, and were by {fitted:g} when it was"
            " calibrated; right only where its files have different scales",
        )

    def was_fitted_on(self, images: ImageSet) -> bool:
        """Whether these very images were fitted: AP on them then flatters."""
        return self.images == images.digest()


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema_version: int
    calibration: Calibration
