"""A run in MLflow for the evaluated result of any program, as a grid records its rows.

MLflow being away costs a warning; the same command again records what is missing, never twice.
"""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from longtail.evaluation.recording.files import write_evaluation_files
from longtail.evaluation.recording.metrics import KIND, KIND_TAG, ROW_TAG, interval_points
from longtail.evaluation.recording.names import (
    DIAGNOSIS,
    EVALUATION,
    PER_CATEGORY,
    as_artifacts,
)
from longtail.evaluation.report import Evaluation
from longtail.files import sha256_of
from longtail.predictions.manifest import MANIFEST_NAME
from longtail.problems import BadInputError
from longtail.tracking.address import check_experiment, told, tracking_uri
from longtail.tracking.parent_run import ParentRun
from longtail.tracking.store import check_store, wait_until_free
from longtail.tracking.tracker import NodeRecord

PARENT = "results"
RESAMPLES = 1000
"""Of an evaluation that is recorded, unless asked otherwise: as many as a grid's."""
Say = Callable[[str], object]


@dataclass(frozen=True)
class RecordedResult:
    """What is evaluated, and where it is recorded.

    Attributes:
        row: What its run is called.
        annotations: The annotation file, absolute.
        predictions: A result file or a store, absolute.
        max_dets: Detections that count per image.
        resamples: Resamples of the images for intervals.
        exhaustive: Every category is labelled in every image.
        experiment: MLflow experiment.
        runs: The runs folder, which has MLflow's store unless a server is set.
    """

    row: str
    annotations: Path
    predictions: Path
    max_dets: int
    resamples: int
    exhaustive: bool
    experiment: str
    runs: Path

    def check(self) -> None:
        """Refuse what can never be recorded, before anything is evaluated.

        Raises:
            ValueError: The experiment has no name.
            InfrastructureError: MLflow's store was left half-made.
        """
        check_experiment(self.experiment)
        check_store(tracking_uri(self.runs))

    def params(self) -> dict[str, Any]:
        """What decides about the numbers beside the files."""
        told = {"max_dets": self.max_dets, "resamples": self.resamples}
        return told | ({"exhaustive": True} if self.exhaustive else {})

    def digests(self) -> dict[str, str]:
        """Of what is evaluated and what it is judged by: a store goes by its manifest."""
        path = self.predictions
        result = path / MANIFEST_NAME if path.is_dir() else path
        return {"result": sha256_of(result), "annotations": sha256_of(self.annotations)}

    def record(self, evaluation: Evaluation, say: Say) -> None:
        """Record an evaluation; the same one again is found, and gets the row's name.

        Args:
            evaluation: What was found.
            say: Told where it is, and what is missing.
        """
        try:
            self.runs.mkdir(parents=True, exist_ok=True)
            wait_until_free(tracking_uri(self.runs))
            with TemporaryDirectory(prefix="recorded-") as folder:
                self._write(evaluation, Path(folder), say)
                self._publish(evaluation, Path(folder))
            say(f"recorded in the MLflow experiment {self.experiment!r} as {self.row}")
        except Exception as error:
            say(
                f"warning: MLflow does not have this evaluation ({told(error)}); the same command"
                " tries again"
            )

    def _write(self, evaluation: Evaluation, folder: Path, say: Say) -> None:
        files = self.annotations, self.predictions, folder
        try:
            write_evaluation_files(evaluation, *files, self.max_dets, exhaustive=self.exhaustive)
        except BadInputError as error:
            say(f"warning: recorded without a diagnosis: {error}")

    def _publish(self, evaluation: Evaluation, folder: Path) -> None:
        parent = ParentRun(
            f"{PARENT}-{self.experiment}", PARENT, PARENT, self.experiment, self.runs
        )
        intervals = {kind: asdict(of) for kind, of in evaluation.intervals.items()}
        points = evaluation.metrics() | interval_points(intervals)
        parent.publish_finished(
            self._node(),
            {"step": 0, "time": time.time(), **points},
            {KIND_TAG: KIND, ROW_TAG: "result", "longtail.variant": self.row},
            as_artifacts(folder, (EVALUATION, DIAGNOSIS, PER_CATEGORY)),
        )

    def _node(self) -> NodeRecord:
        """By content: a file that was moved or renamed is the same result."""
        digests = self.digests()
        identity = {**digests, **self.params(), "experiment": self.experiment}
        digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:12]
        tags = {f"longtail.input.{role}": text for role, text in digests.items()}
        tags["longtail.result"] = str(self.predictions)
        return NodeRecord(f"evaluation-{digest}", self.row, self.params(), tags)
