"""What an evaluation holds beyond LVIS's thirteen metrics, added to it one by one."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal, get_args

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.matching.blocks import OnBlock
from longtail.evaluation.metrics.boundary import boundary_metrics, check_available
from longtail.evaluation.metrics.cap import cap_statistics
from longtail.evaluation.metrics.fixed import best_of_categories, fixed_summary
from longtail.evaluation.metrics.headroom import relabelled_curves
from longtail.evaluation.metrics.matched_set import Matched
from longtail.evaluation.metrics.pooled import ap_pool
from longtail.evaluation.metrics.proposal_recall import proposal_recall
from longtail.evaluation.metrics.ranking import NO_CAP
from longtail.evaluation.metrics.summary import Summary, summarize
from longtail.evaluation.report import Evaluation
from longtail.evaluation.uncertainty.bootstrap import MIN_RESAMPLES, OnResample, bootstrap
from longtail.evaluation.uncertainty.comparison import compare
from longtail.predictions.store import PredictionStore

Extra = Literal["pool", "boundary", "headroom", "proposals"]
EXTRAS: tuple[Extra, ...] = get_args(Extra)
RESAMPLES = 1000


def check_request(extras: Collection[str], resamples: int) -> None:
    """Check before the work that everything asked for can be computed.

    Raises:
        ValueError: An unknown name, a package that is not installed, or too few resamples.
    """
    if resamples != 0 and resamples < MIN_RESAMPLES:
        raise ValueError(
            f"resamples is {resamples}; it must be 0 for no intervals, or {MIN_RESAMPLES} or more"
        )
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
        matched: Their matches.
        max_dets: The cap.
        on_block: Told the number of blocks done and of all, in every further pass.
        on_resample: Told the number of resamples done and of all.
    """

    truth: GroundTruth
    store: PredictionStore
    matched: Matched
    max_dets: int
    on_block: OnBlock | None = None
    on_resample: OnResample | None = None

    def with_fixed(self, evaluation: Evaluation) -> Evaluation:
        """Add AP-fixed and what the cap cuts."""
        matched, categories = self.matched, self.truth.categories
        # Masks where they are defined: their scores decide what the cap cuts.
        ranked = matched.columns[next(iter(matched.rescorers))]
        cap = cap_statistics(ranked, categories, len(self.truth.images), self.max_dets)
        fixed = {kind: self._without_cap(of) for kind, of in self.matched.summaries.items()}
        for kind, rescorer in matched.rescorers.items():
            columns = matched.columns[kind]
            kept = best_of_categories(columns)
            if cap.detections or not kept.all():
                fixed[kind] = fixed_summary(rescorer, columns, kept)
        errors = [of_kind.identity_error(categories) for of_kind in fixed.values()]
        return replace(
            evaluation,
            cap=cap,
            segm_fixed=fixed["segm"].metrics,
            box_fixed=fixed["box"].metrics,
            identity_error=max(evaluation.identity_error, *errors),
        )

    def _without_cap(self, summary: Summary) -> Summary:
        """The same values, with recalls named as without a cap."""
        named = {
            name.replace(f"@{self.max_dets}", f"@{NO_CAP}"): value
            for name, value in summary.metrics.items()
        }
        return Summary(named, summary.ap)

    def with_extras(self, evaluation: Evaluation, extras: Collection[Extra]) -> Evaluation:
        """Add what was asked for."""
        truth, store, on_block = self.truth, self.store, self.on_block
        if "pool" in extras:
            pool = {str(kind): ap_pool(table) for kind, table in self.matched.tables.items()}
            evaluation = replace(evaluation, pool=pool)
        if "boundary" in extras:
            boundary = boundary_metrics(truth, store, self.max_dets, on_block)
            evaluation = replace(evaluation, boundary=boundary)
        if "headroom" in extras:
            kind = next(iter(self.matched.rescorers))
            curves = relabelled_curves(truth, store, kind, self.max_dets, on_block)
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
            for kind, table in self.matched.tables.items()
        }
        return replace(evaluation, intervals=intervals)

    def with_comparison(self, evaluation: Evaluation, other: Matched, resamples: int) -> Evaluation:
        """Add how another set of predictions for the same annotations differs."""
        comparison = {
            str(kind): compare(
                self.matched.tables[kind],
                other.tables[kind],
                resamples,
                on_resample=self.on_resample,
            )
            for kind in self.matched.rescorers
            if kind in other.rescorers
        }
        return replace(evaluation, comparison=comparison)
