"""Making MLflow show what the storage holds, in the background, until it does."""

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from longtail.cluster.nodes.ledger import node_directory, read_record
from longtail.cluster.nodes.merge_row import MergeRow
from longtail.cluster.nodes.node import Node
from longtail.cluster.nodes.plan import Row, TableRow
from longtail.cluster.nodes.result_row import ResultRow
from longtail.cluster.nodes.statuses import NodeStatus, NodeStatuses, State
from longtail.cluster.results.evaluation_files import evaluation_files
from longtail.cluster.results.published import Published
from longtail.evaluation.recording.metrics import ROW_TAG
from longtail.evaluation.recording.names import as_artifacts
from longtail.problems import BadInputError
from longtail.ray_cluster.watch import at_loss
from longtail.tracking.address import told, tracking_uri
from longtail.tracking.experiment import NOTE_TAG
from longtail.tracking.parent_run import ParentRun
from longtail.tracking.store import check_store, is_locked, wait_until_free
from longtail.tracking.tracker import VARIANT_TAG, NodeRecord, Status, Tracker, num_points
from longtail.training.journal import JOURNAL, read_journal
from longtail.training.telemetry_files import FOLDER as TELEMETRY

log = logging.getLogger(__name__)

SHARED_TRUNK_TAG = "longtail.shared_trunk"
"""How many trainings went through the data together."""

STATUS_OF: Mapping[State, Status] = {
    State.RUNNING: "RUNNING",
    State.PAUSED: "RUNNING",
    State.STOPPED: "FINISHED",
    State.DONE: "FINISHED",
    State.FAILED: "FAILED",
}
GOING_ON = (State.RUNNING, State.PAUSED)


class RunGroup(Protocol):
    """A parent run, and what it says of the nodes below it: a grid's rows, a sweep's trials.

    Attributes:
        id: Names it for ever.
        name: What people call it.
        kind: `grid` or `sweep`.
    """

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...

    def row_of(self, node: Node) -> TableRow:
        """A row that needs the node."""

    def params_of(self, node: Node) -> Mapping[str, Any]:
        """What tells its run from others, by dotted path."""

    def tags_of(self, status: NodeStatus) -> Mapping[str, str]:
        """Further tags of its run."""

    def points_of(self, node: Node) -> Sequence[Mapping[str, Any]]:
        """Lines of metrics beside those of its journal."""

    def note(self, statuses: NodeStatuses) -> str:
        """What the parent's page shows, as Markdown."""


class Publisher:
    """Keeps MLflow's runs in step with nodes. MLflow failing never fails what is run.

    Args:
        group: The parent run and its nodes.
        runs: The runs folder.
        experiment: MLflow experiment.
    """

    def __init__(self, group: RunGroup, runs: Path, experiment: str) -> None:
        self._group, self._runs = group, runs
        self._parent = ParentRun(group.id, group.name, group.kind, experiment, runs)
        self._settled: set[str] = set()
        self._noted: set[str] | None = None
        self._lock = threading.Lock()
        self._locked = False
        self.problem: str | None = None
        """Why MLflow lacks something; None when the last attempt brought everything across."""

    def check(self) -> None:
        """Refuse a store that MLflow can never open, before anything is run.

        Raises:
            InfrastructureError: It was left half-made.
        """
        check_store(tracking_uri(self._runs))

    def publish(self, statuses: NodeStatuses, grid_status: Status) -> None:
        """Bring MLflow up to date; what fails is tried again at the next call.

        Args:
            statuses: How the nodes stand.
            grid_status: Status of the parent run; `KILLED` also ends the runs of running nodes.
        """
        with self._lock:
            self._attempt(statuses, grid_status)

    def publish_end(self, statuses: NodeStatuses, grid_status: Status) -> Published:
        """As `publish`, for the last time: a store that another process locks is waited for.

        Returns:
            What MLflow has then.
        """
        self.publish(statuses, grid_status)
        if self._locked:
            wait_until_free(tracking_uri(self._runs))
            self.publish(statuses, grid_status)
        return self.published(statuses)

    def published(self, statuses: NodeStatuses) -> Published:
        """What MLflow has, as far as is known."""
        with self._lock:
            elsewhere = self._elsewhere() if self.problem is None else None
            if self.problem is None:
                return Published(None, elsewhere)
            try:
                total = sum(num_points(self._lines(item.node)) for item in statuses.values())
            except BadInputError as damaged:
                named = {self.problem: None, told(damaged): None}
                return Published("; ".join(named))
            return Published(
                f"{self.problem}; of {total} points it has at least {self._parent.num_points}"
            )

    def _elsewhere(self) -> str | None:
        try:
            others = self._parent.elsewhere()
        except Exception as error:
            self._note_problem(error)
            return None
        return ", ".join(f"{number} in {name!r}" for name, number in others.items()) or None

    def _attempt(self, statuses: NodeStatuses, grid_status: Status) -> None:
        try:
            tracker, grid = self._parent.connect(), self._parent.open()
            for status in list(statuses.values()):
                if status.state in STATUS_OF and status.node.id not in self._settled:
                    self._publish_node(tracker, status, grid_status)
            self._publish_note(tracker, grid, statuses)
            tracker.set_status(grid, grid_status)
            self.problem, self._locked = None, False
        except Exception as error:
            self._note_problem(error)

    def _note_problem(self, error: Exception) -> None:
        uri = tracking_uri(self._runs)
        self._locked = "database is locked" in str(error) or is_locked(uri)
        known, self.problem = self.problem, told(error)
        if self._locked:
            self.problem = "another process keeps its store locked"
        if known is None:
            log.warning("MLflow is not up to date, going on without it: %s", self.problem)

    def prepare(self) -> None:
        """Import MLflow and make its store if there is none; trouble is told by `publish`."""
        with self._lock, suppress(Exception):
            self._parent.connect()

    def attach(self, files: Sequence[Path]) -> None:
        """Give the parent run files, in place of earlier ones of the same names."""
        with self._lock:
            try:
                self._parent.connect().replace_artifacts(self._parent.open(), files)
            except Exception as error:
                self._note_problem(error)

    def _publish_note(self, tracker: Tracker, grid: str, statuses: NodeStatuses) -> None:
        """Show what there is; its files are read and checked when there is more than before."""
        shown = (State.DONE, State.STOPPED, State.FAILED)
        done = {node for node, item in statuses.items() if item.state in shown}
        if done != self._noted:
            note = self._group.note(statuses)
            tracker.set_tags(grid, {NOTE_TAG: note})
            self._noted = done

    def _publish_node(self, tracker: Tracker, status: NodeStatus, grid_status: Status) -> None:
        node, directory = status.node, node_directory(self._runs, status.node)
        # Once: its thread may change it meanwhile.
        state = status.state
        if not (directory / "node.json").exists():
            return
        row = self._group.row_of(node)
        tags = dict(self._group.tags_of(status))
        if node.kind == "evaluation":
            tags.setdefault(ROW_TAG, _kind_of(row))
        if status.in_pass:
            tags[SHARED_TRUNK_TAG] = str(len(status.in_pass))
        if status.error is not None:
            tags["longtail.error"] = repr(status.error)
        killed = grid_status == "KILLED" and state in GOING_ON
        run_status: Status = "KILLED" if killed else STATUS_OF[state]
        record = self._record(node, row)
        run = self._parent.publish_child(record, self._lines(node), tags, run_status)
        if state is State.DONE:
            tracker.log_artifacts(run, _artifacts(node, self._runs))
            self._settled.add(node.id)

    def _lines(self, node: Node) -> Iterator[Mapping[str, Any]]:
        """Read as they are uploaded: a run is there even if its journal is damaged."""
        yield from read_journal(node_directory(self._runs, node) / JOURNAL)
        yield from self._group.points_of(node)

    def _record(self, node: Node, row: TableRow) -> NodeRecord:
        digests = {f"longtail.input.{role}": digest for role, digest in node.inputs.items()}
        provenance = _provenance(node_directory(self._runs, node))
        tags = {"longtail.variant": row.name, VARIANT_TAG: row.variant_name}
        if isinstance(row, ResultRow):
            tags["longtail.result"] = str(row.result.path)
        elif isinstance(row, Row) or row.seed is not None:
            tags["longtail.seed"] = str(node.seed)
        params = self._group.params_of(node)
        return NodeRecord(node.id, node.label, params, {**tags, **digests, **provenance})


def _kind_of(row: TableRow) -> str:
    if isinstance(row, MergeRow):
        return "merge"
    return "variant" if isinstance(row, Row) else "result"


def _provenance(directory: Path) -> dict[str, str]:
    record = read_record(directory)
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
            files += as_artifacts(directory, evaluation_files(directory))
            (predictions,) = node.parents
            for last_stage in (of for of in predictions.parents if of.kind == "stage"):
                files += _telemetry(last_stage, runs)
    return files


def _telemetry(stage: Node, runs: Path) -> list[tuple[Path, str]]:
    windows = sorted((node_directory(runs, stage) / TELEMETRY).glob("step-*.npz"))
    return [(window, TELEMETRY) for window in windows]


PUBLISH_SECONDS = 5.0


def prepared(publisher: Publisher) -> None:
    """Have MLflow's store made, which takes seconds, while there is nothing to publish yet."""
    threading.Thread(target=publisher.prepare, daemon=True).start()


@contextmanager
def kept_in_step(publisher: Publisher, statuses: NodeStatuses) -> Iterator[None]:
    """Publish again and again; what interrupts the work ends its runs as killed.

    A slow or dead MLflow holds up a thread of its own, never the work.
    """
    stop = threading.Event()
    background = threading.Thread(
        target=_publish_until, args=(stop, publisher, statuses), daemon=True
    )
    background.start()

    def end() -> None:
        stop.set()
        publisher.publish(statuses, "KILLED")

    try:
        with at_loss(end):
            yield
    except BaseException:
        end()
        raise
    stop.set()
    background.join()


def _publish_until(stop: threading.Event, publisher: Publisher, statuses: NodeStatuses) -> None:
    while not stop.wait(PUBLISH_SECONDS):
        publisher.publish(statuses, "RUNNING")
