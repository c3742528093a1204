"""The table of rows by falling AP, with what each gains and what a report claims for it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.ablation.cells import difference_cell, with_interval
from dashboards.ablation.order import baselines_of, steps_of
from dashboards.measured import Measured
from dashboards.sources.comparing import Compared, Pair
from dashboards.sources.found import Report, Row
from dashboards.tables import Column, Table
from longtail.evaluation.matching.overlaps import Kind
from longtail.metrics import BOX_AP, GAP, GROUP_METRICS, HEADINGS, KIND_NAMES
from longtail.results.points import points_or_nan

CLAIMED = ("AP", "APr")
TOLD = ("variant", "merge")
"""Kinds of rows that a report may have; a name of `--pred` says nothing of them."""


def row_table(report: Report, kind: Kind, compared: Compared) -> Table | None:
    """The rows whose AP is of masks, or those that have boxes alone; None without one.

    Args:
        report: With the rows.
        kind: What their AP is of.
        compared: Differences to baselines and of steps.
    """
    rows = [row for row in report.rows if row.ap_kind == kind]
    if not rows:
        return None
    to_baseline, to_above = (dict(pairs) for pairs in (baselines_of(report), all_steps(report)))
    claims = claims_of(report)
    lines = []
    first = [source.rows[0] for source in report.sources if source.kind == "grid" and source.rows]
    for row in rows:
        line: dict[str, Any] = {
            "row": row.name,
            "AP": with_interval(row, kind, "AP"),
            "difference": _difference(row, to_baseline, compared, "baseline"),
            "step": _difference(row, to_above, compared, "first row" if row in first else "none"),
            "above": to_above.get(row.name),
            **{key: points_or_nan(row.evaluation[kind][key]) for key in GROUP_METRICS[1:]},
            **{f"claimed_{key}": points_or_nan(_claim(claims, row, key)) for key in CLAIMED},
        }
        if kind == "segm":
            line |= {BOX_AP: points_or_nan(row.evaluation["box"]["AP"])}
            line |= {GAP: points_or_nan(row.evaluation[GAP])}
        lines.append(line)
    lines.sort(key=lambda line: (math.isnan(line["AP"]), -line["AP"]))
    names = {row.name for row in rows}
    columns = _columns(
        kind,
        has_baseline=(len(rows) > 1 or kind == "box")
        and any(name in to_baseline for name in names),
        has_steps=any(name in to_above for name in names),
        claimed=[key for key in CLAIMED if _any_defined(lines, f"claimed_{key}")],
    )
    title = f"Rows by {KIND_NAMES[kind]} AP"
    name = "ranking" if kind == "segm" else "ranking-boxes"
    return Table(name, title, columns, lines, _text(report, columns, to_baseline))


def all_steps(report: Report) -> list[Pair]:
    """Of all sources; a merge's step is from its best source, as the merge compared them."""
    names = {row.name for row in report.rows}
    pairs = [pair for source in report.sources for pair in steps_of(source)]
    merges = [
        of for source in report.sources if source.kind == "merge" for of in source.differences
    ]
    return pairs + [(of.row, of.baseline) for of in merges if {of.row, of.baseline} <= names]


def claims_of(report: Report) -> dict[str, Mapping[str, Any]]:
    """What reports claim, by the name of the row: of variants and merges, as grids were told."""
    return {
        row.name: of
        for source in report.sources
        for row in source.rows
        if row.kind in TOLD and (of := source.tree.get("reported", {}).get(row.variant_name))
    }


def _claim(claims: Mapping[str, Mapping[str, Any]], row: Row, key: str) -> float | None:
    claim: float | None = claims.get(row.name, {}).get(key)
    return claim


def _difference(row: Row, to: Mapping[str, str], compared: Compared, without: str) -> Measured:
    if row.name not in to:
        return Measured(math.nan, without)
    return difference_cell(compared.found.get((row.name, to[row.name])))


def _columns(
    kind: Kind, has_baseline: bool, has_steps: bool, claimed: Sequence[str]
) -> list[Column]:
    word = KIND_NAMES[kind]
    columns = [
        Column("row", "row"),
        Column("AP", f"{word} AP", best="high", hint="in points, IoU 0.50 to 0.95"),
    ]
    if has_baseline:
        columns.append(Column("difference", "to baseline", "+.2f", hint="AP - the baseline's AP"))
    if has_steps:
        columns.append(Column("step", "step", "+.2f", hint="AP - AP of the row named beside it"))
        columns.append(Column("above", "step from", undefined="none"))
    columns += [Column(key, key, best="high") for key in GROUP_METRICS[1:]]
    if kind == "segm":
        columns.append(Column(BOX_AP, HEADINGS[BOX_AP], best="high"))
        columns.append(Column(GAP, HEADINGS[GAP], hint="box AP - mask AP"))
    return columns + [
        Column(f"claimed_{key}", f"{key} in report", ".1f", undefined="none") for key in claimed
    ]


def _text(report: Report, columns: Sequence[Column], to_baseline: Mapping[str, str]) -> str:
    keys = {column.key for column in columns}
    text = "In points; the best in bold; small, 95% intervals over resamples of the images."
    if "difference" in keys:
        seeds = len({*to_baseline.values()}) > 1
        of_seeds = ", and of rows of another seed that of theirs" if seeds else ""
        text += f" The baseline is {report.baseline}{of_seeds}."
    if "step" in keys:
        merges = any(source.kind == "merge" for source in report.sources)
        best = "; a merge's is from its best source" if merges else ""
        text += f" A step is from the row above in the grid's order{best}."
    if keys & {"difference", "step"}:
        text += " Better or worse: the interval of the difference leaves out 0."
    return text


def _any_defined(lines: Sequence[Mapping[str, Any]], key: str) -> bool:
    return any(not math.isnan(line[key]) for line in lines)
