"""Running a plan: find what is finished, do the rest, keep MLflow in step."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from longtail.cluster.nodes.plan import Plan
from longtail.cluster.nodes.plan_file import PLAN, plan_file
from longtail.cluster.nodes.provenance import provenance
from longtail.cluster.nodes.settings import GridSettings
from longtail.cluster.nodes.statuses import NodeStatuses, State, look_up
from longtail.cluster.progress import ProgressDisplay, progress_console
from longtail.cluster.results.named_results import grid_directory
from longtail.cluster.results.publish import Publisher, kept_in_step, prepared
from longtail.cluster.results.published import Published, found_published, note_published
from longtail.cluster.results.run_group import GridRunGroup
from longtail.cluster.work.merge import take_merges
from longtail.cluster.work.schedule import ready, run_nodes
from longtail.cluster.work.take_results import take_results
from longtail.tracking.address import tracking_uri
from longtail.tracking.noted import notes_kept


def run_grid(plan: Plan, settings: GridSettings) -> tuple[NodeStatuses, Published]:
    """Bring every node of the plan to its result.

    Args:
        plan: The rows, with absolute paths.
        settings: Where and with what; progress goes to standard error.

    Returns:
        How the nodes stand at the end, and what MLflow has of them.

    Raises:
        ValueError: A detector cannot be built.
        BadInputError: A finished result cannot be used, or a merge of such; nothing was trained.
        InfrastructureError: No cluster, one on which the workers can never be placed, or a store of
            MLflow's that was left half-made.
    """
    statuses = look_up(plan, settings.runs)
    group = GridRunGroup(plan, settings.runs, settings.name)
    publisher = Publisher(group, settings.runs, settings.experiment)
    if any(item.state is State.WAITING for item in statuses.values()):
        publisher.check()
        say = partial(progress_console().print, markup=False, highlight=False)
        take_results(plan, statuses, settings.runs, provenance(), say)
        take_merges(plan, statuses, settings.runs, provenance(), say)
        if any(item.state is State.WAITING for item in statuses.values()):
            _run_waiting(plan, settings, statuses, publisher)
    elif (found := found_published(plan, settings)) is not None:
        return statuses, found
    else:
        publisher.check()
    failed = any(item.state is State.FAILED for item in statuses.values())
    published = publisher.publish_end(statuses, "FAILED" if failed else "FINISHED")
    if not failed:
        note_published(plan, settings, published)
    return statuses, published


def attach(plan: Plan, settings: GridSettings, published: Published, files: Sequence[Path]) -> None:
    """Give the grid's run in MLflow files, in place of earlier ones of the same names.

    Args:
        plan: The rows.
        settings: As for `run_grid`.
        published: What it returned.
        files: What was made of the results.
    """
    if published.problem is not None:
        return
    group = GridRunGroup(plan, settings.runs, settings.name)
    with notes_kept(settings.runs, tracking_uri(settings.runs)):
        Publisher(group, settings.runs, settings.experiment).attach(files)


def _run_waiting(
    plan: Plan, settings: GridSettings, statuses: NodeStatuses, publisher: Publisher
) -> None:
    # A grid that is finished needs neither Ray nor torch, and torch is imported while Ray starts.
    from longtail.cluster.work.start_up import started_pool

    prepared(publisher)
    path = grid_directory(settings.runs, settings.name) / PLAN
    rows = {row.name: [node.id for node in row.nodes()] for row in plan.all_rows}
    with (
        plan_file(path, "grid", settings, statuses, rows) as noted,
        started_pool(plan, settings, len(ready(statuses))) as pool,
    ):
        from longtail.cluster.work.node_runner import NodeRunner

        runner = NodeRunner(plan, settings.runs, pool.run, settings.loader_processes, provenance())
        with ProgressDisplay(progress_console(), settings.runs, pool.num_groups) as progress:

            def tell(statuses: NodeStatuses) -> None:
                noted.update(statuses)
                progress.update(statuses)

            with kept_in_step(publisher, statuses):
                run_nodes(statuses, pool.num_groups, runner.do, tell)
