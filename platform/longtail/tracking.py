"""The MLflow side of a grid: one parent run per grid, one child per node, found by tag for ever.

The files of a node are the truth. Everything here may be called again at any time, by any process:
it finds what MLflow already has and adds only what is missing. MLflow being away therefore costs
nothing but time; the next call catches up.

MLflow takes seconds to import, so a `Tracker` does so when it is made.
"""

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "15")

if TYPE_CHECKING:
    from mlflow.entities import Experiment, Run

NODE_TAG = "longtail.node"
GRID_TAG = "longtail.grid"
ARTIFACTS_TAG = "longtail.artifacts"
PARENT_TAG = "mlflow.parentRunId"
MAX_PARAM_LENGTH = 6000
MAX_TAG_LENGTH = 5000

Status = Literal["RUNNING", "FINISHED", "FAILED", "KILLED"]


def tracking_uri(runs: Path) -> str:
    """`MLFLOW_TRACKING_URI`, or an SQLite file in the runs folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{runs.resolve()}/mlflow.db"


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
        from mlflow import MlflowClient

        # MLflow tells of every table of a new SQLite store.
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        self._client = MlflowClient(uri)
        self.experiment_id = self._experiment(experiment, artifacts).experiment_id
        self._known: dict[str, _KnownRun] = {}

    def open_grid(self, grid: str, name: str, tags: Mapping[str, str]) -> str:
        """The run id of the parent of a grid: found by its id, or created."""
        return self._open(GRID_TAG, grid, name, tags).id

    def open_node(self, record: NodeRecord, grid: str, parent: str) -> str:
        """The run id of a node: found by its tag wherever it was made, or created under `parent`.

        A node that other grids share keeps its first parent; the tag `longtail.grid.<id>` lists it
        under every grid that has it.
        """
        tags = {**record.tags, PARENT_TAG: parent, "longtail.kind": record.node.partition("-")[0]}
        known = self._open(NODE_TAG, record.node, record.name, tags)
        membership = f"{GRID_TAG}.{grid}"
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
        if points:
            self._client.log_batch(run_id, metrics=points)
        for point in points:
            known.points[point.key].add(point.step)
        return len(points)

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

    def _experiment(self, name: str, artifacts: Path | None) -> "Experiment":
        found = self._client.get_experiment_by_name(name)
        if found is None:
            location = None if artifacts is None else artifacts.resolve().as_uri()
            created = self._client.create_experiment(name, artifact_location=location)
            found = self._client.get_experiment(created)
        if found.lifecycle_stage != "active":
            raise ValueError(
                f"the MLflow experiment {name!r} was deleted; restore it, or give another name"
                " with --experiment"
            )
        return found

    def _open(self, key: str, value: str, name: str, tags: Mapping[str, str]) -> _KnownRun:
        for known in self._known.values():
            if known.tags.get(key) == value:
                return known
        run = self._find(key, value) or self._client.create_run(
            self.experiment_id, run_name=name, tags={key: value, **tags}
        )
        known = _KnownRun(run.info.run_id, run.info.status, dict(run.data.tags))
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


def _param_text(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text[:MAX_PARAM_LENGTH]
