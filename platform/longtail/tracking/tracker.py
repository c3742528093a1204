"""The MLflow side of a grid: one parent run per grid, one child per node, found by tag for ever.

The files of a node are the truth. Everything here may be called again at any time, by any process:
it finds what MLflow already has and adds only what is missing. MLflow being away therefore costs
nothing but time; the next call catches up.

MLflow takes seconds to import, so a `Tracker` does so when it is made.
"""

import hashlib
import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from longtail.tracking.address import artifact_folder, tracking_uri
from longtail.tracking.client import client_of, quieten
from longtail.tracking.store import alone_with, make_store

if TYPE_CHECKING:
    from mlflow.entities import Run

NODE_TAG = "longtail.node"
VARIANT_TAG = "longtail.variant_name"
"""The row without its seed: what means over seeds are taken of."""
LOG = "log10_"
"""Before the name of a parameter that is the logarithm of another one."""
GRID_TAG = "longtail.grid"
ARTIFACTS_TAG = "longtail.artifacts"
PARENT_TAG = "mlflow.parentRunId"
MAX_PARAM_LENGTH = 6000
MAX_TAG_LENGTH = 5000
_PLAIN = re.compile(r"[/\w.\- :]{1,200}")
"""What MLflow takes in keys, and what needs no quotes in filters."""

Status = Literal["RUNNING", "FINISHED", "FAILED", "KILLED"]


@dataclass(frozen=True)
class NodeRecord:
    """What MLflow shows of a node.

    Attributes:
        node: The node's id.
        name: Name of its run.
        params: Configuration leaves by dotted path.
        tags: Further tags.
    """

    node: str
    name: str
    params: Mapping[str, Any]
    tags: Mapping[str, str]


@dataclass
class _KnownRun:
    """What this process has seen of a run in MLflow, so that it asks once."""

    id: str
    experiment: str
    status: str
    tags: dict[str, str]
    points: dict[str, set[int]] = field(default_factory=dict)


class Tracker:
    """One grid's runs in one MLflow experiment.

    Args:
        uri: An MLflow tracking URI.
        experiment: Name of the experiment; made if absent.
        artifacts: Folder for artifacts of a new experiment; None leaves it to the server.
    """

    def __init__(self, uri: str, experiment: str, artifacts: Path | None = None) -> None:
        quieten()
        make_store(uri)
        self._uri, self._artifacts = uri, artifacts
        self._client = client_of(uri)
        self._experiment = experiment
        self._refuse_deleted()
        self._known: dict[str, _KnownRun] = {}

    def open_grid(self, grid: str, name: str, tags: Mapping[str, str]) -> str:
        """The run id of the parent of a grid: found by its id, or created."""
        return self._open(GRID_TAG, grid, name, tags).id

    def open_node(self, record: NodeRecord, grid: str, parent: str) -> str:
        """The run id of a node: found by its tag wherever it was made, or created under `parent`.

        A node that other grids share keeps its first parent; the tag `longtail.grid.<id>` lists it
        under every grid that has it.
        """
        kind = record.node.partition("-")[0]
        tags = {PARENT_TAG: parent, "longtail.kind": kind, **record.tags}
        known = self._open(NODE_TAG, record.node, record.name, tags)
        membership = f"{GRID_TAG}.{_plain(grid)}"
        if membership not in known.tags:
            self._client.set_tag(known.id, membership, "1")
            self._log_params(known.id, record.params)
            known.tags[membership] = "1"
        return known.id

    def log_points(self, run_id: str, lines: Iterable[Mapping[str, Any]]) -> int:
        """Upload the journal lines that MLflow lacks; a metric has one value per step, for ever.

        Args:
            run_id: The run.
            lines: Journal lines: a `step`, a `time` in seconds, and metrics by name.

        Returns:
            Number of points uploaded.
        """
        from mlflow.entities import Metric

        known = self._known[run_id]
        points = [
            Metric(key, float(value), int(line["time"] * 1000), int(line["step"]))
            for line in lines
            for key, value in line.items()
            if "/" in key and int(line["step"]) not in self._steps(known, key)
        ]
        try:
            if points:
                self._client.log_batch(run_id, metrics=points)
        except Exception:
            # Part of them may have arrived: MLflow is asked again.
            known.points.clear()
            raise
        for point in points:
            known.points[point.key].add(point.step)
        return len(points)

    @property
    def num_points(self) -> int:
        """Points that MLflow is known to have, of the runs that this process opened."""
        return sum(len(steps) for run in self._known.values() for steps in run.points.values())

    def elsewhere(self) -> dict[str, int]:
        """Number of the opened runs that are in other experiments, where they were made first."""
        counts = Counter(run.experiment for run in self._known.values())
        names = {identity: self._client.get_experiment(identity).name for identity in counts}
        return {
            names[identity]: number
            for identity, number in counts.items()
            if names[identity] != self._experiment
        }

    def log_artifacts(self, run_id: str, files: Sequence[tuple[Path, str]]) -> None:
        """Upload files once per run: (file, artifact folder)."""
        known = self._known[run_id]
        if ARTIFACTS_TAG in known.tags:
            return
        for file, folder in files:
            self._client.log_artifact(run_id, str(file), folder or None)
        self.set_tags(run_id, {ARTIFACTS_TAG: "uploaded"})

    def replace_artifacts(self, run_id: str, files: Sequence[Path]) -> None:
        """Upload files of a run that may have others of the same names."""
        for file in files:
            self._client.log_artifact(run_id, str(file))

    def set_tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set tags that are new or changed."""
        known = self._known[run_id]
        for key, value in tags.items():
            if known.tags.get(key) != value:
                self._client.set_tag(run_id, key, value[:MAX_TAG_LENGTH])
                known.tags[key] = value

    def set_status(self, run_id: str, status: Status) -> None:
        """Say how a run stands, if MLflow has it otherwise."""
        known = self._known[run_id]
        if known.status == status:
            return
        if status == "RUNNING":
            self._client.update_run(run_id, status=status)
        else:
            self._client.set_terminated(run_id, status)
        known.status = status

    def _refuse_deleted(self) -> None:
        found = self._client.get_experiment_by_name(self._experiment)
        if found is not None and found.lifecycle_stage != "active":
            raise ValueError(
                f"the MLflow experiment {self._experiment!r} was deleted; restore it, or give"
                " another name with --experiment"
            )

    def _experiment_id(self) -> str:
        """That of the experiment, made if absent."""
        found = self._client.get_experiment_by_name(self._experiment)
        if found is not None:
            return str(found.experiment_id)
        folder = self._artifacts
        location = None if folder is None else folder.resolve().as_uri()
        return str(self._client.create_experiment(self._experiment, artifact_location=location))

    def _open(self, key: str, value: str, name: str, tags: Mapping[str, str]) -> _KnownRun:
        value = _plain(value)
        for known in self._known.values():
            if known.tags.get(key) == value:
                return known
        run = self._find(key, value)
        if run is None:
            with alone_with(self._uri):
                # Another process may have made it just now.
                run = self._find(key, value) or self._client.create_run(
                    self._experiment_id(), run_name=name, tags={key: value, **tags}
                )
        known = _KnownRun(
            run.info.run_id, run.info.experiment_id, run.info.status, dict(run.data.tags)
        )
        self._known[known.id] = known
        return known

    def _find(self, key: str, value: str) -> "Run | None":
        from mlflow.entities import ViewType

        everywhere = [item.experiment_id for item in self._client.search_experiments()]
        found = self._client.search_runs(
            everywhere, f"tags.`{key}` = '{value}'", ViewType.ACTIVE_ONLY, max_results=1
        )
        return found[0] if found else None

    def _log_params(self, run_id: str, params: Mapping[str, Any]) -> None:
        from mlflow.entities import Param

        texts = {key: _param_text(value) for key, value in params.items()}
        self._client.log_batch(run_id, params=[Param(key, text) for key, text in texts.items()])

    def _steps(self, known: _KnownRun, key: str) -> set[int]:
        if key not in known.points:
            history = self._client.get_metric_history(known.id, key)
            known.points[key] = {point.step for point in history}
        return known.points[key]


def tracker_of(runs: Path, experiment: str) -> Tracker:
    """The tracker of a runs folder: of its own store, or of the server that is set."""
    uri = tracking_uri(runs)
    return Tracker(uri, experiment, artifact_folder(uri, runs))


def num_points(lines: Iterable[Mapping[str, Any]]) -> int:
    """How many points journal lines hold."""
    return len({(key, int(line["step"])) for line in lines for key in line if "/" in key})


def _plain(name: str) -> str:
    """A name as a filter and a tag's key can have it: for any other its digest stands."""
    usable = _PLAIN.fullmatch(name) and posixpath.normpath(name) == name
    return name if usable else _digest(name)


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:12]


def _param_text(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text[:MAX_PARAM_LENGTH]
