"""Running a plan: find what is finished, do the rest, keep MLflow in step."""

from rich.console import Console

from longtail.cluster.connection import connect, places
from longtail.cluster.grid_family import GridFamily
from longtail.cluster.plan import Plan
from longtail.cluster.preflight import check_buildable
from longtail.cluster.progress import ProgressDisplay
from longtail.cluster.provenance import provenance
from longtail.cluster.publish import Publisher
from longtail.cluster.publishing import kept_in_step
from longtail.cluster.schedule import run_nodes
from longtail.cluster.settings import GridSettings
from longtail.cluster.standings import Standings, State, look_up
from longtail.cluster.work import Workshop


def run_grid(plan: Plan, settings: GridSettings) -> tuple[Standings, str | None]:
    """Bring every node of the plan to its result.

    Args:
        plan: The rows, with absolute paths.
        settings: Where and with what; progress goes to standard error.

    Returns:
        How the nodes stand at the end, and why MLflow lacks something (None: it lacks nothing).

    Raises:
        ValueError: A detector cannot be built.
        InfrastructureError: No cluster, or one on which the workers can never be placed.
    """
    standings = look_up(plan, settings.runs)
    family = GridFamily(plan, settings.runs, settings.name)
    publisher = Publisher(family, settings.runs, settings.experiment)
    if any(item.state is State.WAITING for item in standings.values()):
        check_buildable(plan)
        connect(settings.address)
        at_once = places(settings.resources)
        workshop = Workshop(
            plan, settings.runs, settings.resources, settings.loader_processes, provenance()
        )
        with ProgressDisplay(Console(stderr=True), settings.runs, at_once) as progress:
            with kept_in_step(publisher, standings):
                run_nodes(standings, at_once, workshop.do, progress.update)
    failed = any(item.state is State.FAILED for item in standings.values())
    publisher.publish(standings, "FAILED" if failed else "FINISHED")
    return standings, publisher.problem
