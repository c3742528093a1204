"""What the finished nodes of a runs folder tell of pace, memory and files.

Nothing is verified but the records themselves: an estimate needs no digests of checkpoints.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from longtail.cluster.costs.work import Likeness, likeness_of, stage_of
from longtail.cluster.nodes.ledger import NODE, RESULT, read_record
from longtail.cluster.nodes.places import Place, read_places
from longtail.cluster.nodes.trained_node import INFERENCE, SOUP
from longtail.problems import BadInputError
from longtail.sealed import read_sealed_json
from longtail.training.journal import JOURNAL, read_lines
from longtail.training.peak_memory import PEAK_GPU_RESERVED, PEAK_MEMORY

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FinishedNode:
    """A training or prediction set that is there.

    Attributes:
        likeness: What its pace depended on.
        device: "cpu" or the name of a GPU; None where that was not noted.
        images_per_second: Of one worker; None where it cannot be told.
        images_per_worker: In a step of training, else 0.
        peak_bytes: Most resident memory of a worker in training; None as above.
        peak_gpu_bytes: Most memory that torch took of a worker's GPU; None without one.
        num_bytes: Of all files.
        num_detections: Of a prediction set, else 0.
    """

    likeness: Likeness
    device: str | None
    images_per_second: float | None
    images_per_worker: int = 0
    peak_bytes: int | None = None
    peak_gpu_bytes: int | None = None
    num_bytes: int = 0
    num_detections: int = 0

    @property
    def on_gpu(self) -> bool:
        """Whether it was made on GPUs."""
        return self.device not in (None, "cpu")


def finished_nodes(runs: Path) -> list[FinishedNode]:
    """Every finished training and prediction set, by the names of their folders.

    One whose records cannot be read is left out, and named in a warning.
    """
    found = []
    for result in sorted((runs / "nodes").glob(f"*/{RESULT}")):
        try:
            node = _finished(result.parent)
        except (BadInputError, FileNotFoundError, ValueError) as error:
            logger.warning("%s: left out of the estimate: %s", result.parent, error)
            continue
        if node is not None:
            found.append(node)
    return found


def _finished(folder: Path) -> FinishedNode | None:
    record = read_record(folder)
    config = record["config"]
    if record["kind"] == "stage" and SOUP not in config:
        return _training(folder, config)
    if record["kind"] == "predictions" and INFERENCE in config:
        parent = folder.parent / record["parents"][0]
        if (parent / NODE).is_file():
            return _predictions(folder, config, read_record(parent)["config"])
    return None


def _training(folder: Path, config: Mapping[str, Any]) -> FinishedNode:
    lines, places = read_lines(folder / JOURNAL), read_places(folder)
    per_step = stage_of(config).schedule.images_per_step
    place = places[-1] if places else None
    workers = None if place is None else place.workers
    return FinishedNode(
        likeness=likeness_of("stage", config, config),
        device=None if place is None else place.device,
        images_per_second=_training_pace(lines, places, per_step),
        images_per_worker=per_step // workers if workers else 0,
        peak_bytes=_peak(lines, PEAK_MEMORY),
        peak_gpu_bytes=_peak(lines, PEAK_GPU_RESERVED),
        num_bytes=_num_bytes(folder),
    )


def _training_pace(
    lines: Sequence[Mapping[str, Any]], places: Sequence[Place], per_step: int
) -> float | None:
    """From the first step that was recorded to the last, over all attempts whose workers are known:
    with what it takes to write checkpoints, without start-up."""
    images = worker_seconds = 0.0
    for _, attempt in groupby(lines, key=lambda line: line["attempt"]):
        started, *recorded = attempt
        before = [of for of in places if of.time <= started["time"]]
        if len(recorded) < 2 or not before or before[-1].workers is None:
            continue
        images += (recorded[-1]["step"] - recorded[0]["step"]) * per_step
        worker_seconds += (recorded[-1]["time"] - recorded[0]["time"]) * before[-1].workers
    return images / worker_seconds if worker_seconds > 0 else None


def _predictions(
    folder: Path, config: Mapping[str, Any], trained: Mapping[str, Any]
) -> FinishedNode:
    """From the beginning of the work, with the loading of weights, to the result."""
    places, summary = read_places(folder), _result(folder)["summary"]
    place = places[0] if len(places) == 1 else None
    pace = None
    # Of several attempts it is not known how many images the last one had left.
    if place is not None and place.workers:
        seconds = (folder / RESULT).stat().st_mtime - place.time
        pace = summary["images"] / (seconds * place.workers) if seconds > 0 else None
    return FinishedNode(
        likeness=likeness_of("predictions", config, trained),
        device=None if place is None else place.device,
        images_per_second=pace,
        num_bytes=_num_bytes(folder),
        num_detections=summary["detections"],
    )


def _peak(lines: Sequence[Mapping[str, Any]], name: str) -> int | None:
    return max((int(line[name]) for line in lines if name in line), default=None)


def _num_bytes(folder: Path) -> int:
    return sum(entry["bytes"] for entry in _result(folder)["files"].values())


def _result(folder: Path) -> dict[str, Any]:
    return read_sealed_json(folder / RESULT, "its node is done again")
