"""The table of variants that ran with several seeds."""

import math

from dashboards.ablation.cells import spread_cell
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
    lines = [
        {"variant": variant, **{key: spread_cell(of.get(key)) for key in keys}}
        for variant, of in variants.items()
    ]
    lines.sort(key=lambda line: (math.isnan(line["AP"]), -line["AP"]))
    best = {key: "high" for key in keys} | {GAP: "low"}
    columns = [
        Column("variant", "variant"),
        *(Column(key, HEADINGS[key], best=best[key]) for key in keys),
    ]
    text = "In points, with the standard deviation of a single run. Each run stands in the ranking."
    return Table(name, "Means over seeds", columns, lines, text)
