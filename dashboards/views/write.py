"""Views, links and descriptions of an experiment, brought to MLflow."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dashboards.views.chosen import AP, APR, ROWS, Search, views_of
from dashboards.views.known import known_links, note_links
from dashboards.views.links import Link, artifact_link, plain_link, view_link
from dashboards.views.notes import body_of, note, ranked
from dashboards.views.view import packed
from longtail.tracking.address import told, tracking_uri
from longtail.tracking.experiment import NOTE_TAG, Experiment, SeenRun
from longtail.tracking.noted import notes_kept
from longtail.tracking.tracker import GRID_TAG, VARIANT_TAG

log = logging.getLogger(__name__)

PARENTS = f"tags.`{GRID_TAG}` LIKE '%'"
REPORTS = {"report.html": "Report", "analysis.html": "Analysis"}
"""Artifacts that are pages, and what links call them."""
MOST_PARENTS = 8
"""The newest get their description again; older ones keep theirs."""
FIRST_VERSION, NEXT_MAJOR = (3, 15), 4
"""Of MLflow, whose saved views these are."""


@dataclass(frozen=True)
class Written:
    """What MLflow has now.

    Attributes:
        links: What opens it, reports first.
        problem: Why there are no saved views; None if there are.
    """

    links: tuple[Link, ...]
    problem: str | None = None


def write_views(runs: Path, experiment: str) -> list[Link]:
    """Have MLflow show an experiment as it is now; for the end of a grid, a sweep or a search.

    Whatever goes wrong is a warning. Where an SQLite store has not changed since it was written to,
    nothing is asked: MLflow takes seconds to import.

    Args:
        runs: The runs folder, which has MLflow's store unless a server is set.
        experiment: Name of the experiment.

    Returns:
        Links, relative to MLflow's page; none after a warning.
    """
    try:
        uri = tracking_uri(runs)
        known = known_links(runs, uri, experiment)
        if known is not None:
            return known
        with notes_kept(runs, uri):
            written = brought(uri, experiment)
        if written.problem is not None:
            log.warning("%s", written.problem)
        note_links(runs, uri, experiment, written.links)
        return list(written.links)
    except Exception as error:
        log.warning("MLflow's views of %r were not written: %s", experiment, told(error))
        return []


def brought(uri: str, experiment: str) -> Written:
    """Write what is new or changed: saved views, descriptions, and the tag that means stand on.

    Args:
        uri: An MLflow tracking URI.
        experiment: Name of the experiment.

    Raises:
        BadInputError: There is no such experiment, or no store.
    """
    there = Experiment(uri, experiment)
    rows, parents = there.runs(ROWS), there.runs(PARENTS)
    rows = [_with_variant(there, run) for run in rows]
    views = views_of(rows, _newest_search(there, parents))
    version = there.version()
    if _knows_views(version):
        now = int(time.time() * 1000)
        for view in views:
            there.set_tag(view.tag, packed(view, there.tags.get(view.tag), now))
        opened, problem = [view_link(there.id, view) for view in views], None
    else:
        opened, problem = [plain_link(there.id, view) for view in views[:1]], _unknown(version)
    newest = parents[:MOST_PARENTS]
    reports = {run.id: _reports(there, run) for run in newest}
    for run in newest:
        _describe(there, run, rows, [*reports[run.id], *opened])
    latest = next((links for links in reports.values() if links), [])
    links = [*latest, *opened]
    there.set_tag(NOTE_TAG, note(links, ranked(there.id, rows) if rows else ""))
    return Written(tuple(links), problem)


def _with_variant(there: Experiment, run: SeenRun) -> SeenRun:
    """A row that says what its seeds are taken together by, as those of grids do."""
    if VARIANT_TAG in run.tags:
        return run
    row, seed = run.tags.get("longtail.variant", run.name), run.tags.get("longtail.seed")
    there.tag_run(run, VARIANT_TAG, row.removesuffix(f" seed {seed}"))
    return run


def _newest_search(there: Experiment, parents: Sequence[SeenRun]) -> Search | None:
    for parent in parents:
        match parent.tags.get("longtail.kind"):
            case "sweep":
                of = parent.tags[GRID_TAG]
                condition = f"tags.`longtail.sweep.{of}` LIKE '%'"
                metrics: tuple[str, ...] = (AP, APR)
            case "tune":
                children = f"tags.`mlflow.parentRunId` = '{parent.id}'"
                condition = f"{children} AND tags.`longtail.kind` = 'tune'"
                metrics = ("tune/AP", "tune/APr")
            case _:
                continue
        return Search(condition, there.runs(condition), metrics)
    return None


def _reports(there: Experiment, run: SeenRun) -> list[Link]:
    names = there.artifacts(run.id)
    return [
        artifact_link(there.id, run.id, file, name)
        for file, name in REPORTS.items()
        if file in names
    ]


def _describe(
    there: Experiment, parent: SeenRun, rows: Sequence[SeenRun], links: Sequence[Link]
) -> None:
    """A grid shows its rows ranked; another parent what it says itself."""
    below = f"{GRID_TAG}.{parent.tags[GRID_TAG]}"
    own = [run for run in rows if below in run.tags]
    is_grid = parent.tags.get("longtail.kind") == "grid"
    before = body_of(parent.tags.get(NOTE_TAG, ""))
    body = ranked(there.id, own) if own and is_grid else before
    there.tag_run(parent, NOTE_TAG, note(links, body))


def _knows_views(version: str | None) -> bool:
    if version is None:
        return False
    major, minor = (int(word) if word.isdigit() else 0 for word in version.split(".")[:2])
    return FIRST_VERSION <= (major, minor) < (NEXT_MAJOR, 0)


def _unknown(version: str | None) -> str:
    which = "of a version that it does not tell" if version is None else version
    return f"MLflow {which} keeps no saved views that are known here; links open plain lists"
