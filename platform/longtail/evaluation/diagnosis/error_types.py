"""TIDE's error types by frequency group: why detections are false and instances missed.

Bolya et al., TIDE: A General Toolbox for Identifying Object Detection Errors (ECCV 2020). Types
and their order are those of its public tool: a false positive is given the first that fits. We
differ in that only judged detections are looked at, and in that what LVIS does not hold against a
detection (ignored instances, categories not exhaustively annotated) is no error here either.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from longtail.categories import CategoryTable
from longtail.evaluation.diagnosis.average_precision import (
    ALL_GROUPS,
    average_precision,
    mean_by_group,
)
from longtail.evaluation.diagnosis.image_overlaps import BACKGROUND_IOU
from longtail.evaluation.diagnosis.judged_detections import NO_INSTANCE, JudgedDetections
from longtail.evaluation.protocol import IOU_THRESHOLDS

ErrorType = Literal["localisation", "classification", "duplicate", "background", "both", "missed"]
ERROR_TYPES: tuple[ErrorType, ...] = (
    "localisation",
    "classification",
    "duplicate",
    "background",
    "both",
    "missed",
)


class ErrorAnalysis:
    """The errors of a prediction set at one overlap threshold t.

    localisation: overlaps an instance of its category by at least 0.1, and by less than t.
    classification: overlaps an instance of another category by at least t.
    duplicate: overlaps an instance of its category by at least t, and a better-scored one has it.
    background: overlaps no instance by 0.1.
    both: the rest, a category and a place that are both wrong.
    missed: an instance without a true positive that no localisation or classification error,
    corrected, would find.

    Args:
        detections: Detections judged at a list of thresholds.
        categories: K categories.
        t: Index of the threshold.
        threshold: The threshold itself.
    """

    def __init__(
        self, detections: JudgedDetections, categories: CategoryTable, t: int, threshold: float
    ) -> None:
        self._detections = detections
        self._categories = categories
        self._true_positive = detections.true_positives(t)
        self._false_positive = detections.false_positives(t)
        own, other = detections.own_iou, detections.other_iou
        conditions = {
            "localisation": (own >= BACKGROUND_IOU) & (own < threshold),
            "classification": other >= threshold,
            "duplicate": own >= threshold,
            "background": np.maximum(own, other) < BACKGROUND_IOU,
            "both": np.ones(len(detections), dtype=np.bool_),
        }
        self._of_type: dict[str, NDArray[np.bool_]] = {}
        unexplained = self._false_positive.copy()
        for name, condition in conditions.items():
            self._of_type[name] = unexplained & condition
            unexplained &= ~condition
        self._found = np.zeros(len(detections.gt_label), dtype=np.bool_)
        self._found[detections.matched[t][self._true_positive]] = True

    def rows(self, error: ErrorType) -> NDArray[np.bool_]:
        """(D,) detections of an error type; for "missed" (G,) instances."""
        if error != "missed":
            return self._of_type[error]
        within_reach = self._found.copy()
        for repairable in ("localisation", "classification"):
            rows = self._of_type[repairable]
            within_reach[self._target(repairable)[rows]] = True
        return ~within_reach & ~self._detections.gt_ignored

    def counts(self) -> dict[str, dict[str, int]]:
        """Errors by type and group: that of the detection, or of the instance that is missed."""
        counted: dict[str, dict[str, int]] = {}
        for error in ERROR_TYPES:
            missed = error == "missed"
            labels = self._detections.gt_label if missed else self._detections.label
            letters = self._categories.frequency[labels[self.rows(error)]]
            counted[error] = {
                group: len(letters) if group == "all" else int((letters == group).sum())
                for group in ALL_GROUPS
            }
        return counted

    def ap(self, *corrected: ErrorType) -> NDArray[np.float64]:
        """(K,) AP at the threshold with some types of error corrected; -1 without instances.

        A localisation or classification error becomes a true positive of the instance it is about,
        the best-scored one if there are several; if the instance is found already, and for the
        other types, the detection is taken away. Missed instances are taken out of those to be
        found; a category with none left counts as 1.
        """
        label = self._detections.label.copy()
        true_positive, false_positive = self._true_positive.copy(), self._false_positive.copy()
        for error in self._of_type.keys() & set(corrected):
            false_positive &= ~self._of_type[error]
        rows, instances = self._repaired(corrected)
        true_positive[rows] = True
        label[rows] = self._detections.gt_label[instances]
        num_instances = self._detections.num_instances(self._categories)
        left = num_instances.copy()
        if "missed" in corrected:
            missed = self._detections.gt_label[self.rows("missed")]
            left -= np.bincount(missed, minlength=len(left))
        ap = average_precision(label, self._detections.score, true_positive, false_positive, left)
        ap[(num_instances > 0) & (left == 0)] = 1.0
        return ap

    def _target(self, error: str) -> NDArray[np.int64]:
        localisation = error == "localisation"
        return self._detections.own_gt if localisation else self._detections.other_gt

    def _repaired(
        self, corrected: tuple[ErrorType, ...]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        targets = np.full(len(self._detections), NO_INSTANCE)
        for error in {"localisation", "classification"}.intersection(corrected):
            rows = self._of_type[error]
            targets[rows] = self._target(error)[rows]
        candidates = np.flatnonzero(targets != NO_INSTANCE)
        candidates = candidates[~self._found[targets[candidates]]]
        # Rows of one image are by falling score, so an instance's first row is its best.
        instances, first = np.unique(targets[candidates], return_index=True)
        return candidates[first], instances


def ap_gains(analysis: ErrorAnalysis, categories: CategoryTable) -> dict[str, dict[str, float]]:
    """AP gained at one threshold by correcting each type of error, by group; -1 undefined."""
    before = mean_by_group(analysis.ap(), categories)
    return {
        error: _gain(before, mean_by_group(analysis.ap(error), categories)) for error in ERROR_TYPES
    }


def ap_losses(
    analyses: list[ErrorAnalysis], categories: CategoryTable
) -> dict[str, dict[str, float]]:
    """What AP loses to wrong places and to wrong categories, by group; -1 undefined.

    The means over LVIS's ten thresholds of TIDE's gains: "AP" as it is, "localisation" and
    "classification" what correcting one of them adds, "together" what correcting both adds, and
    "rest" what is then still missing to 1 (instances not found, detections of nothing).

    Args:
        analyses: One for each of the ten thresholds.
        categories: K categories.
    """
    assert len(analyses) == len(IOU_THRESHOLDS)

    def ap(*corrected: ErrorType) -> dict[str, float]:
        over_thresholds = np.mean([analysis.ap(*corrected) for analysis in analyses], axis=0)
        return mean_by_group(over_thresholds, categories)

    as_it_is, together = ap(), ap("localisation", "classification")
    perfect = {group: value if value < 0 else 1.0 for group, value in as_it_is.items()}
    return {
        "AP": as_it_is,
        "localisation": _gain(as_it_is, ap("localisation")),
        "classification": _gain(as_it_is, ap("classification")),
        "together": _gain(as_it_is, together),
        "rest": _gain(together, perfect),
    }


def _gain(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {group: after[group] - ap if ap >= 0 else ap for group, ap in before.items()}
