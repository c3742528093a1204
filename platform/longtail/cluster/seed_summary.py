"""Variants that were run with several seeds: mean, standard deviation and number of runs."""

from pathlib import Path

from longtail.cluster.ledger import node_directory, read_result
from longtail.cluster.plan import Plan
from longtail.cluster.standings import Standings, State
from longtail.evaluation.seeds import SeedStatistic, SeedSummary, aggregate_seeds

__all__ = ["SeedStatistic", "SeedSummary", "over_seeds"]


def over_seeds(plan: Plan, standings: Standings, runs: Path) -> dict[str, SeedSummary]:
    """Statistics of the finished runs of each variant that has more than one, by its name."""
    results: dict[str, list[dict[str, float]]] = {}
    for row in plan.rows:
        summary = read_result(node_directory(runs, row.evaluation))
        if standings[row.evaluation.id].state is State.DONE and summary is not None:
            results.setdefault(row.variant_name, []).append(summary)
    return {name: aggregate_seeds(of) for name, of in results.items() if len(of) > 1}
