"""Addresses on MLflow's page, relative to the server: in descriptions they work on any."""

from dataclasses import dataclass
from urllib.parse import quote

from dashboards.views.view import View

LOCAL = "http://127.0.0.1:5000"
"""Where `make ui` serves a runs folder's own store, if that port is free."""
MODE = "workflowType=machine_learning"
"""Without it MLflow opens a page for language models."""


@dataclass(frozen=True)
class Link:
    """Attributes:
    name: What it opens.
    place: The address after the server's, from `#` on.
    """

    name: str
    place: str

    def at(self, server: str) -> str:
        """The whole address."""
        return f"{server.rstrip('/')}/{self.place}"

    @property
    def markdown(self) -> str:
        """For a description."""
        return f"[{self.name}]({self.place})"


def view_link(experiment: str, view: View) -> Link:
    """Opens a saved view of an experiment, by its id."""
    charts = "&compareRunsMode=CHART" if view.opens_charts else ""
    place = f"#/experiments/{experiment}/runs?{MODE}&viewStateShareKey={view.id}{charts}"
    return Link(view.name, place)


def plain_link(experiment: str, view: View) -> Link:
    """The same runs in the same order, on a page that may know nothing of saved views."""
    search = f"searchFilter={quote(view.condition)}&orderByKey={quote(view.order_by)}"
    place = f"#/experiments/{experiment}/runs?{MODE}&{search}&orderByAsc=false"
    return Link(view.name, place)


def artifact_link(experiment: str, run: str, file: str, name: str) -> Link:
    """Shows an HTML artifact in its frame."""
    return Link(name, f"#/experiments/{experiment}/runs/{run}/artifacts/{quote(file)}?{MODE}")


def run_link(experiment: str, run: str, name: str) -> Link:
    """The page of a run."""
    return Link(name, f"#/experiments/{experiment}/runs/{run}?{MODE}")
