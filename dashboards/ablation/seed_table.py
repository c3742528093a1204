"""The table of variants that ran with several seeds."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.ablation.cells import spread_cell
from dashboards.measured import Measured
from dashboards.sources.found import Found
from dashboards.tables import Column, Table
from longtail.metrics import BOX_AP, GAP, GROUP_METRICS, HEADINGS


def seed_table(source: Found, name: str) -> Table | None:
    """Means over seeds by falling AP; None where every variant ran once.

    Args:
        source: A grid.
        name: Of the table on its page.
    """
    variants = source.tree.get("seeds", {})
    if not variants:
        return None
    keys = (*GROUP_METRICS, BOX_AP, GAP)
    lines = [{"variant": name, **_cells(of, keys)} for name, of in variants.items()]
    lines.sort(key=lambda line: (math.isnan(line["AP"]), -line["AP"]))
    best = {key: "high" for key in keys} | {GAP: ""}
    columns = [
        Column("variant", "variant"),
        *(Column(key, HEADINGS[key], best=best[key]) for key in keys),
    ]
    text = "In points, with the standard deviation of a single run. Each run stands in the ranking."
    return Table(name, "Means over seeds", columns, lines, text)


def _cells(statistics: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Measured]:
    """AP says of how many seeds it is, another metric where it is of fewer."""
    numbers = {key: statistics[key]["n"] if key in statistics else 0 for key in keys}
    return {
        key: spread_cell(statistics.get(key), key == "AP" or numbers[key] != numbers["AP"])
        for key in keys
    }
