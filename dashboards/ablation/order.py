"""Which row each row is compared with: the one above in its grid, and the baseline."""

from collections.abc import Sequence
from itertools import pairwise

from dashboards.sources.comparing import Pair
from dashboards.sources.found import Found, Report, Row


def steps_of(source: Found) -> list[Pair]:
    """Each row of a grid and the row above: the last variant before its own, of the same seed.

    A row whose seed the variant above does not have has none, and so have sources in no order.
    """
    if source.kind != "grid":
        return []
    variants: dict[str, list[Row]] = {}
    for row in source.rows:
        variants.setdefault(row.variant_name, []).append(row)
    neighbours = pairwise(variants.values())
    pairs = [(row.name, _alike(row, above)) for above, own in neighbours for row in own]
    return [(name, above) for name, above in pairs if above is not None]


def first_of_variants(source: Found) -> list[Row]:
    """The first row of each variant of a grid, in its order; none of a source in no order."""
    if source.kind != "grid":
        return []
    variants = {row.variant_name: row for row in reversed(source.rows)}
    return list(reversed(variants.values()))


def baselines_of(report: Report) -> list[Pair]:
    """Each row and its baseline: that of the same seed, if the baseline has several.

    Rows of the baseline's own variant have none.
    """
    chosen = next((row for row in report.rows if row.name == report.baseline), None)
    if chosen is None:
        return []
    (source,) = (of for of in report.sources if chosen in of.rows)
    baselines = [row for row in source.rows if row.variant_name == chosen.variant_name]
    pairs = []
    for row in report.rows:
        if row not in baselines:
            pairs.append((row.name, _alike(row, baselines) or chosen.name))
    return pairs


def _alike(row: Row, others: Sequence[Row]) -> str | None:
    """The first of some rows that has the row's seed, or any where one of the two has none."""
    for other in others:
        if None in (row.seed, other.seed) or row.seed == other.seed:
            return other.name
    return None
