"""Running a plan: find what is finished, do the rest, keep MLflow in step."""

import threading

from rich.console import Console

from longtail.cluster.connection import connect, places
from longtail.cluster.plan import Plan
from longtail.cluster.preflight import check_buildable
from longtail.cluster.progress import ProgressDisplay
from longtail.cluster.provenance import provenance
from longtail.cluster.publish import Publisher
from longtail.cluster.schedule import run_nodes
from longtail.cluster.settings import GridSettings
from longtail.cluster.standings import Standings, State, look_up
from longtail.cluster.work import Workshop

PUBLISH_SECONDS = 5.0


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
    publisher = Publisher(plan, settings.runs, settings.experiment, settings.name)
    if any(item.state is State.WAITING for item in standings.values()):
        check_buildable(plan)
        connect(settings.address)
        at_once = places(settings.resources)
        workshop = Workshop(
            plan, settings.runs, settings.resources, settings.loader_processes, provenance()
        )
        with ProgressDisplay(Console(stderr=True), settings.runs, at_once) as progress:
            _run(standings, at_once, workshop, publisher, progress)
    failed = any(item.state is State.FAILED for item in standings.values())
    publisher.publish(standings, "FAILED" if failed else "FINISHED")
    return standings, publisher.problem


def _run(
    standings: Standings,
    at_once: int,
    workshop: Workshop,
    publisher: Publisher,
    progress: ProgressDisplay,
) -> None:
    stop = threading.Event()
    background = threading.Thread(
        target=_publish_until, args=(stop, publisher, standings), daemon=True
    )
    background.start()
    try:
        run_nodes(standings, at_once, workshop.do, progress.update)
    except BaseException:
        stop.set()
        publisher.publish(standings, "KILLED")
        raise
    stop.set()
    background.join()


def _publish_until(stop: threading.Event, publisher: Publisher, standings: Standings) -> None:
    """A slow or dead MLflow holds up this thread, never the grid."""
    while not stop.wait(PUBLISH_SECONDS):
        publisher.publish(standings, "RUNNING")
