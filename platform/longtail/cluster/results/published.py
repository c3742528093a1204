"""Whether MLflow's local store still holds all that a finished grid published, without MLflow."""

from dataclasses import dataclass

from longtail.cluster.nodes.plan import Plan
from longtail.cluster.nodes.settings import GridSettings
from longtail.tracking.address import tracking_uri
from longtail.tracking.noted import PUBLISHED, StoreNote


@dataclass(frozen=True)
class Published:
    """What MLflow has of a grid or sweep.

    Attributes:
        problem: Why it lacks something; None if it has everything.
        elsewhere: Which runs are in experiments other than the one that is asked for, because
            they were made there first; None if there are none.
        asked: MLflow was asked; else nothing happened to its store since it was last.
    """

    problem: str | None = None
    elsewhere: str | None = None
    asked: bool = True


def note_published(plan: Plan, settings: GridSettings, published: Published) -> None:
    """Note that MLflow has everything of a finished grid."""
    if published.problem is None:
        _note(plan, settings).write({"elsewhere": published.elsewhere})


def found_published(plan: Plan, settings: GridSettings) -> Published | None:
    """What was noted, if nothing happened to the store since; None on any other server."""
    noted = _note(plan, settings).read()
    return None if noted is None else Published(None, noted["elsewhere"], asked=False)


def _note(plan: Plan, settings: GridSettings) -> StoreNote:
    identity = {
        "experiment": settings.experiment,
        "grid": settings.name,
        "rows": [row.name for row in plan.all_rows],
        "nodes": [node.id for node in plan.nodes()],
    }
    file = settings.runs / PUBLISHED / f"{plan.id}.json"
    return StoreNote(file, tracking_uri(settings.runs), identity)
