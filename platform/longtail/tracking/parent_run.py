"""A parent run and its children in MLflow: a grid and its nodes, a search and its trials."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from longtail.tracking.address import tracking_uri
from longtail.tracking.noted import notes_kept
from longtail.tracking.tracker import NodeRecord, Status, Tracker, tracker_of

RUN_NAME_TAG = "mlflow.runName"
"""MLflow renames a run that gets another one."""


class ParentRun:
    """A run that others are the children of.

    Args:
        identity: Names it for ever.
        name: What people call it.
        kind: What it is: `grid`, `sweep` or `tune`.
        experiment: MLflow experiment.
        runs: The runs folder, which has MLflow's store unless a server is set.
    """

    def __init__(self, identity: str, name: str, kind: str, experiment: str, runs: Path) -> None:
        self._identity, self._name, self._kind = identity, name, kind
        self._experiment, self._runs = experiment, runs
        self._tracker: Tracker | None = None

    def connect(self) -> Tracker:
        """The tracker; the first call imports MLflow and makes its store, which takes seconds."""
        if self._tracker is None:
            self._tracker = tracker_of(self._runs, self._experiment)
        return self._tracker

    def open(self) -> str:
        """The id of its run: found by its identity, or created."""
        return self.connect().open_grid(self._identity, self._name, {"longtail.kind": self._kind})

    def publish_child(
        self,
        child: NodeRecord,
        lines: Iterable[Mapping[str, Any]],
        tags: Mapping[str, str],
        status: Status,
    ) -> str:
        """Bring a child up to date and return the id of its run: found by its node, or created.

        Args:
            child: What it is.
            lines: Journal lines; MLflow gets the points that it lacks.
            tags: That may change as time goes by.
            status: Of its run.
        """
        tracker = self.connect()
        run = tracker.open_node(child, self._identity, self.open())
        tracker.log_points(run, lines)
        tracker.set_tags(run, tags)
        tracker.set_status(run, status)
        return run

    def publish_finished(
        self,
        child: NodeRecord,
        line: Mapping[str, Any],
        tags: Mapping[str, str],
        artifacts: Sequence[tuple[Path, str]] = (),
    ) -> None:
        """Record a child that is finished, and that this parent is, as far as it goes.

        Args:
            child: What it is; its run gets this name if it had another one.
            line: Its metrics, as a journal has them.
            tags: That may change as time goes by.
            artifacts: Files, each with its folder among the artifacts; uploaded once.
        """
        named = {**tags, RUN_NAME_TAG: child.name}
        with notes_kept(self._runs, tracking_uri(self._runs)):
            run = self.publish_child(child, [line], named, "FINISHED")
            self.connect().log_artifacts(run, artifacts)
            self.connect().set_status(self.open(), "FINISHED")

    @property
    def num_points(self) -> int:
        """Points that MLflow is known to have of it and its children."""
        return 0 if self._tracker is None else self._tracker.num_points

    def elsewhere(self) -> dict[str, int]:
        """Number of its children by other experiments, where they were made first."""
        return self.connect().elsewhere()
