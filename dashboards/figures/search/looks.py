"""How trials look in every figure of a search: colour and shape tell what became of them."""

import math
from collections.abc import Iterable

import altair as alt

from dashboards.look import Look
from longtail.metrics import HEADINGS, UNDEFINED
from longtail.results.points import points_or_nan
from longtail.sweep.trial import Trial

BEST, FINISHED, STOPPED, FAILED = "best", "finished", "stopped early", "failed on the way"
COLOURS = {BEST: "frequent", FINISHED: "common", STOPPED: "grey", FAILED: "rare"}
SHAPES = {BEST: "diamond", FINISHED: "circle", STOPPED: "triangle-down", FAILED: "cross"}
WORDS = {"finished": FINISHED, "stopped": STOPPED, "failed": FAILED}
# Room beyond the values: a share of their range, and so many points at least.
SHARE, LEAST = 0.08, 0.5


def state_of(trial: Trial, best: int | None) -> str:
    """What became of a trial; the best is told apart from other finished ones."""
    return BEST if trial.number == best else WORDS[trial.state]


def points_of(trial: Trial, metric: str) -> float:
    """A metric of its last evaluation in points, NaN without one."""
    return points_or_nan(trial.metrics.get(metric, UNDEFINED))


def heading(metric: str) -> str:
    """How people call a metric."""
    return HEADINGS.get(metric, metric)


def slug(metric: str) -> str:
    """A metric in the name of a figure."""
    return metric.lower().replace("_", "-")


def domain(values: Iterable[float]) -> list[float]:
    """Ends of an axis of points that holds all values and has room around them, within 0 and 100
    if they are."""
    held = [value for value in values if not math.isnan(value)] or [0.0, 100.0]
    low, high = min(held), max(held)
    room = max(SHARE * (high - low), LEAST)
    return [max(low - room, min(low, 0.0)), min(high + room, max(high, 100.0))]


def metric_axis(metric: str, values: Iterable[float], field: str = "value") -> alt.Y:
    """A metric in points, from the bottom to the top."""
    return alt.Y(
        f"{field}:Q",
        title=f"{heading(metric)} in points",
        scale=alt.Scale(domain=domain(values), nice=False),
        axis=alt.Axis(tickCount=6),
    )


def state_colour(look: Look, states: Iterable[str]) -> alt.Color:
    """Those of the states that occur, named in a legend where there are several."""
    held = _ordered(states)
    return alt.Color(
        "state:N",
        scale=alt.Scale(domain=held, range=[look[COLOURS[state]] for state in held]),
        legend=alt.Legend() if len(held) > 1 else None,
    )


def state_shape(states: Iterable[str]) -> alt.Shape:
    """The same, for readers who do not tell the colours apart."""
    held = _ordered(states)
    return alt.Shape(
        "state:N",
        scale=alt.Scale(domain=held, range=[SHAPES[state] for state in held]),
        legend=alt.Legend() if len(held) > 1 else None,
    )


def _ordered(states: Iterable[str]) -> list[str]:
    held = set(states)
    return [state for state in COLOURS if state in held]
