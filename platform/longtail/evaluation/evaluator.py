"""What an evaluation holds beyond LVIS's thirteen metrics, added to it one by one."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from longtail.evaluation import extra_metrics
from longtail.evaluation.metrics.cap import cap_statistics
from longtail.evaluation.metrics.extra_metric import EvaluatedSet
from longtail.evaluation.metrics.fixed import best_of_categories, fixed_summary
from longtail.evaluation.metrics.matches.matched_set import MatchedSet
from longtail.evaluation.metrics.ranking import NO_CAP
from longtail.evaluation.metrics.summary import Summary
from longtail.evaluation.report import Evaluation
from longtail.evaluation.uncertainty.bootstrap import MIN_RESAMPLES, OnResample, bootstrap
from longtail.evaluation.uncertainty.comparison import compare

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
    known = {metric.name: metric for metric in extra_metrics.EXTRA_METRICS}
    if unknown := sorted(set(extras) - set(known)):
        raise ValueError(f"extras {unknown} are unknown; there are {', '.join(known)}")
    for name in extras:
        known[name].check_available()


@dataclass(frozen=True, eq=False)
class Evaluator:
    """Adds numbers to the evaluation of one prediction set.

    Attributes:
        of: The set and its matches.
        on_resample: Told the number of resamples done and of all.
    """

    of: EvaluatedSet
    on_resample: OnResample | None = None

    def with_fixed(self, evaluation: Evaluation) -> Evaluation:
        """Add AP-fixed and what the cap cuts."""
        matched, truth, max_dets = self.of.matched, self.of.truth, self.of.max_dets
        # Masks where they are defined: their scores decide what the cap cuts.
        ranked = matched.detections[next(iter(matched.rescorers))]
        cap = cap_statistics(ranked, truth.categories, len(truth.images), max_dets)
        fixed = {kind: self._without_cap(of) for kind, of in matched.summaries.items()}
        for kind, rescorer in matched.rescorers.items():
            detections = matched.detections[kind]
            kept = best_of_categories(detections)
            if cap.detections or not kept.all():
                fixed[kind] = fixed_summary(rescorer, detections, kept)
        errors = [of_kind.identity_error(truth.categories) for of_kind in fixed.values()]
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
            name.replace(f"@{self.of.max_dets}", f"@{NO_CAP}"): value
            for name, value in summary.metrics.items()
        }
        return Summary(named, summary.ap)

    def with_extras(self, evaluation: Evaluation, extras: Collection[str]) -> Evaluation:
        """Add the extra metrics of these names."""
        values = {
            metric.name: metric.compute(self.of)
            for metric in extra_metrics.EXTRA_METRICS
            if metric.name in extras
        }
        return replace(evaluation, extras=values)

    def with_intervals(self, evaluation: Evaluation, resamples: int) -> Evaluation:
        """Add bootstrap intervals of AP and its groups."""
        intervals = {
            str(kind): bootstrap(table, resamples, on_resample=self.on_resample)
            for kind, table in self.of.matched.tables.items()
        }
        return replace(evaluation, intervals=intervals)

    def with_comparison(
        self, evaluation: Evaluation, other: MatchedSet, resamples: int
    ) -> Evaluation:
        """Add how another set of predictions for the same annotations differs."""
        matched = self.of.matched
        comparison = {
            str(kind): compare(
                matched.tables[kind], other.tables[kind], resamples, on_resample=self.on_resample
            )
            for kind in matched.rescorers
            if kind in other.rescorers
        }
        return replace(evaluation, comparison=comparison)
