"""The sentence below a page's title: what is best, and whether that is real."""

from collections.abc import Mapping
from typing import Any

from dashboards.ablation.cells import is_none
from dashboards.counted import counted
from dashboards.figures.search.looks import heading
from dashboards.sections.search.searches import Search, searches
from dashboards.sources.comparing import compared
from dashboards.sources.found import Found, Report
from longtail.metrics import KIND_NAMES, UNDEFINED, points_text, signed_points_text, span_text

LEVEL = 0.05
"""Share of alike rows whose intervals of 95 % leave out 0."""
MANY = 21
"""Rows of which one at least is told apart by chance, with so many comparisons with one of them."""


def headline(report: Report) -> str:
    """The best row, and its difference to the baseline; without rows what the sources are."""
    told = " and ".join(_told(source) for source in report.sources)
    sources = told[:1].upper() + told[1:]
    if not report.rows:
        return " ".join([f"{sources}.", *map(_found, searches(report))])
    best = max(report.rows, key=lambda row: row.ap)
    if best.ap < 0:
        return f"{sources}. No row has AP: nothing that is annotated could be judged."
    kind = KIND_NAMES[best.ap_kind]
    words = f"{sources}. {kind.capitalize()} AP {points_text(best.ap)}"
    if len(report.rows) == 1:
        return words + "."
    words = f"{sources}. The best is {best.name} with {points_text(best.ap)} {kind} AP"
    other = report.rival(best.name)
    if other == best.name:
        return f"{words}, and no other row has {kind} AP."
    metric = _margin(report, best.name, other)
    if metric is None:
        return f"{words}; whether that is more than {other} for real is not known."
    told = (
        f"{signed_points_text(metric['difference'])} to {other}"
        f" ({span_text(metric['low'], metric['high'])})"
    )
    verdict = "a real difference" if metric["real"] else "not told apart on these images"
    if is_none(metric["low"], metric["high"]):
        verdict = "the same in every resample"
    return f"{words}: {told}, {verdict}." + _chosen_of(len(report.rows))


def _chosen_of(rows: int) -> str:
    """A word about chance where the best was chosen among so many that it plays a part."""
    if rows < MANY:
        return ""
    by_chance = counted(round(LEVEL * (rows - 1)), "row")
    return (
        f" It was chosen as the best of {rows}: of rows that are all alike, {by_chance} would"
        " differ for real by chance."
    )


def _margin(report: Report, best: str, other: str) -> Mapping[str, Any] | None:
    """AP of the best row - that of the other, with its interval, whichever way it was compared."""
    pair, turned = (best, other), (other, best)
    known = {(of.row, of.baseline): of for of in report.differences}
    if turned not in known or pair in known:
        of = compared(report, [pair]).found.get(pair)
        return None if of is None else of.comparison["metrics"]["AP"]
    metric = known[turned].comparison["metrics"]["AP"]
    low, high = -metric["high"], -metric["low"]
    return {**metric, "difference": -metric["difference"], "low": low, "high": high}


def _found(search: Search) -> str:
    """The best trial of a sweep or tuning, by the first of its metrics."""
    if search.analysis is not None:
        trials, best = search.analysis.trials, search.analysis.best
        metric = search.analysis.sweep.metrics[0]
    else:
        assert search.tuning is not None
        tuning, trials, metric = search.tuning, search.tuning.trials, search.tuning.metrics[0]
        best = next((of for of in trials if of.number == tuning.best), None)
    where = "" if search.is_alone else f" of {search.source.name}"
    tried = f"{counted(len(trials), 'trial')}{where}"
    if best is None:
        return f"{tried}; none has finished."
    value = points_text(best.metrics.get(metric, UNDEFINED))
    return f"{tried}; the best is trial {best.number} with {heading(metric)} {value}."


def _told(source: Found) -> str:
    number = len(source.rows)
    rows = f" of {number} row{'' if number == 1 else 's'}" if number else ""
    articles = {"experiment": "an ", "results": ""}
    return f"{articles.get(source.kind, 'a ')}{source.kind}{rows}"
