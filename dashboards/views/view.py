"""A saved view: a tag of an experiment, from which MLflow's page (since 3.15) sets itself up.

Its id is fixed, so that writing it again changes it and never doubles it.
"""

import base64
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.views.charts import Chart

PREFIX = "mlflow.sharedViewState."
LARGEST = 5000
"""Characters of a tag in the oldest databases that MLflow still serves."""
RUNS_IN_A_CHART = 1000
PACKED = "deflate;"


@dataclass(frozen=True)
class Charts:
    """Some under one heading.

    Attributes:
        title: The heading.
        charts: From above to below.
        beside: How many stand beside each other.
    """

    title: str
    charts: Sequence[Chart]
    beside: int = 2


@dataclass(frozen=True)
class View:
    """What one shows.

    Attributes:
        id: Of the view, for ever.
        name: In MLflow's menu.
        condition: Which runs, as MLflow's search takes it.
        order_by: A column, such as "metrics.`val/AP`"; it falls.
        columns: Beside the name, such as "params.`loss`".
        sections: Charts, beside the list of runs.
        group_tag: Runs with the same value of this tag stand as their mean.
        folded: Values of that tag whose runs are not listed below their mean.
        opens_charts: Its link opens the charts, not the table.
    """

    id: str
    name: str
    condition: str
    order_by: str
    columns: Sequence[str]
    sections: Sequence[Charts] = ()
    group_tag: str | None = None
    folded: Sequence[str] = ()
    opens_charts: bool = False

    @property
    def tag(self) -> str:
        """The name of its tag."""
        return PREFIX + self.id

    def state(self) -> dict[str, Any]:
        """Of the page's search and table, by MLflow's names."""
        keys = [{"mode": "tag", "groupByData": self.group_tag}]
        group = {"aggregateFunction": "average", "groupByKeys": keys}
        return {
            "searchFilter": self.condition,
            "orderByKey": self.order_by,
            "orderByAsc": False,
            "startTime": "ALL",
            "lifecycleFilter": "Active",
            "datasetsFilter": [],
            "modelVersionFilter": "All Runs",
            "selectedColumns": list(self.columns),
            "columnOrder": [],
            "columnWidths": {},
            "runsHiddenMode": "SHOW_ALL",
            "compareRunCharts": self._charts(),
            "compareRunSections": [_section(held) for held in self.sections],
            "isAccordionReordered": True,
            "viewMaximized": False,
            "runListHidden": False,
            "useGroupedValuesInCharts": True,
            "hideEmptyCharts": True,
            "groupBy": group if self.group_tag else None,
            "groupsExpanded": {f"tag.{self.group_tag}.{value}": False for value in self.folded},
            "globalLineChartConfig": {
                "xAxisKey": "step",
                "lineSmoothness": 0,
                "selectedXAxisMetricKey": "",
            },
        }

    def _charts(self) -> list[dict[str, Any]]:
        return [
            {
                "uuid": f"{self.id}-{held.title}-{number}",
                "metricSectionId": held.title,
                "runsCountToCompare": RUNS_IN_A_CHART,
                "deleted": False,
                "isGenerated": False,
                **chart,
            }
            for held in self.sections
            for number, chart in enumerate(held.charts)
        ]


def _section(held: Charts) -> dict[str, Any]:
    return {
        "uuid": held.title,
        "name": held.title,
        "display": True,
        "isReordered": True,
        "deleted": False,
        "isGenerated": False,
        "columns": held.beside,
        "cardHeight": 420,
    }


def packed(view: View, before: str | None, now: int) -> str:
    """The value of a view's tag; the one that is there already where nothing changed.

    Args:
        view: The view.
        before: Its tag's value; None for a new one.
        now: Milliseconds since 1970.

    Raises:
        ValueError: It takes more than `LARGEST` characters.
    """
    known = _unpacked(before)
    state = view.state()
    if before is not None and (known.get("name"), known.get("state")) == (view.name, state):
        return before
    text = json.dumps(state, separators=(",", ":")).encode()
    tree = {
        "name": view.name,
        "createdAt": known.get("createdAt", now),
        "updatedAt": now,
        "state": PACKED + base64.b64encode(zlib.compress(text, 9)).decode(),
    }
    value = json.dumps(tree, separators=(",", ":"))
    if len(value) > LARGEST:
        raise ValueError(f"the view {view.name!r} takes {len(value)} of {LARGEST} characters")
    return value


def _unpacked(value: str | None) -> dict[str, Any]:
    """What a tag holds; nothing where that cannot be read."""
    try:
        tree: dict[str, Any] = json.loads(value or "")
        state = zlib.decompress(base64.b64decode(tree["state"].removeprefix(PACKED)))
        return {**tree, "state": json.loads(state)}
    except (ValueError, KeyError, TypeError, AttributeError, zlib.error):
        return {}
