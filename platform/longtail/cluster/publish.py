"""Making MLflow show what the storage holds, again and again until it does."""

import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from longtail.cluster.evaluation_files import DIAGNOSIS, EVALUATION, PER_CATEGORY, PLOT, VARIANT
from longtail.cluster.ledger import node_directory, read_result
from longtail.cluster.node import Node
from longtail.cluster.plan import Plan, Row
from longtail.cluster.standings import Standing, Standings, State
from longtail.config.variant import Variant
from longtail.tracking import NodeRecord, Status, Tracker, tracking_uri
from longtail.training.journal import JOURNAL, read_journal
from longtail.training.telemetry_files import FOLDER as TELEMETRY

log = logging.getLogger(__name__)

UNDEFINED = -1.0
"""Of a metric without a category or instance to measure it on."""
NOTE_TAG = "mlflow.note.content"
SHARED_TRUNK_TAG = "longtail.shared_trunk"
"""How many trainings went through the data together."""

STATUS_OF: Mapping[State, Status] = {
    State.RUNNING: "RUNNING",
    State.DONE: "FINISHED",
    State.FAILED: "FAILED",
}


class Publisher:
    """Keeps one grid's MLflow runs in step with its nodes. MLflow failing never fails the grid.

    Args:
        plan: The grid.
        runs: The runs folder.
        experiment: MLflow experiment.
        name: Name of the parent run.
    """

    def __init__(self, plan: Plan, runs: Path, experiment: str, name: str) -> None:
        self._plan, self._runs = plan, runs
        self._experiment, self._name = experiment, name
        self._params = differing_leaves({row.name: row.variant for row in plan.rows})
        self._tracker: Tracker | None = None
        self._settled: set[str] = set()
        self._noted: set[str] | None = None
        self._lock = threading.Lock()
        self.problem: str | None = None
        """Why MLflow lacks something; None when the last attempt brought everything across."""

    def publish(self, standings: Standings, grid_status: Status) -> None:
        """Bring MLflow up to date; what fails is tried again at the next call.

        Args:
            standings: How the nodes stand.
            grid_status: Status of the parent run; `KILLED` also ends the runs of running nodes.
        """
        with self._lock:
            self._attempt(standings, grid_status)

    def _attempt(self, standings: Standings, grid_status: Status) -> None:
        try:
            tracker = self._connect()
            grid = tracker.open_grid(self._plan.id, self._name, {"longtail.kind": "grid"})
            for standing in list(standings.values()):
                if standing.state in STATUS_OF and standing.node.id not in self._settled:
                    self._publish_node(tracker, grid, standing, grid_status)
            self._publish_note(tracker, grid, standings)
            tracker.set_status(grid, grid_status)
            self.problem = None
        except Exception as error:
            if self.problem is None:
                log.warning("MLflow cannot be reached, going on without it: %s", error)
            self.problem = f"{type(error).__name__}: {error}"

    def _publish_note(self, tracker: Tracker, grid: str, standings: Standings) -> None:
        """Show the finished rows; their files are read and checked when there is another one."""
        done = {node for node, item in standings.items() if item.state is State.DONE}
        if done != self._noted:
            note = result_note(self._plan, standings, self._runs)
            tracker.set_tags(grid, {NOTE_TAG: note})
            self._noted = done

    def _connect(self) -> Tracker:
        if self._tracker is None:
            uri = tracking_uri(self._runs)
            local = self._runs / "artifacts" if uri.startswith("sqlite") else None
            self._tracker = Tracker(uri, self._experiment, local)
        return self._tracker

    def _publish_node(
        self, tracker: Tracker, grid: str, standing: Standing, grid_status: Status
    ) -> None:
        node, directory = standing.node, node_directory(self._runs, standing.node)
        if not (directory / "node.json").exists():
            return
        row = self._plan.row_of(node)
        run = tracker.open_node(self._record(node, row), self._plan.id, grid)
        tracker.log_points(run, read_journal(directory / JOURNAL))
        if standing.in_pass:
            tracker.set_tags(run, {SHARED_TRUNK_TAG: str(len(standing.in_pass))})
        if standing.error is not None:
            tracker.set_tags(run, {"longtail.error": repr(standing.error)})
        killed = grid_status == "KILLED" and standing.state is State.RUNNING
        tracker.set_status(run, "KILLED" if killed else STATUS_OF[standing.state])
        if standing.state is State.DONE:
            tracker.log_artifacts(run, _artifacts(node, self._runs))
            self._settled.add(node.id)

    def _record(self, node: Node, row: Row) -> NodeRecord:
        digests = {f"longtail.input.{role}": digest for role, digest in node.inputs.items()}
        provenance = _provenance(node_directory(self._runs, node))
        tags = {"longtail.variant": row.name, "longtail.seed": str(node.seed)}
        params = self._params[row.name] if node.kind == "evaluation" else {}
        return NodeRecord(node.id, node.label, params, {**tags, **digests, **provenance})


def result_note(plan: Plan, standings: Standings, runs: Path) -> str:
    """The finished rows as a Markdown table in points, which MLflow shows on the parent's page."""
    lines = ["| variant | AP | APr | APc | APf | box AP |", "|---|---|---|---|---|---|"]
    for row in plan.rows:
        if standings[row.evaluation.id].state is not State.DONE:
            continue
        summary = read_result(node_directory(runs, row.evaluation))
        if summary is not None:
            values = (_points(summary[key]) for key in ("AP", "APr", "APc", "APf", "AP_box"))
            lines.append(f"| {row.name} | {' | '.join(values)} |")
    return "\n".join(lines)


def _points(fraction: float) -> str:
    return "-" if fraction == UNDEFINED else f"{100 * fraction:.2f}"


def differing_leaves(variants: Mapping[str, Variant]) -> dict[str, dict[str, Any]]:
    """The configuration leaves by dotted path that differ between rows, of every row that has them.

    Args:
        variants: The rows by name.
    """
    leaves = {name: variant.leaves() for name, variant in variants.items()}
    paths = {path for row in leaves.values() for path in row}
    rows = list(leaves.values())
    differing = [path for path in paths if any(row.get(path) != rows[0].get(path) for row in rows)]
    return {
        name: {path: row[path] for path in sorted(differing) if path in row}
        for name, row in leaves.items()
    }


def _provenance(directory: Path) -> dict[str, str]:
    record = msgspec.json.decode((directory / "node.json").read_bytes())
    versions = {f"version.{name}": text for name, text in record["versions"].items()}
    return {"longtail.git": record["git"], "longtail.directory": str(directory), **versions}


def _artifacts(node: Node, runs: Path) -> list[tuple[Path, str]]:
    """Files of a node for MLflow, each with its folder there."""
    directory = node_directory(runs, node)
    files = [(directory / "node.json", ""), (directory / "result.json", "")]
    match node.kind:
        case "stage":
            files += _telemetry(node, runs)
        case "predictions":
            files.append((directory / "predictions" / "manifest.json", "predictions"))
        case "evaluation":
            names = (VARIANT, EVALUATION, DIAGNOSIS, PER_CATEGORY)
            files += [(directory / name, "") for name in names]
            files.append((directory / "plots" / PLOT, "plots"))
            (predictions,) = node.parents
            (last_stage,) = predictions.parents
            files += _telemetry(last_stage, runs)
    return files


def _telemetry(stage: Node, runs: Path) -> list[tuple[Path, str]]:
    windows = sorted((node_directory(runs, stage) / TELEMETRY).glob("step-*.npz"))
    return [(window, TELEMETRY) for window in windows]
