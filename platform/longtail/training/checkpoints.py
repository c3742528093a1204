"""Checkpoints that can be trusted: complete or absent, and noticed when a single bit has changed.

A checkpoint is a directory `step-<steps done>` that holds `model.pt`, `optimizer.pt`, `state.json`
and `manifest.json` with the SHA-256 of the others. Of a stage that averages its weights, `model.pt`
has the average, and `learning.pt` the weights that training goes on with. torch itself loads a file
with flipped bits without a word, so nothing is read before the digests hold.
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from longtail.files import sha256_of, write_json
from longtail.problems import BadInputError

KEPT = 2
MANIFEST = "manifest.json"
CONTENTS = ("model.pt", "optimizer.pt", "state.json")
LEARNING = "learning.pt"
"""Only where weights are averaged."""


@dataclass(frozen=True)
class TrainingState:
    """Where a stage stands. The learning rate and all randomness follow from it.

    Attributes:
        step: Optimizer steps done.
        epoch: Epoch in which the sampler goes on.
        position: Place in that epoch where it goes on.
        category_ids: The annotation file's category ids in the order of the model's outputs.
        image_count: Training images that show each of these categories.
        instance_count: Training instances of each.
        parts: The names in `model.pt` of each part's weights.
    """

    step: int
    epoch: int
    position: int
    category_ids: tuple[int, ...]
    image_count: tuple[int, ...]
    instance_count: tuple[int, ...]
    parts: Mapping[str, tuple[str, ...]]


class Checkpoint:
    """An intact checkpoint.

    Args:
        path: Its directory.

    Raises:
        BadInputError: It is absent or damaged.
    """

    def __init__(self, path: Path) -> None:
        _require_intact(path)
        self.path = path
        self.state = _read_state(path / "state.json")

    def weights(self) -> dict[str, Tensor]:
        """The model's weights and buffers by neutral name, on the CPU: averaged where they are."""
        return self._load("model.pt")

    def learning(self) -> dict[str, Tensor] | None:
        """The weights that training goes on with, where `weights` has their average; else None."""
        return self._load(LEARNING) if (self.path / LEARNING).is_file() else None

    def optimizer(self) -> dict[str, Any]:
        """The optimizer's state, on the CPU."""
        return self._load("optimizer.pt")

    def _load(self, name: str) -> dict[str, Any]:
        content: dict[str, Any] = torch.load(
            self.path / name, map_location="cpu", weights_only=True
        )
        return content


@dataclass(frozen=True)
class Latest:
    """The newest checkpoint that can be trusted.

    Attributes:
        path: Its directory; None if there is none.
        skipped: What is wrong with each newer one.
        lost_steps: Steps that the newest of those had done beyond this one.
    """

    path: Path | None
    skipped: tuple[str, ...]
    lost_steps: int


def checkpoint_path(checkpoints: Path, step: int) -> Path:
    """Directory of the checkpoint after `step` steps."""
    return checkpoints / f"step-{step:08d}"


def save_checkpoint(
    checkpoints: Path,
    model: Mapping[str, Tensor],
    optimizer: Mapping[str, Any],
    state: TrainingState,
    learning: Mapping[str, Tensor] | None = None,
) -> Path:
    """Write a checkpoint under a temporary name, rename it, then drop all but the newest two.

    Whatever stands for a later step is dropped as well: it was damaged, or it was from a run that
    this one replaces.

    Args:
        checkpoints: Folder of the stage's checkpoints.
        model: Weights and buffers by neutral name.
        optimizer: Its state.
        state: Where the stage stands.
        learning: The weights that training goes on with, where `model` has their average.
    """
    final = checkpoint_path(checkpoints, state.step)
    partial = checkpoints / f".{final.name}.partial"
    _remove(partial)
    partial.mkdir(parents=True)
    versions = {"torch": torch.__version__, "numpy": np.__version__}
    _write(partial / "model.pt", lambda file: torch.save(dict(model), file))
    _write(partial / "optimizer.pt", lambda file: torch.save(dict(optimizer), file))
    if learning is not None:
        _write(partial / LEARNING, lambda file: torch.save(dict(learning), file))
    _write_json(partial / "state.json", {**asdict(state), "versions": versions})
    _write_json(partial / MANIFEST, _digests(partial))
    _sync(partial)
    _remove(final)
    partial.rename(final)
    _sync(checkpoints)
    _drop_others(checkpoints, state.step)
    return final


def latest_valid(checkpoints: Path) -> Latest:
    """Find the newest checkpoint whose digests hold."""
    saved = sorted(checkpoints.glob("step-*"), reverse=True)
    skipped: list[str] = []
    for path in saved:
        fault = find_damage(path)
        if fault is None:
            return Latest(path, tuple(skipped), _step_of(saved[0]) - _step_of(path))
        skipped.append(f"{path}: {fault}")
    return Latest(None, tuple(skipped), _step_of(saved[0]) if saved else 0)


def trained_steps(directory: Path) -> int:
    """Steps of the newest checkpoint that holds in a node's directory; 0 without one."""
    latest = latest_valid(directory / "checkpoints").path
    return 0 if latest is None else _step_of(latest)


def final_checkpoint(directory: Path, iterations: int) -> Path:
    """The checkpoint after so many steps, most often all, of the stage in a node's directory.

    Raises:
        BadInputError: It is absent or damaged. Another one is never taken for it.
    """
    path = checkpoint_path(directory / "checkpoints", iterations)
    _require_intact(path)
    return path


def find_damage(path: Path) -> str | None:
    """Say why a checkpoint cannot be trusted, or None if it can."""
    missing = [name for name in (*CONTENTS, MANIFEST) if not (path / name).is_file()]
    if missing:
        return f"{', '.join(missing)} missing"
    try:
        recorded = json.loads((path / MANIFEST).read_bytes())
    except ValueError:
        return f"{MANIFEST} is not valid JSON"
    expected = recorded if isinstance(recorded, dict) else {}
    if LEARNING in expected and not (path / LEARNING).is_file():
        return f"{LEARNING} missing"
    actual = _digests(path)
    if recorded == actual:
        return None
    changed = [name for name, digest in actual.items() if expected.get(name) != digest]
    return f"SHA-256 of {', '.join(changed) or 'its files'} differs from {MANIFEST}"


def _require_intact(path: Path) -> None:
    fault = find_damage(path)
    if fault is not None:
        raise BadInputError(
            f"{path}: {fault}; the checkpoint cannot be used."
            " Remove it and the node's result.json, and run again: training goes on from the"
            " checkpoint before"
        )


def _read_state(path: Path) -> TrainingState:
    record = json.loads(path.read_bytes())
    return TrainingState(
        step=record["step"],
        epoch=record["epoch"],
        position=record["position"],
        category_ids=tuple(record["category_ids"]),
        image_count=tuple(record["image_count"]),
        instance_count=tuple(record["instance_count"]),
        parts={part: tuple(names) for part, names in record["parts"].items()},
    )


def _drop_others(checkpoints: Path, step: int) -> None:
    saved = sorted(path for path in checkpoints.glob("step-*") if _step_of(path) <= step)
    for path in (*checkpoints.glob("step-*"), *checkpoints.glob(".step-*.partial")):
        if path not in saved[-KEPT:]:
            _remove(path)


def _digests(path: Path) -> dict[str, str]:
    names = [*CONTENTS, LEARNING] if (path / LEARNING).is_file() else CONTENTS
    return {name: sha256_of(path / name) for name in names}


def _write(path: Path, write: Callable[[BinaryIO], object]) -> None:
    with path.open("wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())


def _write_json(path: Path, tree: Any) -> None:
    write_json(path, tree, indent=1, end="", allow_nan=True)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.exists():
        shutil.rmtree(path)


def _step_of(path: Path) -> int:
    return int(path.name.removeprefix("step-"))
