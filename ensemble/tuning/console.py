"""What a search shows a person: best trials, the Pareto front, and the half it did not see."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from ensemble.tuning.held_out import START, TUNED, WITHOUT
from ensemble.tuning.journal import TrialJournal
from ensemble.tuning.pareto import Candidate
from longtail.metrics import (
    GROUP_METRICS,
    UNDEFINED,
    interval_text,
    points_text,
    signed_points_text,
)
from longtail.printed_table import PrintedTable, number_columns, text_columns

SHOWN_TRIALS = 5
CHANGES = (*GROUP_METRICS, "AP_fixed")
Tree = Mapping[str, Any]


def print_trials(journal: TrialJournal, metric: str, console: Console) -> None:
    """The best trials, in points, with what was chosen."""
    trials, tried = journal.trials, sum(map(len, journal.margins))
    console.print(
        f"{len(trials)} trials, {tried:,} merges judged; the first is the start; AP of the half "
        "that is tuned on, in points",
        highlight=False,
        soft_wrap=True,
    )
    ranked = sorted(trials, key=lambda trial: (-trial.result[metric], trial.number))
    shown = ranked[:SHOWN_TRIALS]
    shown += [trial for trial in trials[:1] if trial not in shown]
    columns = [*number_columns("trial", *GROUP_METRICS, "margins r/c"), *text_columns("chosen")]
    table = PrintedTable("", columns)
    for trial in shown:
        table.add(
            str(trial.number),
            *(points_text(trial.result[name]) for name in GROUP_METRICS),
            _margins(trial.result),
            ", ".join(f"{name} {_short(value)}" for name, value in trial.point.items()),
        )
    console.print(table)


def print_held_out(
    rows: Mapping[str, Tree],
    differences: Mapping[str, Tree],
    warnings: Sequence[str],
    console: Console,
) -> None:
    """Sources, start and tuned merge, then what each source adds; with intervals."""
    spans = "95% interval"
    capped = number_columns("AP", spans, *GROUP_METRICS[1:])
    fixed = number_columns("AP fixed")
    fixed += number_columns("interval of AP fixed", spare=2)
    fixed += number_columns("APr fixed", spare=1)
    table = PrintedTable("the other half: mask AP in points", [*text_columns(""), *capped, *fixed])
    for name, row in rows.items():
        intervals = row.get("intervals", {})
        cells = [points_text(row[metric]) for metric in (*GROUP_METRICS, "AP_fixed", "APr_fixed")]
        cells.insert(5, interval_text(intervals.get("AP_fixed")))
        cells.insert(1, interval_text(intervals.get("AP")))
        table.add(name, *cells, style="bold" if name == TUNED else "")
    console.print(table)
    if not differences:
        return
    title = (
        f"{TUNED} minus another row (minus `{WITHOUT}NAME`: what the source adds), with 95% "
        "intervals on the same resamples"
    )
    shown = number_columns(*(name.replace("_", " ") for name in CHANGES))
    table = PrintedTable(title, [*text_columns("tuned minus"), *shown])
    for name, difference in differences.items():
        table.add(name, *(_difference(difference[metric]) for metric in CHANGES))
    console.print(table)
    gain = differences[START]["AP"]
    if gain["low"] <= 0:
        found = "is lower than" if gain["high"] < 0 else "is not told apart from"
        _line(console, f"warning: by AP, {TUNED} {found} {START} on the other half")
    for warning in warnings:
        _line(console, f"warning: {warning}")


def _line(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def _difference(difference: Tree) -> str:
    if difference["standard_error"] == UNDEFINED:
        return "-"
    keys = ("difference", "low", "high")
    value, low, high = (signed_points_text(difference[key]) for key in keys)
    return f"{value} ({low} to {high})"


def _margins(result: Tree) -> str:
    if "rare_margin" not in result:
        return "-"
    return f"{result['rare_margin']:.3f}/{result['common_margin']:.3f}"


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value) or "no bound"


def print_pareto(
    names: Sequence[str],
    merges: Sequence[Candidate],
    rows: Sequence[Mapping[str, Any]],
    num_front: int,
    console: Console,
) -> None:
    """A line for each merge, in points, with intervals on the other half.

    Args:
        names: The metrics of the front.
        merges: The merges.
        rows: The same on the other half.
        num_front: Merges on the whole front.
        console: Where to print.
    """
    if len(merges) < 2:
        text = f"no merge gives up {names[0]} for {', '.join(names[1:])}: the front is the winner"
        console.print(text, highlight=False, soft_wrap=True)
        return
    text = (
        f"{len(merges)} of {num_front} merges that none beats in {' and '.join(names)} on the "
        "half that is tuned on; pareto/NN/merge.yaml has each"
    )
    console.print(text, highlight=False, soft_wrap=True)
    tuned_on = number_columns("trial", "margins r/c", *(f"{name} tuned on" for name in names))
    held_out = number_columns(
        *(f"{name} other half".replace("_", " ") for name in (*names, "AP_fixed"))
    )
    table = PrintedTable("", [*text_columns("NN"), *tuned_on, *held_out])
    for number, (merge, row) in enumerate(zip(merges, rows, strict=True)):
        intervals = row.get("intervals", {})
        table.add(
            f"{number:02d}",
            str(merge.trial.number),
            f"{merge.rare_margin:.3f}/{merge.common_margin:.3f}",
            *(points_text(merge.metrics[name]) for name in names),
            *(_with_span(row[name], intervals.get(name)) for name in (*names, "AP_fixed")),
        )
    console.print(table)


def _with_span(value: float, interval: Mapping[str, Any] | None) -> str:
    return (
        points_text(value)
        if interval is None
        else f"{points_text(value)} ({interval_text(interval)})"
    )
