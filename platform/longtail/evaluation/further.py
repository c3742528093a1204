"""What an evaluation holds beyond LVIS's thirteen metrics, added to it one by one."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, get_args

from longtail.evaluation.bootstrap import OnResample, bootstrap
from longtail.evaluation.boundary import boundary_metrics, check_available
from longtail.evaluation.cap import cap_statistics
from longtail.evaluation.comparison import compare
from longtail.evaluation.fixed import best_of_categories, fixed_metrics
from longtail.evaluation.ground_truth import GroundTruth
from longtail.evaluation.headroom import match_relabelled
from longtail.evaluation.matches import MatchTable
from longtail.evaluation.matching import Matched, OnBlock
from longtail.evaluation.overlaps import Kind
from longtail.evaluation.pooled import ap_pool
from longtail.evaluation.proposal_recall import proposal_recall
from longtail.evaluation.report import Evaluation
from longtail.evaluation.rescorer import NO_CAP, Rescorer
from longtail.evaluation.store_view import SetColumns
from longtail.evaluation.summary import summarize
from longtail.predictions.store import PredictionStore

Extra = Literal["pool", "boundary", "headroom", "proposals"]
EXTRAS: tuple[Extra, ...] = get_args(Extra)
RESAMPLES = 1000


def check_extras(extras: Collection[str]) -> None:
    """Check before the work that everything asked for can be computed.

    Raises:
        ValueError: An unknown name, or a package that is not installed.
    """
    if unknown := sorted(set(extras) - set(EXTRAS)):
        raise ValueError(f"extras {unknown} are unknown; there are {', '.join(EXTRAS)}")
    if "boundary" in extras:
        check_available()


@dataclass(frozen=True, eq=False)
class Judge:
    """One prediction set before its annotations, and how it was matched.

    Attributes:
        truth: The annotations.
        store: The predictions.
        matched: Their matches under the cap.
        max_dets: The cap.
        on_block: Told the number of blocks done and of all, in every pass.
        on_resample: Told the number of resamples done and of all.
    """

    truth: GroundTruth
    store: PredictionStore
    matched: Matched
    max_dets: int
    on_block: OnBlock | None = None
    on_resample: OnResample | None = None

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        """What can overlap: boxes, and masks where there are some."""
        return ("box",) if self.matched.warnings else ("segm", "box")

    @cached_property
    def tables(self) -> dict[Kind, MatchTable]:
        """Matches detection by detection, by kind."""
        return {kind: self._table(self.store, kind) for kind in self.kinds}

    def with_fixed(self, evaluation: Evaluation) -> Evaluation:
        """Add AP-fixed and what the cap cuts."""
        columns = SetColumns.read(self.store, self.truth.categories)
        categories, num_images = self.truth.categories, len(self.truth.images)
        cap = cap_statistics(columns, categories, num_images, self.max_dets)
        if cap.detections or not best_of_categories(columns).all():
            fixed = {
                kind: fixed_metrics(self.truth, self.store, columns, kind, self.on_block)
                for kind in self.kinds
            }
        else:
            curves = {"segm": self.matched.segm, "box": self.matched.box}
            fixed = {kind: summarize(curves[kind], categories, NO_CAP) for kind in self.kinds}
        undefined = summarize(self.matched.segm, categories, NO_CAP)
        return replace(
            evaluation,
            cap=cap,
            segm_fixed=fixed.get("segm", undefined),
            box_fixed=fixed["box"],
        )

    def with_extras(self, evaluation: Evaluation, extras: Collection[Extra]) -> Evaluation:
        """Add what was asked for."""
        truth, store, on_block = self.truth, self.store, self.on_block
        if "pool" in extras:
            pool = {str(kind): ap_pool(table) for kind, table in self.tables.items()}
            evaluation = replace(evaluation, pool=pool)
        if "boundary" in extras:
            boundary = boundary_metrics(truth, store, self.max_dets, on_block)
            evaluation = replace(evaluation, boundary=boundary)
        if "headroom" in extras:
            kind = self.kinds[0]
            matched = match_relabelled(truth, store, kind, self.max_dets, on_block)
            curves = matched.segm if kind == "segm" else matched.box
            headroom = summarize(curves, truth.categories, self.max_dets)
            evaluation = replace(evaluation, headroom=headroom)
        if "proposals" in extras:
            recalls = proposal_recall(truth, store, on_block=on_block)
            evaluation = replace(evaluation, proposals=recalls)
        return evaluation

    def with_intervals(self, evaluation: Evaluation, resamples: int) -> Evaluation:
        """Add bootstrap intervals of AP and its groups."""
        intervals = {
            str(kind): bootstrap(table, resamples, on_resample=self.on_resample)
            for kind, table in self.tables.items()
        }
        return replace(evaluation, intervals=intervals)

    def with_comparison(
        self, evaluation: Evaluation, other: PredictionStore, resamples: int
    ) -> Evaluation:
        """Add how another set of predictions for the same annotations differs."""
        kinds = self.kinds if _has_masks(other) else ("box",)
        comparison = {
            str(kind): compare(
                self.tables[kind],
                self._table(other, kind),
                resamples,
                on_resample=self.on_resample,
            )
            for kind in kinds
        }
        return replace(evaluation, comparison=comparison)

    def _table(self, store: PredictionStore, kind: Kind) -> MatchTable:
        rescorer = Rescorer.build(self.truth, store, kind, self.max_dets, self.on_block)
        return rescorer.match_table(rescorer.scores)


def _has_masks(store: PredictionStore) -> bool:
    no_detections = store.num_detections == 0
    return no_detections or any(bool(columns.has_mask.any()) for columns in store.blocks())
