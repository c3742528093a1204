"""What a sweep prints at its end: the ranked trials, what they cost, the failures."""

from collections.abc import Sequence

from rich.text import Text

from longtail.commands import output_console
from longtail.metrics import (
    BOX_AP,
    HEADINGS,
    RESULT_METRICS,
    points_text,
    signed_points_text,
    span_text,
)
from longtail.printed_table import Column, PrintedTable, number_columns, text_columns
from longtail.sweep.analysis.axis import labels_of, spelt_value
from longtail.sweep.analysis.pareto import pareto_front
from longtail.sweep.analysis.reevaluation import FreshRuns, Reevaluation
from longtail.sweep.cost import Cost
from longtail.sweep.request import Sweep
from longtail.sweep.trial import Trial, ranked


def print_result(sweep: Sweep, trials: Sequence[Trial], cost: Cost) -> None:
    """All that is known when the last trial ended."""
    print_trials(sweep, trials, cost.unit)
    print_pareto(sweep, trials)
    print_cost(cost)
    print_failures(trials)


def print_trials(sweep: Sweep, trials: Sequence[Trial], unit: str) -> None:
    """Finished trials by falling metric, then those that were stopped, then failed ones.

    Args:
        sweep: What was searched.
        trials: Its trials.
        unit: Of their hours, `GPU` or `CPU`.
    """
    metric = HEADINGS[sweep.metrics[0]]
    columns = [
        *number_columns("", "trial"),
        *text_columns(*_labels(sweep)),
        *number_columns("iterations"),
        *text_columns("state"),
        *_metric_columns(sweep),
        *number_columns(f"{unit} hours", spare=1),
    ]
    title = f"trials by {metric} of their last evaluation, mask AP in points"
    table = PrintedTable(title, columns, num_keys=2)
    for place, trial in enumerate(ranked(list(trials), sweep.metrics[0]), start=1):
        rank = str(place) if trial.state == "finished" else ""
        progress = [Text(f"{trial.step:,}"), _state(trial)]
        table.add(rank, *_cells(sweep, trial, progress), hours_text(trial.hours))
    output_console().print(table)


def print_pareto(sweep: Sweep, trials: Sequence[Trial]) -> None:
    """Where several metrics count: the trials that no other one beats in all of them."""
    front = pareto_front(trials, sweep.metrics) if len(sweep.metrics) > 1 else []
    if not front:
        return
    columns = [*number_columns("trial"), *text_columns(*_labels(sweep)), *_metric_columns(sweep)]
    title = f"trials that no other one beats in all of {', '.join(sweep.metrics)}"
    table = PrintedTable(title, columns)
    for trial in front:
        table.add(*_cells(sweep, trial, []))
    output_console().print(table)


def print_cost(cost: Cost) -> None:
    """What was spent, and what it would have cost without sharing and stopping."""
    shared = (
        f"saved {hours_text(cost.saved_by_sharing)} by sharing"
        if cost.saved_by_sharing >= 0
        else f"evaluations on the way cost {hours_text(-cost.saved_by_sharing)} more than sharing"
        " saved"
    )
    output_console().print(
        f"spent {hours_text(cost.spent)} {cost.unit}-hours; every trial alone to its end, about"
        f" {hours_text(cost.naive)}; {shared}, saved {hours_text(cost.saved_by_stopping)} by"
        " stopping",
        highlight=False,
        soft_wrap=True,
    )


def print_reevaluation(reevaluation: Reevaluation) -> None:
    """How the best trials did with fresh seeds, and how that differs from the sweep."""
    seeds = ", ".join(map(str, reevaluation.seeds))
    if reevaluation.trials:
        shown = number_columns("in the sweep", "mean", "95% interval", "change")
        columns = [*number_columns("trial"), *text_columns("metric"), *shown]
        table = PrintedTable(f"the best again with fresh seeds {seeds}, in points", columns, 2)
        for trial in reevaluation.trials:
            for metric, runs in trial.metrics.items():
                table.add(str(trial.number), HEADINGS[metric], *_fresh_cells(runs))
        output_console().print(table)
    output_console().print(reevaluation.warning, highlight=False, soft_wrap=True)
    for problem in reevaluation.problems:
        output_console().print(f"[red]{problem}[/red]", highlight=False, soft_wrap=True)


def print_failures(trials: Sequence[Trial]) -> None:
    """What went wrong, once for each failed trial, and at which values."""
    for trial in trials:
        if trial.state == "failed":
            values = ", ".join(f"{path}={spelt_value(v)}" for path, v in trial.point.items())
            output_console().print(
                f"[red]failed[/red] trial {trial.number}: {values}",
                highlight=False,
                soft_wrap=True,
            )
            output_console().print(
                f"  {trial.error}", highlight=False, markup=False, soft_wrap=True
            )


def hours_text(hours: float) -> str:
    """Three digits: 0.0042, 1.9, 1,234."""
    return f"{hours:,.0f}" if hours >= 100 else f"{hours:.3g}"


def _labels(sweep: Sweep) -> list[str]:
    return list(labels_of(sweep.space.dimensions).values())


def _metric_columns(sweep: Sweep) -> list[Column]:
    return number_columns(*(HEADINGS[name] for name in _shown(sweep)))


def _cells(sweep: Sweep, trial: Trial, progress: Sequence[Text]) -> list[str | Text]:
    values = [spelt_value(trial.point[path]) for path in sweep.space.dimensions]
    metrics = [points_text(trial.metrics.get(name)) for name in _shown(sweep)]
    return [str(trial.number), *values, *progress, *metrics]


def _shown(sweep: Sweep) -> list[str]:
    """Mask AP and its groups, and AP of boxes where it is searched for."""
    return [name for name in RESULT_METRICS if name != BOX_AP or name in sweep.metrics]


def _state(trial: Trial) -> Text:
    return Text(trial.state, style="red" if trial.state == "failed" else "")


def _fresh_cells(runs: FreshRuns) -> list[str]:
    interval = "-"
    if runs.low is not None and runs.high is not None:
        interval = span_text(runs.low, runs.high)
    change = "-" if runs.fell_by is None else signed_points_text(-runs.fell_by)
    return [points_text(runs.in_sweep), points_text(runs.mean), interval, change]
