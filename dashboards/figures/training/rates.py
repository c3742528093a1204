"""How trainings went: learning rate, speed, and whatever else their journals keep."""

from collections.abc import Sequence
from functools import partial

from dashboards.figure import Draw, Figure
from dashboards.figures.training.curves import LOSS, PART
from dashboards.figures.training.lines import MOST_POINTS, line_chart, line_table, recorded_metrics
from dashboards.sources.found import Training

TITLES = {
    "train/lr": "learning rate",
    "train/images_per_second": "images a second",
    "train/gradient_norm": "norm of the gradient",
    "train/peak_memory_bytes": "peak memory of a worker",
    "train/peak_gpu_memory_bytes": "peak GPU memory of tensors",
    "train/peak_gpu_memory_reserved_bytes": "peak GPU memory taken",
}
FROM_ZERO = ("train/images_per_second",)
BYTES = "_bytes"
"""Ending of what is drawn in GiB."""
STEADY = ("train/lr",)
POINTS_OF_A_RATE = 80


def rates(trainings: Sequence[Training]) -> Figure | None:
    """A panel for each value of training that is no loss; None without any.

    Args:
        trainings: At most `lines.MOST_TRAININGS`, with journals.
    """
    recorded = recorded_metrics(trainings)
    others = [
        metric
        for metric in recorded
        if metric.startswith("train/") and metric != LOSS and not metric.startswith(PART)
    ]
    shown = sorted(others, key=[*TITLES, *others].index)
    if not shown:
        return None
    names = [of.name for of in trainings]
    tables, panels = {}, list[Draw]()
    for metric in shown:
        word = metric.removeprefix("train/")
        name, title = f"training-{word.replace('_', '-')}", TITLES.get(metric, word)
        # A line that is level for long has few points, whatever is allowed.
        most = MOST_POINTS if metric in STEADY else POINTS_OF_A_RATE
        one, unit = (2**30, "GiB") if metric.endswith(BYTES) else (1, "")
        table = tables[name] = line_table(trainings, metric, most, one=one)
        chart = partial(
            line_chart,
            name,
            names,
            table,
            title.replace("_", " "),
            unit=unit,
            legend=False,
            zero=metric in FROM_ZERO or "memory" in metric,
            height=150,
        )
        panels.append(chart)
    return Figure(
        name="training-rates",
        title="Learning rate, speed, and more",
        text="The same trainings in the same colours.",
        panels=tuple(panels),
        tables=tables,
        broad=True,
        least_width=180,
    )
