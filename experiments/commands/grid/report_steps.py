"""Finished rows beside what a report prints for them: metrics, and steps from row to row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments.variants.reported import report_order
from longtail.cluster.nodes.ledger import node_directory, read_result
from longtail.cluster.nodes.plan import Plan, Row
from longtail.cluster.nodes.statuses import NodeStatuses, State
from longtail.cluster.results.differences import Differences
from longtail.cluster.results.named_results import seed_difference
from longtail.metrics import GROUP_METRICS, UNDEFINED

AP = GROUP_METRICS[0]
Reported = Mapping[str, Mapping[str, str | float]]


@dataclass(frozen=True)
class Step:
    """AP of a row minus that of the row above it in the report; fractions.

    Attributes:
        ours: Mean over the seeds that both have.
        low: Lower end of its 95 % interval: over resamples of the images for one seed, over seeds
            for several; None where there is none.
        high: Upper end.
        reported: The report's.
    """

    ours: float
    low: float | None
    high: float | None
    reported: float

    @property
    def is_noise(self) -> bool:
        """Whether the interval holds 0."""
        return self.low is not None and self.high is not None and self.low <= 0 <= self.high

    @property
    def has_other_sign(self) -> bool:
        """Whether one goes up and the other down."""
        return self.ours * self.reported < 0


@dataclass(frozen=True)
class BesideReport:
    """A variant beside a report's row.

    Attributes:
        name: Of the variant.
        ours: Fractions by metric, means over its finished seeds; without undefined ones.
        num_seeds: That are finished.
        reported: Fractions by metric, as far as the report has them.
        step: From the row above; None for the first, and where a row has no AP.
    """

    name: str
    ours: Mapping[str, float]
    num_seeds: int
    reported: Mapping[str, float]
    step: Step | None


def orders_of(reported: Reported) -> dict[str, list[str]]:
    """The variants that a report states, in its order, by the report's table."""
    sources = dict.fromkeys(str(of["source"]) for of in reported.values())
    stated = {
        source: [name for name in reported if reported[name]["source"] == source]
        for source in sources
    }
    return {
        source: sorted(names, key=report_order(source).index) for source, names in stated.items()
    }


def beside_report(
    order: Sequence[str],
    reported: Reported,
    plan: Plan,
    statuses: NodeStatuses,
    differences: Differences,
    runs: Path,
) -> list[BesideReport]:
    """The finished variants of one table of a report.

    Args:
        order: Their names, as of `orders_of`.
        reported: What reports state, by variant.
        plan: The rows.
        statuses: How their nodes stand.
        differences: With the steps between neighbours of the order.
        runs: The runs folder.
    """
    found: list[BesideReport] = []
    above: list[tuple[Row, Mapping[str, float]]] = []
    for name in order:
        own = _finished([row for row in plan.rows if row.variant_name == name], statuses, runs)
        if not own:
            continue
        claimed = {
            key: float(reported[name][key]) for key in GROUP_METRICS if key in reported[name]
        }
        step = None
        if found:
            step = _step(above, own, differences, claimed[AP] - found[-1].reported[AP])
        found.append(BesideReport(name, _means([of for _, of in own]), len(own), claimed, step))
        above = own
    return found


def _finished(
    rows: Iterable[Row], statuses: NodeStatuses, runs: Path
) -> list[tuple[Row, Mapping[str, float]]]:
    done = [row for row in rows if statuses[row.evaluation.id].state is State.DONE]
    results = ((row, read_result(node_directory(runs, row.evaluation))) for row in done)
    return [(row, result) for row, result in results if result is not None]


def _means(results: Sequence[Mapping[str, float]]) -> dict[str, float]:
    defined = {
        key: [result[key] for result in results if result[key] != UNDEFINED]
        for key in GROUP_METRICS
    }
    return {key: sum(values) / len(values) for key, values in defined.items() if values}


def _step(
    above: Sequence[tuple[Row, Mapping[str, float]]],
    own: Sequence[tuple[Row, Mapping[str, float]]],
    differences: Differences,
    reported: float,
) -> Step | None:
    """Of the seeds that both have."""
    before = {row.variant.seed: (row, result[AP]) for row, result in above}
    pairs = [
        (*before[row.variant.seed], row, result[AP])
        for row, result in own
        if row.variant.seed in before
    ]
    pairs = [pair for pair in pairs if UNDEFINED not in (pair[1], pair[3])]
    if not pairs:
        return None
    if len(pairs) > 1:
        seeds = seed_difference([pair[1] for pair in pairs], [pair[3] for pair in pairs])
        return Step(seeds.mean, seeds.low, seeds.high, reported)
    ((first, a, second, b),) = pairs
    compared = differences.between.get((first.name, second.name))
    if compared is None or compared.comparison.metrics[AP].standard_error == UNDEFINED:
        return Step(b - a, None, None, reported)
    of = compared.comparison.metrics[AP]
    return Step(b - a, of.low, of.high, reported)
