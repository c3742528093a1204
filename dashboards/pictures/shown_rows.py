"""Which rows are shown side by side where all of them would be too many."""

from collections.abc import Sequence

from dashboards.pictures.opened import ShownRow
from dashboards.sources.found import Row
from longtail.metrics import UNDEFINED


def shown_row(row: Row) -> ShownRow:
    """A row whose predictions are there, as pictures need it."""
    assert row.predictions is not None, row.name
    records = row.evaluation.get("per_category", ())
    ap = {of["id"]: of["segm_ap"] for of in records if of["segm_ap"] != UNDEFINED}
    return ShownRow(row.name, row.predictions, ap)


def pick_rows(rows: Sequence[Row], baseline: str, most: int) -> list[Row]:
    """Rows with predictions, in their order: the baseline, the last one, and then by falling AP.

    Of seeds the first.

    Args:
        rows: All of the report, or some.
        baseline: Name of the row that others are compared with.
        most: Rows that are picked.
    """
    there = [row for row in rows if row.predictions is not None and row.predictions.exists()]
    first = {row.variant_name or row.name: row for row in reversed(there)}
    distinct = [row for row in there if first[row.variant_name or row.name] is row]
    last = distinct[-1:]

    def order(row: Row) -> tuple[bool, bool, float]:
        return row.name != baseline, row not in last, -row.ap

    picked = {row.name for row in sorted(distinct, key=order)[:most]}
    return [row for row in distinct if row.name in picked]
