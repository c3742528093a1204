"""LVIS metrics for any scores of the same detections, without matching files again.

A sweep over score margins, temperatures or fusion weights changes scores and nothing else. What
stays (which detections are judged, their overlaps with the ground truth) is computed once; a trial
is then a sort and a walk. All numbers equal lvis-api's on results with the new scores, to the last
digit. Boxes, masks and labels must stay: where merging depends on scores, build anew.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longtail.categories import FREQUENCY_GROUPS, CategoryTable
from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.matching.blocks import OnBlock
from longtail.evaluation.matching.match_store import find_overlaps
from longtail.evaluation.matching.overlaps import Overlaps
from longtail.evaluation.matching.prediction_set import check_images
from longtail.evaluation.matching.shard import Kind
from longtail.evaluation.metrics.curves import empty_curves, fill_curves
from longtail.evaluation.metrics.matches.table import MatchTable
from longtail.evaluation.metrics.ranking import NO_CAP, match_ranked, rank, rows_within_cap
from longtail.evaluation.metrics.rescorer_files import (
    RescorerManifest,
    load_rescorer,
    save_rescorer,
)
from longtail.evaluation.metrics.summary import Curves, ap_per_category, summarize
from longtail.evaluation.protocol import AREA_BOUNDS, from_bits
from longtail.files import sha256_of
from longtail.metrics import UNDEFINED
from longtail.predictions.manifest import MANIFEST_NAME
from longtail.predictions.store import PredictionStore

MAX_DETS = 300
ALL_AREAS = 0


@dataclass(frozen=True, eq=False)
class Rescorer:
    """Metrics of one store's detections under any scores; safe to share, nothing in it changes.

    Attributes:
        overlaps: What does not depend on scores.
        categories: The K categories.
        kind: Masks or boxes.
        max_dets: Best-scored detections that count per image, -1 for all.
        inputs: SHA-256 of the annotation file and of the store's manifest.
    """

    overlaps: Overlaps
    categories: CategoryTable
    kind: Kind
    max_dets: int
    inputs: dict[str, str]

    @classmethod
    def build(
        cls,
        truth: GroundTruth,
        store: PredictionStore,
        kind: Kind,
        max_dets: int = MAX_DETS,
        on_block: OnBlock | None = None,
    ) -> "Rescorer":
        """Read a store and compute what does not depend on scores.

        Args:
            truth: The annotations.
            store: Predictions for the same images.
            kind: "segm" for masks, "box" for boxes.
            max_dets: Best-scored detections that count per image, at least 1; -1 for all.
            on_block: Told the number of blocks done and of all, as they are done.

        Raises:
            ValueError: `kind` or `max_dets` is none of the allowed.
            BadInputError: The store is of other images or categories, or lacks masks.
        """
        if kind not in ("segm", "box"):
            raise ValueError(f"kind is {kind!r}; it must be segm or box")
        if max_dets < 1 and max_dets != NO_CAP:
            raise ValueError(f"max_dets is {max_dets}; it must be 1 or more, or -1 for no cap")
        check_images(store, truth)
        inputs = {
            "annotations": sha256_of(truth.path),
            "predictions": sha256_of(store.directory / MANIFEST_NAME),
        }
        if truth.exhaustive:
            inputs["labels"] = "exhaustive"
        overlaps = find_overlaps(truth, store, kind, on_block)
        return cls(overlaps, truth.categories, kind, max_dets, inputs)

    @property
    def scores(self) -> NDArray[np.float64]:
        """(S,) the store's own scores of all its rows, in the order its blocks are read."""
        return self.overlaps.scores

    def evaluate(self, scores: NDArray[np.float64]) -> dict[str, float]:
        """The thirteen metrics of lvis-api, as fractions.

        Args:
            scores: (S,) of all rows of the store, those that are not judged too: they take slots
                under the cap. Any finite numbers.
        """
        return summarize(self.curves(scores), self.categories, self.max_dets)

    def curves(self, scores: NDArray[np.float64], kept: NDArray[np.bool_] | None = None) -> Curves:
        """Precision and recall in the four area ranges.

        Args:
            scores: (S,) as for `evaluate`.
            kept: (S,) which rows are matched; None for all. The others take slots under the cap.
        """
        return self._curves(scores, len(AREA_BOUNDS), kept)

    def num_judged(self, scores: NDArray[np.float64]) -> int:
        """Judged detections with an area within the cap."""
        counts = rows_within_cap(self.overlaps, scores, self.max_dets)
        return int(counts[self.overlaps.row].sum())

    def fast(self, scores: NDArray[np.float64]) -> dict[str, float]:
        """AP, APr, APc and APf of `evaluate`, to the last digit, in less than half its time."""
        precision = self._curves(scores, 1).precision[..., 0]
        occurring = self._num_truth[ALL_AREAS] > 0
        metrics = {"AP": _mean(precision, occurring)}
        for letter in FREQUENCY_GROUPS:
            metrics[f"AP{letter}"] = _mean(precision, occurring & self.categories.group(letter))
        return metrics

    def ap_per_category(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """(K,) AP of each category, -1 without ground truth."""
        return ap_per_category(self._curves(scores, 1))

    def match_table(self, scores: NDArray[np.float64]) -> MatchTable:
        """What becomes of each judged detection within the cap."""
        ranking = rank(self.overlaps, scores, self.max_dets)
        matched, ignored = match_ranked(self.overlaps, ranking, ALL_AREAS)
        num_categories = len(self.categories)
        pairs, counts = np.unique(self._counting_pairs, return_counts=True)
        return MatchTable(
            categories=self.categories,
            image_ids=self.overlaps.image_ids,
            image=self.overlaps.image[ranking.order],
            category=np.repeat(np.arange(num_categories), np.diff(ranking.starts)),
            score=ranking.scores,
            row=self.overlaps.row[ranking.order],
            matched=from_bits(matched),
            ignored=from_bits(ignored),
            starts=ranking.starts,
            gt_image=pairs % len(self.overlaps.image_ids),
            gt_category=pairs // len(self.overlaps.image_ids),
            gt_count=counts.astype(np.int64),
        )

    def save(self, directory: Path) -> None:
        """Write everything to a directory, for `load` in any number of processes.

        Raises:
            ValueError: The directory exists.
        """
        save_rescorer(
            directory,
            self.overlaps,
            self.categories,
            RescorerManifest(self.kind, self.max_dets, self.inputs),
        )

    @classmethod
    def load(cls, directory: Path, verify: bool = True) -> "Rescorer":
        """A saved re-scorer; its arrays are read from the files as they are needed.

        Args:
            directory: Where `save` wrote it.
            verify: Compare the SHA-256 of every array first, which reads them once; about a
                second a gigabyte.

        Raises:
            BadInputError: The directory holds no complete re-scorer, or one that has changed.
        """
        overlaps, categories, manifest = load_rescorer(directory, verify)
        return cls(overlaps, categories, manifest.kind, manifest.max_dets, manifest.inputs)

    def _curves(
        self,
        scores: NDArray[np.float64],
        num_areas: int,
        kept: NDArray[np.bool_] | None = None,
    ) -> Curves:
        ranking = rank(self.overlaps, scores, self.max_dets, kept)
        curves = empty_curves(len(self.categories), num_areas)
        for area in range(num_areas):
            fill_curves(
                *match_ranked(self.overlaps, ranking, area),
                ranking.starts,
                self._num_truth[area],
                curves.precision[..., area],
                curves.recall[..., area],
            )
        return curves

    @cached_property
    def _num_truth(self) -> NDArray[np.int64]:
        """(A, K) instances that count in each area range."""
        labels, flags = self._truth_labels, self.overlaps.truth_flags
        counting = [(flags >> area) & 1 == 0 for area in range(len(AREA_BOUNDS))]
        num_categories = len(self.categories)
        return np.array([np.bincount(labels[c], minlength=num_categories) for c in counting])

    @cached_property
    def _truth_labels(self) -> NDArray[np.int64]:
        starts = self.overlaps.truth_starts
        return np.repeat(np.arange(len(self.categories)), np.diff(starts))

    @cached_property
    def _counting_pairs(self) -> NDArray[np.int64]:
        counts = self.overlaps.truth_flags & 1 == 0
        labels, images = self._truth_labels[counts], self.overlaps.truth_image[counts]
        pairs: NDArray[np.int64] = labels * len(self.overlaps.image_ids) + images
        return pairs


def _mean(precision: NDArray[np.float64], members: NDArray[np.bool_]) -> float:
    # Flat and in lvis-api's order, on which the last digit depends.
    values = precision[..., members].ravel()
    return float(values.mean()) if values.size else UNDEFINED
