"""A calibration as a value and as a sealed JSON file: what each source's scores are turned into.

Fitted once on annotated images (`fit`), applied to any predictions of the same sources, those of a
test set too.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.fitted_source import ALL, SourceCalibration
from ensemble.calibration.kinds import CalibrationKind, Groups, Overlap, Taken
from ensemble.calibration.maps import ScoreMap, through
from longtail.categories import FREQUENCY_GROUPS
from longtail.predictions.image_set import ImageSet
from longtail.problems import BadInputError
from longtail.sealed import read_sealed, write_sealed

SCHEMA_VERSION = 3
# The first has one overlap for all sources, and neither `taken` nor `shared`; the second has no
# `reliability`.
READABLE = (1, 2, SCHEMA_VERSION)
REMEDY = "fit it again (python -m ensemble.calibrate fit)"


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Maps of scores for each source.

    Attributes:
        kind: Of all maps.
        groups: "frequency" for maps by frequency group, "none" for one map a source.
        overlap: What overlaps in matching, masks or boxes; sources without masks have boxes.
        iou_threshold: Overlap from which a detection counted as a true positive.
        min_matches: True and false positives from which a map was fitted.
        folds: Parts of the images over which the error afterwards was found.
        annotations: SHA-256 of the annotation file.
        images: Digest of its images.
        sources: By name.
        shared: One map fitted to all sources together, where one of them has too few detections.
        exhaustive: Whether every category was labelled in every image.
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
    shared: ScoreMap | None = None
    exhaustive: bool = False

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
        if content.schema_version not in READABLE:
            raise BadInputError(
                f"{path}: schema_version is {content.schema_version} and this program reads "
                f"{', '.join(map(str, READABLE))}; {REMEDY}"
            )
        has_shared = content.calibration.shared is not None
        for name, source in content.calibration.sources.items():
            if problem := source.problem(has_shared):
                raise BadInputError(f"{path}: calibration.sources.{name}: {problem}; {REMEDY}")
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
        tie. Where no map could be fitted they are the scores themselves.

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
            result[rows] = through(self.map_of(name, letter), scores[rows])
        return result

    def whose(self, name: str, letter: str) -> Taken:
        """Whose map the scores of a source in a frequency group, or in all, go through."""
        return self.sources[name].whose(letter)

    def map_of(self, name: str, letter: str) -> ScoreMap | None:
        """The map that these scores go through; None leaves them as they are."""
        maps, whose = self.sources[name].maps, self.whose(name, letter)
        return {
            "group": maps.get(letter),
            "source": maps.get(ALL),
            "all sources": self.shared,
            "unchanged": None,
        }[whose]

    def overlap_of(self, name: str) -> Overlap:
        """What decided which detections of a source are right."""
        return self.sources[name].overlap or self.overlap

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

    def warnings_of_missing(self, names: Sequence[str]) -> Iterator[str]:
        """What to say of sources of a merge whose scores stay as they are."""
        for name in names:
            if name not in self.sources:
                yield (
                    f"{name}: not in the calibration, so that its scores stay as they are beside"
                    " calibrated ones; fit it as well to make them comparable"
                )
            elif all(self.whose(name, letter) == "unchanged" for letter in FREQUENCY_GROUPS):
                yield (
                    f"{name}: was fitted to too few detections, so that its scores stay as they are"
                )

    def was_fitted_on(self, images: ImageSet) -> bool:
        """Whether these very images were fitted: AP on them then flatters."""
        return self.images == images.digest()


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema_version: int
    calibration: Calibration
