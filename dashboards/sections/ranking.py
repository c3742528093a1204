"""Which row is best, and whether the difference is real."""

from typing import Any

from dashboards.section import Section
from dashboards.sources.found import Report, Row
from dashboards.tables import Column, Table
from longtail.metrics import BOX_AP, GAP, GROUP_METRICS, HEADINGS, UNDEFINED
from longtail.results.points import points_or_nan

COLUMNS = [
    Column("row", "row"),
    Column("AP", "AP", best="high", hint="mask AP in points, IoU 0.50 to 0.95"),
    Column("interval", "95% interval", hint="of AP, over resamples of the images"),
    *(Column(key, key, best="high") for key in GROUP_METRICS[1:]),
    Column(BOX_AP, HEADINGS[BOX_AP], best="high"),
    Column(GAP, HEADINGS[GAP], hint="box AP - mask AP", best="low"),
]


def ranking(report: Report) -> Section | None:
    """The table of all rows by falling AP."""
    if not report.rows:
        return None
    lines = sorted((_line(row) for row in report.rows), key=_falling)
    table = Table("ranking", "Rows by mask AP", COLUMNS, lines, "AP in points; the best in bold.")
    return Section("rows", "Rows", "Which is best, and whether the difference is real.", (table,))


def _line(row: Row) -> dict[str, Any]:
    tree = row.evaluation
    line = {key: points_or_nan(tree["segm"][key]) for key in GROUP_METRICS}
    interval = tree.get("intervals", {}).get("segm", {}).get("metrics", {}).get("AP")
    known = interval is not None and interval["standard_error"] != UNDEFINED
    return {
        "row": row.name,
        **line,
        "interval": f"{100 * interval['low']:.2f} to {100 * interval['high']:.2f}"
        if known
        else None,
        BOX_AP: points_or_nan(tree["box"]["AP"]),
        GAP: points_or_nan(tree[GAP]),
    }


def _falling(line: dict[str, Any]) -> tuple[bool, float]:
    undefined = line["AP"] != line["AP"]
    return undefined, 0.0 if undefined else -line["AP"]
