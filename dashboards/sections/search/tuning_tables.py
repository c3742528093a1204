"""Tables of a tuning: the best trials, the half that was not tuned on, and the front."""

from collections.abc import Mapping
from typing import Any

from dashboards.figures.search.looks import heading, points_of
from dashboards.measured import ap_span
from dashboards.sources.tuning import Tuning
from dashboards.tables import Column, Table
from longtail.metrics import GROUP_METRICS, UNDEFINED, signed_points_text
from longtail.results.points import points_or_nan
from longtail.sweep.analysis.axis import spelt_value
from longtail.sweep.trial import Trial

MOST_TRIALS = 10
NOT_READ = "not read"
FIXED = "AP_fixed"
Tree = Mapping[str, Any]


def trial_table(tuning: Tuning, suffix: str) -> Table:
    """The best merges on the half that is tuned on, and the start, which is the first trial."""
    metric = tuning.metrics[0]
    merges = [trial for trial in tuning.trials if trial.state == "finished"]
    ranked = sorted(merges, key=lambda trial: (-trial.metrics[metric], trial.number))
    shown = ranked[:MOST_TRIALS]
    shown += [trial for trial in merges[:1] if trial.number == 0 and trial not in shown]
    columns = [
        Column("trial", "trial", format="d"),
        *(Column(name, name, best="high") for name in GROUP_METRICS),
        Column("rare", "rare margin", format=".3g"),
        Column("common", "common margin", format=".3g"),
        *(Column(name, name, undefined=NOT_READ) for name in tuning.axes),
    ]
    left_out = len(merges) - len(shown)
    more = f" {left_out} more are merges." if left_out else ""
    text = f"Points on the half that is tuned on, with the best margins; 0 is the start.{more}"
    rows = [_trial(tuning, trial) for trial in shown]
    return Table(f"best-merges{suffix}", "Best merges", columns, rows, text)


def held_out_table(tuning: Tuning, suffix: str) -> Table:
    """Sources, start, winner and the winner without each source, on the other half."""
    columns = [
        Column("row", "merge or source"),
        Column("AP", "AP", best="high"),
        Column("interval", "95% interval", undefined="not known"),
        *(Column(name, name, best="high") for name in GROUP_METRICS[1:]),
        Column(FIXED, "AP fixed", best="high", hint="each category has its own cap"),
        Column("interval_fixed", "interval of AP fixed", undefined="not known"),
    ]
    rows = [{"row": name, **_held_out(row)} for name, row in tuning.report["held_out"].items()]
    text = f"Mask AP in points on {tuning.report['images_of_the_other_half']:,} images."
    return Table(f"other-half{suffix}", "The other half", columns, rows, text)


def difference_table(tuning: Tuning, suffix: str) -> Table:
    """The winner minus other rows, on the same resamples of the images."""
    metrics = (*GROUP_METRICS, FIXED)
    columns = [
        Column("row", "tuned minus"),
        *(Column(name, name.replace("_", " ")) for name in metrics),
    ]
    rows = [
        {"row": name, **{metric: _difference(tree[metric]) for metric in metrics}}
        for name, tree in tuning.report["tuned_minus"].items()
    ]
    text = (
        "Points with 95% intervals on the same resamples; minus `without NAME` is what the source"
        " adds."
    )
    return Table(f"tuned-minus{suffix}", "What tuning and each source add", columns, rows, text)


def front_table(tuning: Tuning, suffix: str) -> Table:
    """The merges of the front, on both halves."""
    front = tuning.report["pareto"]
    names = front["metrics"]
    columns = [
        Column("number", "NN"),
        Column("trial", "trial", format="d"),
        Column("rare", "rare margin", format=".3g"),
        Column("common", "common margin", format=".3g"),
        *(Column(f"{name} tuned", f"{heading(name)} tuned on", best="high") for name in names),
        *(Column(f"{name} other", f"{heading(name)} other half", best="high") for name in names),
        Column("interval", f"interval of {heading(names[0])}", undefined="not known"),
    ]
    rows = [
        {
            "number": member["folder"].rpartition("/")[2],
            "trial": member["trial"],
            "rare": member["rare_margin"],
            "common": member["common_margin"],
            **{f"{name} tuned": points_or_nan(member["tuned_on"][name]) for name in names},
            **{f"{name} other": points_or_nan(member["held_out"][name]) for name in names},
            "interval": _span(member["held_out"], names[0]),
        }
        for member in front["members"]
    ]
    text = (
        f"{len(rows)} of {front['on_the_front']} merges that none beats in {' and '.join(names)} on"
        " the half that is tuned on; pareto/NN/merge.yaml has each, 00 the winner."
    )
    return Table(f"front{suffix}", "The front", columns, rows, text)


def failed_table(tuning: Tuning, suffix: str) -> Table:
    """Points that are no merge, and why."""
    rows = [
        {"trial": trial.number, **_values(trial), "error": trial.error}
        for trial in tuning.trials
        if trial.state == "failed"
    ]
    columns = [
        Column("trial", "trial", format="d"),
        *(Column(name, name, undefined=NOT_READ) for name in tuning.axes),
        Column("error", "why it is no merge"),
    ]
    return Table(f"failed-trials{suffix}", "Failed trials", columns, rows)


def _trial(tuning: Tuning, trial: Trial) -> dict[str, Any]:
    rare, common = tuning.chosen[trial.number]
    return {
        "trial": trial.number,
        **{name: points_of(trial, name) for name in GROUP_METRICS},
        "rare": rare,
        "common": common,
        **_values(trial),
    }


def _values(trial: Trial) -> dict[str, str]:
    return {name: spelt_value(value) for name, value in trial.point.items()}


def _held_out(row: Tree) -> dict[str, Any]:
    return {
        **{name: points_or_nan(row[name]) for name in (*GROUP_METRICS, FIXED)},
        "interval": _span(row, "AP"),
        "interval_fixed": _span(row, FIXED),
    }


def _span(row: Tree, metric: str) -> str | None:
    interval = row.get("intervals", {}).get(metric)
    if interval is None or interval["standard_error"] == UNDEFINED:
        return None
    return ap_span(interval["low"], interval["high"])


def _difference(tree: Tree) -> str | None:
    if tree["standard_error"] == UNDEFINED:
        return None
    value, low, high = (signed_points_text(tree[key]) for key in ("difference", "low", "high"))
    return f"{value} ({low} to {high})"
