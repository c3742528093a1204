"""Telemetry of a training on disk: `telemetry/step-<steps done>.npz`, one file a checkpoint.

A file holds what was counted since the one before it. It is written before its checkpoint, and a
training that resumes at a step drops the files of later ones: whenever a training was cut off, the
files count every step of its checkpoint once.
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longtail.categories import CategoryTable
from longtail.problems import BadInputError
from longtail.sealed_arrays import read_arrays, write_arrays
from longtail.training.telemetry_window import TelemetryWindow

FOLDER = "telemetry"
REMEDY = "the training is not affected; remove its telemetry folder to do without telemetry"
CATEGORY_COLUMNS = ("category_ids", "frequency", "image_count")


@dataclass(frozen=True, eq=False)
class TrainingTelemetry:
    """What a classifier was taught in a part of its training.

    Attributes:
        first_step: Optimizer steps done before it; 0 if it was watched from the start.
        last_step: Optimizer steps done after it.
        category_ids: (K,) int64 ids of the annotation file.
        frequency: (K,) letters r, c or f.
        image_count: (K,) int64 training images with the category.
        window: What was counted.
    """

    first_step: int
    last_step: int
    category_ids: NDArray[np.int64]
    frequency: NDArray[np.str_]
    image_count: NDArray[np.int64]
    window: TelemetryWindow


def write_window(
    directory: Path, step: int, window: TelemetryWindow, categories: CategoryTable
) -> Path:
    """Write the file of a window, complete or not at all.

    Args:
        directory: The node's own directory.
        step: Optimizer steps done.
        window: What was counted in the last of them.
        categories: Of the training annotations.
    """
    final = directory / FOLDER / f"step-{step:08d}.npz"
    final.parent.mkdir(parents=True, exist_ok=True)
    of_categories = {
        "category_ids": categories.ids,
        "frequency": categories.frequency,
        "image_count": categories.image_count,
    }
    write_arrays(final, {**of_categories, **asdict(window)}, compressed=True)
    return final


def drop_windows_after(directory: Path, step: int) -> None:
    """Remove the files of steps beyond `step`, at which a training goes on."""
    later = [path for path in _files(directory) if _step_of(path) > step]
    for path in (*later, *(directory / FOLDER).glob(".step-*.npz.*")):
        path.unlink()


def read_telemetry(directory: Path) -> TrainingTelemetry:
    """Everything counted in a training, finished or not.

    Args:
        directory: The node's own directory.

    Raises:
        BadInputError: There is none, a file is damaged, or one between two others is missing.
    """
    parts = [_read(path) for path in _files(directory)]
    if not parts:
        raise BadInputError(
            f"{directory}: no {FOLDER}/step-*.npz, which a training writes with its first"
            " checkpoint; give the folder of a training that has one"
        )
    whole = parts[0]
    for part in parts[1:]:
        whole = _followed_by(whole, part, directory)
    return whole


def _files(directory: Path) -> list[Path]:
    return sorted((directory / FOLDER).glob("step-*.npz"), key=_step_of)


def _step_of(path: Path) -> int:
    return int(path.stem.removeprefix("step-"))


def _read(path: Path) -> TrainingTelemetry:
    arrays = read_arrays(path, REMEDY)
    try:
        steps, rois = int(arrays.pop("steps")), int(arrays.pop("rois"))
        of_categories = {name: arrays.pop(name) for name in CATEGORY_COLUMNS}
        window = TelemetryWindow(steps=steps, rois=rois, **arrays)
    except (KeyError, ValueError, TypeError) as error:
        raise BadInputError(f"{path}: not a file of telemetry: {error}; {REMEDY}") from None
    last = _step_of(path)
    return TrainingTelemetry(last - steps, last, window=window, **of_categories)


def _followed_by(
    before: TrainingTelemetry, after: TrainingTelemetry, directory: Path
) -> TrainingTelemetry:
    if before.last_step != after.first_step:
        raise BadInputError(
            f"{directory / FOLDER}: one file ends with step {before.last_step} and the next starts"
            f" after step {after.first_step}; {REMEDY}"
        )
    both = before.window + after.window
    return replace(after, first_step=before.first_step, window=both)
