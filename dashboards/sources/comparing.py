"""Differences of rows that no command compared, from the matches that their evaluations keep.

What is found is kept in the runs folder's `comparisons`, as the grid keeps its own, so that the
next report has it at once; a row outside of a runs folder has them in the user's cache.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from dashboards.sources.found import Difference, Report, Row
from longtail.caches import cache_folder
from longtail.categories import CategoryTable
from longtail.cluster.results.kept_comparisons import (
    COMPARISONS,
    kept_comparisons,
    kept_half_widths,
)
from longtail.evaluation.matching.overlaps import Kind
from longtail.evaluation.metrics.matches.files import matches_path
from longtail.evaluation.uncertainty.category_differences import differences_table, pairs_of
from longtail.metrics import KIND_NAMES, UNDEFINED

USUAL_RESAMPLES = 1000

Pair: TypeAlias = tuple[str, str]
"""Names of a row and of the one that it is compared with."""


@dataclass(frozen=True)
class Compared:
    """Attributes:
    found: Differences by the names of the row and its baseline.
    unknown: Why there is none, in a sentence, by the same names.
    """

    found: Mapping[Pair, Difference]
    unknown: Mapping[Pair, str]


def compared(report: Report, pairs: Iterable[Pair]) -> Compared:
    """Differences of some pairs of rows: those that the report knows, the others from matches.

    Rows without masks are compared by boxes, with rows that have masks, too.

    Args:
        report: With the rows.
        pairs: Row and baseline.
    """
    known = {(of.row, of.baseline): of for of in report.differences}
    rows = {row.name: row for row in report.rows}
    wanted = dict.fromkeys(pairs)
    found = {pair: known[pair] for pair in wanted if pair in known}
    unknown = {
        pair: why
        for pair in wanted
        if pair not in found and (why := _why_unknown(*(rows[name] for name in pair)))
    }
    open_pairs = [pair for pair in wanted if pair not in found and pair not in unknown]
    try:
        found |= _compare(rows, open_pairs)
    except ValueError:
        # One of them is the fault; the others are known all the same.
        for pair in open_pairs:
            try:
                found |= _compare(rows, [pair])
            except ValueError as error:
                unknown[pair] = f"{pair[0]} and {pair[1]} are not compared: {error}."
    return Compared(found, unknown)


def category_differences(rows: Sequence[Row], baseline: int = 0) -> pd.DataFrame | None:
    """Half widths of the 95% interval of the difference of each category's AP.

    Args:
        rows: Judged by the same annotations; masks are compared where a row has some, else boxes.
        baseline: Number of the row that others are compared with.

    Returns:
        `id`, and for the rows i and j, i < j, a column `e{i}_{j}` in points, NaN where unknown; of
        up to 12 rows for all pairs, else for those with the baseline and the row above. None where
        no two rows can be compared.
    """
    # Masks of a category less boxes of it would say nothing.
    alike = [
        pair
        for pair in pairs_of(len(rows), baseline)
        if rows[pair[0]].ap_kind == rows[pair[1]].ap_kind
    ]
    pairs = [pair for pair in alike if not _why_unknown(*_two(rows, pair))]
    by_kind: dict[Kind, list[tuple[int, int]]] = {}
    for pair in pairs:
        by_kind.setdefault(rows[pair[0]].ap_kind, []).append(pair)
    tables = []
    for kind, of_kind in by_kind.items():
        used = sorted({number for pair in of_kind for number in pair})
        folders = [_folder(rows[number]) for number in used]
        places = [(used.index(i), used.index(j)) for i, j in of_kind]
        first = rows[used[0]]
        read_categories = partial(_categories, first)
        try:
            widths = kept_half_widths(folders, places, kind, _cache(first), read_categories)
        except ValueError:
            continue
        tables.append(differences_table(read_categories().ids, of_kind, widths))
    if not tables:
        return None
    whole, *others = tables
    for table in others:
        whole = whole.merge(table, on="id", how="outer")
    return whole


def _compare(rows: Mapping[str, Row], pairs: Sequence[Pair]) -> dict[Pair, Difference]:
    alike: dict[tuple[Kind, int], list[Pair]] = {}
    for pair in pairs:
        key = rows[pair[0]].ap_kind, _resamples(rows[pair[0]])
        alike.setdefault(key, []).append(pair)
    found = {}
    for (kind, resamples), of_kind in alike.items():
        names = list(dict.fromkeys(name for pair in of_kind for name in pair))
        first = rows[names[0]]
        comparisons = kept_comparisons(
            [_folder(rows[name]) for name in names],
            [(names.index(baseline), names.index(row)) for row, baseline in of_kind],
            kind,
            resamples,
            _cache(first),
            partial(_categories, first),
        )
        for (row, baseline), comparison in zip(of_kind, comparisons, strict=True):
            found[row, baseline] = Difference(row, baseline, kind, comparison.as_dict())
    return found


def _two(rows: Sequence[Row], pair: tuple[int, int]) -> tuple[Row, Row]:
    return rows[pair[0]], rows[pair[1]]


def _why_unknown(row: Row, baseline: Row) -> str:
    """What keeps two rows from being compared, in a sentence; "" for nothing."""
    lacks = baseline.evaluation[row.ap_kind]["AP"] == UNDEFINED
    if row.ap_kind != baseline.ap_kind and lacks:
        return f"{row.name} and {baseline.name} are not compared: one of them has no masks."
    for of in (row, baseline):
        if of.folder is None or not matches_path(of.folder, row.ap_kind).is_file():
            matches = f"{KIND_NAMES[row.ap_kind]} matches"
            why = f"its evaluation keeps no {matches}; evaluate it again, with resamples"
            if of.kind == "source":
                why = f"a merge keeps no {matches} of its sources; name what it was made of, too"
            elif of.kind == "merge":
                why = f"this merge kept no {matches}; merge again with --force, with resamples"
            return f"{of.name} cannot be compared: {why}."
    return ""


def _folder(row: Row) -> Path:
    assert row.folder is not None
    return row.folder


def _cache(row: Row) -> Path:
    runs = _folder(row).resolve().parent.parent
    kept = runs / COMPARISONS
    if (runs / "nodes").is_dir() and os.access(kept if kept.is_dir() else runs, os.W_OK):
        return kept
    return cache_folder(COMPARISONS)


def _resamples(row: Row) -> int:
    intervals = row.evaluation.get("intervals", {}).get(row.ap_kind, {})
    return int(intervals.get("resamples", USUAL_RESAMPLES))


def _categories(row: Row) -> CategoryTable:
    """The categories that a row's matches are of; an evaluation lists them all."""
    records = [{**of, "frequency": of["group"]} for of in row.evaluation["per_category"]]
    return CategoryTable.from_records(records, f"the evaluation of {row.name}")
