"""A search in MLflow: one parent run, a child for each trial.

The journal of trials is the truth. MLflow being away costs a warning; the next call brings what is
missing.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from ensemble.outputs.recording_place import RecordingPlace
from ensemble.tuning.journal import Trial
from longtail.commands import InfrastructureLost, Terminated
from longtail.evaluation.recording.metrics import KIND, KIND_TAG, ROW_TAG, points_of_row
from longtail.metrics import GROUP_METRICS, UNDEFINED, in_points
from longtail.ray_cluster.watch import at_loss
from longtail.tracking.address import told, tracking_uri
from longtail.tracking.parent_run import ParentRun
from longtail.tracking.store import wait_until_free
from longtail.tracking.tracker import NodeRecord, Status

PREFIX = "tune"


class TrialPublisher:
    """Brings trials to MLflow, each once.

    Args:
        digest: Of the request, names the search for ever.
        name: Name of the parent run.
        place: The experiment, and the runs folder.
        messages: Takes a warning if MLflow cannot be reached.
    """

    def __init__(self, digest: str, name: str, place: RecordingPlace, messages: Console) -> None:
        self._id, self._name, self._messages = f"tune-{digest}", name, messages
        self._runs, self._experiment = place.runs, place.experiment
        self._parent = ParentRun(self._id, name, "tune", place.experiment, place.runs)
        self._done: set[int] = set()
        self._failed = False
        self.is_recorded = False
        """Whether MLflow has all of a finished search."""

    def publish(
        self, trials: Sequence[Trial], status: Status, files: Sequence[tuple[Path, str]] = ()
    ) -> None:
        """Bring what MLflow lacks.

        Args:
            trials: All finished trials.
            status: Of the parent run.
            files: Artifacts of the parent run with their folders, once the search is done.
        """
        if status == "FINISHED":
            wait_until_free(tracking_uri(self._runs))
        try:
            self._publish(trials, status, files)
        except Exception as error:
            self._tell(error, status)

    def publish_rows(self, rows: Mapping[str, Mapping[str, Any]], num_images: int) -> None:
        """Record rows of the other half under the names that rows of a grid have.

        Args:
            rows: AP and AP-fixed as fractions, and `intervals`, by name.
            num_images: Images of that half.
        """
        try:
            self._runs.mkdir(parents=True, exist_ok=True)
            for name, row in rows.items():
                called = f"{self._name}: {name}"
                params = {"images": num_images}
                record = NodeRecord(f"{self._id}-row-{name}", called, params, {})
                tags = {KIND_TAG: KIND, ROW_TAG: "tuning", "longtail.variant": called}
                tags["longtail.images"] = f"{num_images} that were not tuned on"
                self._parent.publish_finished(record, _points_of(row), tags)
        except Exception as error:
            self._tell(error, "FINISHED")

    @contextmanager
    def ended_if_interrupted(self, trials: Sequence[Trial]) -> Iterator[None]:
        """Mark the parent run as killed when a signal, or the loss of Ray, ends the block.

        Args:
            trials: All that are finished, at any time.
        """

        def end() -> None:
            self.publish(trials, "KILLED")

        try:
            with at_loss(end):
                yield
        except (KeyboardInterrupt, Terminated, InfrastructureLost):
            end()
            raise

    def _publish(
        self, trials: Sequence[Trial], status: Status, files: Sequence[tuple[Path, str]]
    ) -> None:
        self._runs.mkdir(parents=True, exist_ok=True)
        tracker, parent = self._parent.connect(), self._parent.open()
        for trial in trials:
            if trial.number not in self._done:
                self._publish_trial(trial)
                self._done.add(trial.number)
        if files:
            tracker.log_artifacts(parent, list(files))
        tracker.set_status(parent, status)
        if status == "FINISHED":
            self.is_recorded = True
            self._messages.print(f"recorded in the MLflow experiment {self._experiment!r}")
            for name, number in self._parent.elsewhere().items():
                self._messages.print(
                    f"MLflow has {number} runs of this search in the experiment {name!r}, where"
                    " they were made first"
                )

    def _tell(self, error: Exception, status: Status) -> None:
        """Once on the way, and at the end."""
        if status == "FINISHED":
            self._messages.print(
                f"warning: MLflow does not have all of these trials ({told(error)}); the same"
                " command tries again"
            )
        elif not self._failed:
            self._messages.print(
                f"warning: MLflow is not up to date, going on without it ({told(error)})"
            )
        self._failed = True

    def _publish_trial(self, trial: Trial) -> None:
        node = f"{self._id}-{trial.number:04d}"
        problem = trial.result.get("problem")
        tags = {} if problem is None else {"longtail.error": problem}
        record = NodeRecord(node, f"trial {trial.number}", trial.point, tags)
        status: Status = "FINISHED" if problem is None else "FAILED"
        self._parent.publish_child(record, [_metrics(trial)], {}, status)


def _points_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """A journal line of a row of the other half, whose masks alone are judged."""
    fixed = {name: row.get(f"{name}_fixed", UNDEFINED) for name in GROUP_METRICS}
    masks = {name: row.get(name, UNDEFINED) for name in GROUP_METRICS}
    intervals = {"segm": {"metrics": row.get("intervals", {})}}
    tree = {"segm": masks, "segm_fixed": fixed, "intervals": intervals}
    return {"step": 0, "time": time.time(), **points_of_row(tree)}


def _metrics(trial: Trial) -> Mapping[str, Any]:
    """A journal line of Tracker: AP in points by name."""
    line: dict[str, Any] = {"step": 0, "time": trial.time, f"{PREFIX}/seconds": trial.seconds}
    for name, value in trial.result.items():
        if not isinstance(value, float | int) or value == UNDEFINED:
            continue
        line[f"{PREFIX}/{name}"] = in_points(value, 4) if name.startswith("AP") else value
    return line
