"""Score maps of a merge that is a row: fitted on a stated half of its images, told on the other.

AP of all images flatters what was fitted on half of them, so that AP of the half that was not seen
stands beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ensemble.calibration.file import Calibration
from ensemble.calibration.fit import fit_calibration
from ensemble.calibration.fit_settings import FitSettings
from ensemble.calibration.kinds import CalibrationKind, Overlap
from ensemble.calibration.labelled_scores import labelled_scores
from ensemble.outputs.resampled_ap import evaluate_masks
from ensemble.sources.open import OpenedSource
from ensemble.sources.spec import MERGED, SourceSpec
from ensemble.tuning.split import restrict, split_images, write_annotations
from longtail.evaluation.annotations.ground_truth import GroundTruth, read_ground_truth
from longtail.metrics import GROUP_METRICS
from longtail.predictions.store import PredictionStore
from longtail.problems import BadInputError

ANNOTATIONS = "annotations.json"
FITTED, OTHER_HALF = "fitted", "other_half"
"""Keys of a row's summary: the half that maps were fitted on, and in it AP of the other."""


@dataclass(frozen=True)
class HalfMaps:
    """What is fitted, and on which half.

    Attributes:
        kind: Form of the maps.
        seed: Of the halves, those of `ensemble.tune --seed`.
        only: Names of the members that get maps; empty for all of them.
    """

    kind: CalibrationKind = "platt"
    seed: int = 0
    only: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {"kind": self.kind, "half_seed": self.seed, "only": list(self.only)}

    def fit(self, truth: GroundTruth, sources: Sequence[OpenedSource], work: Path) -> Calibration:
        """Maps of the members, by the first half.

        Args:
            truth: The annotations of all images.
            sources: The members.
            work: A folder that does not exist; it takes what is not needed afterwards.

        Raises:
            BadInputError: There are too few images, or no member has a detection in them.
        """
        half = self._half(truth, 0, work)
        labelled = {}
        for source in sources:
            name = source.spec.name
            if self.only and name not in self.only:
                continue
            store = PredictionStore.open(restrict(source, half.images, work / name).directory)
            overlap: Overlap = "box" if source.boxes_only else "segm"
            if store.num_detections:
                iou = FitSettings().iou_threshold
                labelled[name] = labelled_scores(half, store, overlap, iou)
        if not labelled:
            raise BadInputError(
                f"{truth.path}: no member has a detection in the half that half_seed {self.seed}"
                " fits maps on; leave calibrate= out"
            )
        return fit_calibration(labelled, half, FitSettings(self.kind))

    def told(self, truth: GroundTruth, merged: PredictionStore, work: Path) -> dict[str, Any]:
        """What a summary says: the half, its images, and mask AP of the other as fractions.

        Args:
            truth: The annotations of all images.
            merged: The merged detections.
            work: A folder that does not exist.
        """
        other = self._half(truth, 1, work)
        spec = SourceSpec(MERGED, merged.directory)
        every = np.ones(len(truth.categories), np.bool_)
        whole = OpenedSource(spec, merged.directory, merged.directory, every)
        store = PredictionStore.open(restrict(whole, other.images, work / MERGED).directory)
        row, _ = evaluate_masks(other, store)
        num_images = len(truth.images) - len(other.images)
        metrics = {name: row[name] for name in GROUP_METRICS}
        return {**self.as_dict(), "images": num_images, OTHER_HALF: metrics}

    def _half(self, truth: GroundTruth, which: int, work: Path) -> GroundTruth:
        work.mkdir(parents=True)
        ids = split_images(truth.images.ids, self.seed)[which].tolist()
        path = write_annotations(truth.path, ids, work / ANNOTATIONS)
        return read_ground_truth(path, exhaustive=truth.exhaustive)
