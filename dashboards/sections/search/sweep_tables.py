"""Tables of a sweep: what was searched, the best trials, what fresh seeds say of them, failures."""

from collections.abc import Iterator
from typing import Any

from dashboards.figures.search.looks import heading, points_of
from dashboards.measured import ap_span
from dashboards.tables import Column, Table
from longtail.config.search_space import spelt
from longtail.metrics import points_text
from longtail.results.points import points_or_nan
from longtail.sweep.analysis.analysis import Analysis
from longtail.sweep.analysis.axis import spelt_value
from longtail.sweep.analysis.reevaluation import FreshRuns, ReevaluatedTrial, Reevaluation
from longtail.sweep.trial import Trial

LONGEST_ERROR = 400
MOST_TRIALS = 10
"""Trials in the table of the best."""
NUMBER = Column("trial", "trial", format="d")


def searched_table(analysis: Analysis, suffix: str) -> Table:
    """Each path with its range, the base variant's value and that of the best finished trial."""
    best = analysis.best
    rows = [
        {
            "label": axis.label,
            "path": path,
            "searched": spelt(axis.dimension),
            "base": spelt_value(analysis.base[path]),
            "best": None if best is None else spelt_value(best.point[path]),
        }
        for path, axis in analysis.axes.items()
    ]
    columns = [
        Column("label", "searched"),
        Column("path", "path in the variant"),
        Column("searched", "values"),
        Column("base", "base variant"),
        Column("best", "best trial", undefined="no trial has finished"),
    ]
    return Table(f"searched{suffix}", "Searched", columns, rows, "Fields of the variant.")


def best_table(analysis: Analysis, suffix: str) -> Table:
    """The best trials, finished ones first."""
    metrics = analysis.sweep.metrics
    columns = [
        NUMBER,
        *(Column(metric, heading(metric), best="high") for metric in metrics),
        *(Column(path, axis.label) for path, axis in analysis.axes.items()),
        Column("state", "state"),
        Column("step", "iterations", format=",d", hint="of the last stage"),
        Column("hours", "hours", format=".3g", hint="reserved for it"),
    ]
    rows = [
        {
            "trial": trial.number,
            **{metric: points_of(trial, metric) for metric in metrics},
            **{path: spelt_value(trial.point[path]) for path in analysis.axes},
            "state": _state(trial, analysis),
            "step": trial.step,
            "hours": trial.hours,
        }
        for trial in analysis.ranking[:MOST_TRIALS]
    ]
    left_out = len(analysis.ranking) - len(rows)
    more = f" The best {len(rows)}; {left_out} more have an evaluation." if left_out > 0 else ""
    text = f"Metrics in points, finished trials first.{more}"
    return Table(f"best-trials{suffix}", "Best trials", columns, rows, text)


def confirmation_table(confirmation: Reevaluation, suffix: str) -> Table:
    """The trials that were run again, in the order of the sweep."""
    columns = [
        NUMBER,
        Column("now", "after fresh seeds", undefined="not the best"),
        Column("metric", "metric"),
        Column("in_sweep", "in the sweep", hint="of its single run there"),
        Column("mean", "mean of fresh seeds", undefined="not known"),
        Column("sd", "sd", hint="of a single run", undefined="not known"),
        Column("interval", "95% interval", hint="of the mean", undefined="not known"),
        Column("change", "change", format="+.2f", hint="mean - sweep", undefined="not known"),
        Column("seeds", "each seed", undefined="no run finished"),
    ]
    rows = [row for trial in confirmation.trials for row in _confirmed(trial, confirmation)]
    seeds = ", ".join(map(str, confirmation.seeds))
    text = f"Fresh seeds: {seeds}. Values in points."
    return Table(f"confirmed{suffix}", "The best again", columns, rows, text)


def failed_table(analysis: Analysis, suffix: str) -> Table:
    """What went wrong, and at which values."""
    rows = [
        {
            "trial": trial.number,
            **{path: spelt_value(trial.point[path]) for path in analysis.axes},
            "error": _one_line(trial.error or "it does not say why"),
        }
        for trial in analysis.trials
        if trial.state == "failed"
    ]
    paths = [Column(path, axis.label) for path, axis in analysis.axes.items()]
    columns = [NUMBER, *paths, Column("error", "error")]
    return Table(f"failed-trials{suffix}", "Failed trials", columns, rows)


def _confirmed(trial: ReevaluatedTrial, confirmation: Reevaluation) -> Iterator[dict[str, Any]]:
    for metric in confirmation.metrics:
        runs = trial.metrics[metric]
        yield {
            "trial": trial.number,
            "now": "best now" if trial.number == confirmation.best else None,
            "metric": heading(metric),
            "in_sweep": points_or_nan(runs.in_sweep),
            "mean": points_or_nan(runs.mean),
            "sd": None if runs.sd is None else 100 * runs.sd,
            "interval": _interval(runs),
            "change": None if runs.fell_by is None else -100 * runs.fell_by,
            "seeds": ", ".join(points_text(of) for of in runs.by_seed.values()) or None,
        }


def _interval(runs: FreshRuns) -> str | None:
    if runs.low is None or runs.high is None:
        return None
    return ap_span(runs.low, runs.high)


def _state(trial: Trial, analysis: Analysis) -> str:
    return f"{trial.state}, not dominated" if trial.number in analysis.pareto else trial.state


def _one_line(error: str) -> str:
    text = " ".join(error.split())
    return text if len(text) <= LONGEST_ERROR else f"{text[: LONGEST_ERROR - 1]}\u2026"
