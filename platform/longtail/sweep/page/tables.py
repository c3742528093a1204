"""Tables of a sweep's page: what was searched, the best trials, what fresh seeds say of them."""

from collections.abc import Iterator
from html import escape
from typing import Any

from longtail.config.search_space import spelt
from longtail.metrics import UNDEFINED, points_text, signed_points_text, span_text
from longtail.sweep.analysis.analysis import Analysis
from longtail.sweep.analysis.axis import spelt_value
from longtail.sweep.analysis.reevaluation import FreshRuns, ReevaluatedTrial, Reevaluation
from longtail.sweep.page.parts import breakable, path_name, table
from longtail.sweep.trial import Trial

MOST_TRIALS = 10
"""Trials in the table of the best."""


def searched_table(analysis: Analysis) -> str:
    """Each path with its range, the base variant's value and that of the best finished trial."""
    best = analysis.best
    rows = [
        [
            path_name(axis),
            f"<code>{escape(spelt(axis.dimension))}</code>",
            _value(analysis.base[path]),
            "" if best is None else _value(best.point[path]),
        ]
        for path, axis in analysis.axes.items()
    ]
    return table("", ["path", "searched", "base", "best trial"], rows)


def best_table(analysis: Analysis) -> str:
    """The best trials, finished ones first."""
    metrics = analysis.sweep.metrics
    headings = [
        "trial",
        *(escape(metric) for metric in metrics),
        *(breakable(axis.label) for axis in analysis.axes.values()),
        "state",
        "iterations",
        "hours",
    ]
    rows = [
        [
            f"<b>{trial.number}</b>",
            *(points_text(trial.metrics.get(metric, UNDEFINED)) for metric in metrics),
            *(_value(trial.point[path]) for path in analysis.axes),
            _state(trial, analysis),
            f"{trial.step:,}",
            f"{trial.hours:.2f}",
        ]
        for trial in analysis.ranking[:MOST_TRIALS]
    ]
    left_out = len(analysis.ranking) - len(rows)
    more = f" The best {len(rows)}; {left_out} more have an evaluation." if left_out > 0 else ""
    return table(f"Metrics in points.{more}", headings, rows)


def failed_table(analysis: Analysis) -> str:
    """What went wrong."""
    rows = [
        [f"<b>{trial.number}</b>", escape(trial.error or "")]
        for trial in analysis.trials
        if trial.state == "failed"
    ]
    return table("", ["trial", "error"], rows)


def confirmation_table(confirmation: Reevaluation) -> str:
    """The trials that were run again, in the order of the sweep."""
    headings = [
        "trial",
        "metric",
        "in the sweep",
        "mean of fresh seeds",
        "sd",
        "95% interval",
        "change",
        "each seed",
    ]
    rows = [
        cells for trial in confirmation.trials for cells in _confirmed_rows(trial, confirmation)
    ]
    seeds = ", ".join(map(str, confirmation.seeds))
    return table(f"Fresh seeds: {seeds}. Values in points.", headings, rows)


def _confirmed_rows(trial: ReevaluatedTrial, confirmation: Reevaluation) -> Iterator[list[str]]:
    best = trial.number == confirmation.best
    name = f"<b>{trial.number}</b>" + (' <span class="mark">best now</span>' if best else "")
    for metric in confirmation.metrics:
        runs = trial.metrics[metric]
        mean = "-" if runs.mean is None else f"<b>{points_text(runs.mean)}</b>"
        yield [
            name,
            escape(metric),
            _or_dash(runs.in_sweep),
            mean,
            _or_dash(runs.sd),
            _interval(runs),
            "-" if runs.fell_by is None else signed_points_text(-runs.fell_by),
            ", ".join(points_text(value) for value in runs.by_seed.values()) or "no run finished",
        ]
        name = ""


def _interval(runs: FreshRuns) -> str:
    if runs.low is None or runs.high is None:
        return "-"
    return span_text(runs.low, runs.high)


def _state(trial: Trial, analysis: Analysis) -> str:
    if trial.number in analysis.pareto:
        return f'{trial.state} <span class="mark">not dominated</span>'
    return trial.state


def _or_dash(fraction: float | None) -> str:
    return points_text(fraction)


def _value(value: Any) -> str:
    text = spelt_value(value)
    return f"<code>{breakable(text) if isinstance(value, str) else escape(text)}</code>"
