"""Learning curves: the loss, its parts, and AP on the way."""

from collections.abc import Sequence
from functools import partial

from dashboards.figure import Draw, Figure
from dashboards.figures.training.lines import line_chart, line_table, recorded_metrics
from dashboards.sources.found import Training

LOSS = "train/loss"
PART = "train/loss_"
AP = ("val/AP", "val/APr")
POINTS_OF_A_PART = 140


def curves(trainings: Sequence[Training]) -> Figure | None:
    """The loss of each training, and AP where it was evaluated on the way; None without any.

    Args:
        trainings: At most `lines.MOST_TRAININGS`, with journals.
    """
    recorded = recorded_metrics(trainings)
    shown = [metric for metric in (LOSS, *AP) if metric in recorded]
    if not shown:
        return None
    titles = {LOSS: "loss"} | {metric: metric.removeprefix("val/") for metric in AP}
    names = [of.name for of in trainings]
    tables, panels = {}, list[Draw]()
    for metric in shown:
        name = f"training-{titles[metric].lower()}"
        table = tables[name] = line_table(trainings, metric)
        unit = "loss" if metric == LOSS else f"{titles[metric]} in points"
        panels.append(partial(line_chart, name, names, table, titles[metric], unit=unit))
    return Figure(
        name="training-curves",
        title="Learning curves",
        text="A line for each training; click a name to single it out. A ring is where a training"
        " went on after it was stopped.",
        panels=tuple(panels),
        tables=tables,
        broad=True,
        least_width=240,
    )


def loss_parts(trainings: Sequence[Training]) -> Figure | None:
    """A panel for each part of the loss; None where there are not several.

    Args:
        trainings: At most `lines.MOST_TRAININGS`, with journals.
    """
    parts = [metric for metric in recorded_metrics(trainings) if metric.startswith(PART)]
    if len(parts) < 2:
        return None
    names = [of.name for of in trainings]
    tables, panels = {}, list[Draw]()
    for metric in parts:
        part = metric.removeprefix(PART)
        name = f"training-loss-{part.replace('_', '-')}"
        table = tables[name] = line_table(trainings, metric, POINTS_OF_A_PART)
        title = part.replace("_", " ")
        chart = partial(line_chart, name, names, table, title, legend=False, height=120)
        panels.append(chart)
    return Figure(
        name="training-loss-parts",
        title="Parts of the loss",
        text="The same trainings in the same colours; the loss is the weighted sum of its parts.",
        panels=tuple(panels),
        tables=tables,
        broad=True,
        least_width=180,
    )
