"""Which saved views an experiment gets, from what its runs have."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from dashboards.views import charts
from dashboards.views.view import Charts, View
from longtail.evaluation.recording.metrics import KIND, KIND_TAG, ROW_TAG, TRIAL
from longtail.metrics import GAP, GROUP_METRICS, mlflow_name
from longtail.tracking.experiment import SeenRun
from longtail.tracking.tracker import LOG, VARIANT_TAG

ROWS = f"tags.`{KIND_TAG}` = '{KIND}' AND tags.`{ROW_TAG}` != '{TRIAL}'"
"""All evaluations, whatever they evaluate, but those of a sweep's trials."""
AP, APR = mlflow_name("AP"), mlflow_name("APr")
GROUPS = tuple(mlflow_name(metric) for metric in GROUP_METRICS)
METRICS = (*GROUPS, mlflow_name("AP", "box"), mlflow_name(GAP))
"""The columns of a row."""
MOST_PARAMS, MOST_FOLDED = 8, 60


@dataclass(frozen=True)
class Search:
    """The trials of a sweep or of a search of merges.

    Attributes:
        condition: Finds them.
        trials: As far as they have a point.
        metrics: What they are judged by, the most telling first.
    """

    condition: str
    trials: Sequence[SeenRun]
    metrics: Sequence[str] = (AP, APR)


def views_of(rows: Sequence[SeenRun], search: Search | None) -> list[View]:
    """The views, each only where it has something to show.

    Args:
        rows: Evaluations of the experiment, newest first.
        search: The newest search; None without one.
    """
    views = []
    if rows:
        views = _views_of_rows(rows)
    if search is not None and (axes := axes_of(search.trials)):
        views.append(_search_view(search, axes))
    return views


def differing(runs: Sequence[SeenRun]) -> list[str]:
    """Parameters that differ between runs, those that most runs have first."""
    counts: dict[str, int] = {}
    values: dict[str, set[str | None]] = {}
    for run in runs:
        for name in run.params:
            counts[name] = counts.get(name, 0) + 1
    for name in counts:
        values[name] = {run.params.get(name) for run in runs}
    names = [name for name in counts if len(values[name]) > 1]
    return sorted(names, key=lambda name: (-counts[name], name))


def axes_of(trials: Sequence[SeenRun]) -> list[str]:
    """Parameters that a search varies; of one that is drawn evenly by its logarithm, that."""
    names = [name for name in differing(trials) if not name.startswith(LOG)]
    logs = {name for run in trials for name in run.params if name.startswith(LOG)}
    return sorted(_logarithm(name, logs) for name in names)


def _logarithm(name: str, logs: Collection[str]) -> str:
    """The parameter that holds the logarithm of another one, or that other one."""
    wanted = (f"{LOG}{name}", f"{LOG}{name.rpartition('.')[2]}")
    return next((log for log in wanted if log in logs), name)


def _views_of_rows(rows: Sequence[SeenRun]) -> list[View]:
    present = [name for name in METRICS if any(name in run.metrics for run in rows)]
    metrics = [f"metrics.`{name}`" for name in present]
    params = [f"params.`{name}`" for name in differing(rows) if not name.startswith(LOG)]
    bars = [charts.bars(name) for name in GROUPS if name in present]
    variants = list(dict.fromkeys(run.tags.get(VARIANT_TAG, "") for run in rows))
    of = ROWS, f"metrics.`{AP}`"
    views = [
        View(
            "longtail-rows",
            "Rows",
            *of,
            [*metrics, *params[:MOST_PARAMS]],
            [Charts("AP in points", bars)],
        ),
        View(
            "longtail-means",
            "Means over seeds",
            *of,
            metrics,
            [Charts("Mean AP in points", bars)],
            group_tag=VARIANT_TAG,
            folded=variants[:MOST_FOLDED],
        ),
    ]
    if AP in present and APR in present:
        held = [
            Charts("APr over AP, in points", [charts.scatter(AP, APR)], beside=1),
            Charts("AP in points", bars),
        ]
        views.append(
            View("longtail-scatter", "AP against APr", *of, metrics, held, opens_charts=True)
        )
    if len(rows) > 1:
        baseline = min(rows, key=lambda run: run.started)
        held = [Charts("Against the first row", [charts.difference(baseline.id)], beside=1)]
        views.append(
            View("longtail-difference", "Difference", *of, metrics, held, opens_charts=True)
        )
    return views


def _search_view(search: Search, axes: Sequence[str]) -> View:
    metrics = [name for name in search.metrics if any(name in run.metrics for run in search.trials)]
    held = [Charts("All trials", [charts.parallel(axes, metrics)], beside=1)]
    numbers = [name for name in axes if _are_numbers(search.trials, name)]
    if len(numbers) > 1:
        x, y = numbers[:2]
        held.append(
            Charts("Over two parameters", [charts.contour(x, y, metric) for metric in metrics])
        )
    columns = [f"metrics.`{name}`" for name in metrics] + [f"params.`{name}`" for name in axes]
    order = f"metrics.`{metrics[0]}`" if metrics else "attributes.start_time"
    return View(
        "longtail-search", "Search", search.condition, order, columns, held, opens_charts=True
    )


def _are_numbers(runs: Sequence[SeenRun], name: str) -> bool:
    return all(_is_number(run.params, name) for run in runs)


def _is_number(params: Mapping[str, str], name: str) -> bool:
    try:
        float(params[name])
    except (KeyError, ValueError):
        return False
    return True
