"""One trial: sources fused at a point of the space, and the margins that suit the result best.

With the masks of best members, a merge is a choice of detections and a new score for each, and the
overlaps of all detections with the annotations, found once, are enough. Where masks are voted or
go by scale, those of judged objects are made, and overlapped anew. Either way AP is that of the
merge. Margins change nothing but the cut to an image's quota: many are tried on one fusion.

D rows, C clusters.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray

from ensemble.fusion import Clusters, fuse
from ensemble.may_fire import may_fire
from ensemble.merging import group_of_category
from ensemble.rescoring import Margins
from ensemble.settings import MergeSettings
from ensemble.source_options import SourceSpec
from ensemble.sources import Block
from ensemble.tune_masks import ObjectMasks
from ensemble.tune_rows import UnionRows
from ensemble.tune_space import Point, Space
from ensemble.valid_area import box_sides, check_coverage
from ensemble.vote_count import counted_sources
from longtail.categories import CategoryTable
from longtail.evaluation.ground_truth import GroundTruth
from longtail.evaluation.ranking import rows_within_cap
from longtail.evaluation.rescorer import Rescorer
from longtail.evaluation.summary import UNDEFINED, summarize

METRICS = ("AP", "APr", "APc", "APf")
MAX_COMMON_MARGIN = MAX_RARE_EXTRA = 0.15
NOT_FUSED = -1.0
Result = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Fused:
    """Clusters of all images, without a cut.

    Attributes:
        rescorer: Has a row for each of them, and maybe others.
        places: (C,) int64, their rows in it.
        scores: (C,) float64.
        groups: (C,) int64 index into `FREQUENCY_GROUPS`.
        images: (C,) int64 rank of the image.
    """

    rescorer: Rescorer
    places: NDArray[np.int64]
    scores: NDArray[np.float64]
    groups: NDArray[np.int64]
    images: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Bench:
    """Everything that trials share; made once, loaded by every process.

    Attributes:
        truth: Annotations of the half that is tuned on.
        rows: D detections of M sources.
        rescorer: What their masks overlap.
        scores: (D,) scores by kind of calibration, "none" for those of the sources.
        knows: (M, K) the categories of each source.
        space: What is searched.
        metric: What to raise, one of `METRICS`.
        margin_trials: Margins to try on a fusion.
        seed: Of the choice of margins.
    """

    truth: GroundTruth
    rows: UnionRows
    rescorer: Rescorer
    scores: Mapping[str, NDArray[np.float64]]
    knows: NDArray[np.bool_]
    space: Space
    metric: str
    margin_trials: int
    seed: int

    @property
    def categories(self) -> CategoryTable:
        """K categories."""
        return self.rescorer.categories

    @cached_property
    def groups(self) -> NDArray[np.int64]:
        """(D,) index into `FREQUENCY_GROUPS`."""
        return group_of_category(self.categories)[self.rows.category]

    def run(self, point: Point) -> Result:
        """Metrics as fractions, `rare_margin`, `common_margin`, and how it went.

        A point that no merge would accept has the metric -1 and says why in `problem`.
        """
        try:
            specs, settings = self.space.specs_at(point), self.space.settings_at(point)
            self._check_sizes(specs)
        except ValueError as error:
            return {**dict.fromkeys(METRICS, UNDEFINED), "problem": str(error)}
        scores = self.scores[self.space.calibration_at(point)]
        fused = self.fuse(scores, specs, settings)
        return self.best_margins(fused, settings)

    def fuse(
        self, scores: NDArray[np.float64], specs: Sequence[SourceSpec], settings: MergeSettings
    ) -> Fused:
        """The clusters of all images.

        Args:
            scores: (D,) scores of the rows.
            specs: M sources.
            settings: What the merge does.
        """
        blocks = self._clusters(scores, specs, settings)
        if settings.changes_masks:
            return self._with_new_masks(blocks, specs, settings)
        parts = [(clusters.best + start, clusters.scores) for _, start, clusters in blocks]
        best, fused = (np.concatenate(column) for column in zip(*parts, strict=True))
        places, images = self.rows.place[best], self.rows.image[best]
        return Fused(self.rescorer, places, fused, self.groups[best], images)

    def _clusters(
        self, scores: NDArray[np.float64], specs: Sequence[SourceSpec], settings: MergeSettings
    ) -> Iterator[tuple[Block, int, Clusters]]:
        """Each block, its first row, and its clusters."""
        areas = [spec.valid_area for spec in specs]
        weights = np.array([spec.weight for spec in specs])
        for number in range(self.rows.num_blocks):
            here = self.rows.rows_of(number)
            block = self.rows.block(number, scores, self.categories)
            sides = box_sides(block.columns.boxes)
            fits = np.ones(len(block), np.bool_)
            for source, area in enumerate(areas):
                fits &= (block.sources != source) | area.holds(sides)
            images = slice(self.rows.image_starts[number], self.rows.image_starts[number + 1])
            fires = may_fire(block, sides, self.rows.seen[:, images], self.knows, areas)
            absent = settings.fusion.absent
            clusters = fuse(
                block,
                rows=np.flatnonzero(fits),
                shares=self.rows.shares[here],
                weights=weights,
                num_categories=len(self.categories),
                settings=settings.fusion,
                allowed=counted_sources(fires, self.groups[here], absent, len(specs)),
            )
            yield block, int(here.start), clusters

    def _with_new_masks(
        self,
        blocks: Iterator[tuple[Block, int, Clusters]],
        specs: Sequence[SourceSpec],
        settings: MergeSettings,
    ) -> Fused:
        maker = ObjectMasks(self.truth, specs, settings)
        parts = []
        for number, (block, start, clusters) in enumerate(blocks):
            groups = self.groups[clusters.best + start]
            order = maker.add(number, block, clusters, groups)
            images = self.rows.image[clusters.best[order] + start]
            parts.append((clusters.scores[order], groups[order], images))
        scores, groups, images = (np.concatenate(column) for column in zip(*parts, strict=True))
        return Fused(maker.rescorer(), np.arange(len(scores)), scores, groups, images)

    def best_margins(self, fused: Fused, settings: MergeSettings) -> Result:
        """The result with the margins of highest metric, those of the command line first."""
        start = settings.margins
        counts = np.bincount(fused.images, minlength=1)
        binds = float((counts > settings.max_dets).mean())
        best = self.evaluate(fused, start, settings.max_dets) | _margin_fields(start)
        tried = 1
        if binds and "margins" in self.space.searched:
            for result in self._other_margins(fused, settings.max_dets):
                tried += 1
                if result[self.metric] > best[self.metric]:
                    best = result
        return best | {
            "clusters": len(fused.scores),
            "share_of_images_capped": binds,
            "margins_tried": tried,
        }

    def evaluate(self, fused: Fused, margins: Margins, max_dets: int) -> dict[str, float]:
        """AP and that of each group, after the cut to an image's quota by score + margin."""
        rescorer = fused.rescorer
        keys = np.full(len(rescorer.scores), NOT_FUSED)
        scores = keys.copy()
        keys[fused.places] = margins.keys(fused.scores, fused.groups)
        scores[fused.places] = np.minimum(fused.scores, 1.0)
        kept = rows_within_cap(rescorer.overlaps, keys, max_dets) & (keys != NOT_FUSED)
        metrics = summarize(rescorer.curves(scores, kept), self.categories, rescorer.max_dets)
        return {name: metrics[name] for name in METRICS}

    def _other_margins(self, fused: Fused, max_dets: int) -> Iterator[Result]:
        study = optuna.create_study(
            direction="maximize", sampler=optuna.samplers.TPESampler(seed=self.seed)
        )
        study.enqueue_trial({"common": 0.0, "extra": 0.0})
        for _ in range(self.margin_trials):
            trial = study.ask()
            common = trial.suggest_float("common", 0.0, MAX_COMMON_MARGIN)
            margins = Margins(common + trial.suggest_float("extra", 0.0, MAX_RARE_EXTRA), common)
            result = self.evaluate(fused, margins, max_dets) | _margin_fields(margins)
            study.tell(trial, result[self.metric])
            yield result

    def _check_sizes(self, specs: Sequence[SourceSpec]) -> None:
        longest = math.sqrt(float((self.rows.heights * self.rows.widths).max()))
        names, areas = [spec.name for spec in specs], [spec.valid_area for spec in specs]
        check_coverage(areas, self.knows, names, self.categories.names, longest)


def _margin_fields(margins: Margins) -> Result:
    return {"rare_margin": margins.rare, "common_margin": margins.common}
