"""Charts of MLflow's, as its saved views write them."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Chart: TypeAlias = Mapping[str, Any]


def bars(metric: str) -> Chart:
    """A bar for each row, or each mean."""
    return {"type": "BAR", "metricKey": metric}


def scatter(x: str, y: str) -> Chart:
    """A dot for each row: one metric against another."""
    return {"type": "SCATTER", "xaxis": _metric(x), "yaxis": _metric(y)}


def contour(x: str, y: str, metric: str) -> Chart:
    """A metric over two parameters, both numbers; its axes are linear."""
    return {"type": "CONTOUR", "xaxis": _param(x), "yaxis": _param(y), "zaxis": _metric(metric)}


def parallel(params: Sequence[str], metrics: Sequence[str]) -> Chart:
    """A line for each trial through its parameters and its metrics; only those that have all."""
    return {
        "type": "PARALLEL",
        "selectedParams": list(params),
        "selectedMetrics": list(metrics),
        "showAllRuns": True,
    }


def difference(baseline: str) -> Chart:
    """Metrics and parameters of the rows beside those of one of them, a run by its id."""
    return {
        "type": "DIFFERENCE",
        "chartName": "Difference from the baseline",
        "compareGroups": ["Model metrics", "Parameters"],
        "showChangeFromBaseline": True,
        "showDifferencesOnly": True,
        "baselineColumnUuid": baseline,
    }


def _metric(name: str) -> Chart:
    return {"type": "METRIC", "key": name}


def _param(name: str) -> Chart:
    return {"type": "PARAM", "key": name}
