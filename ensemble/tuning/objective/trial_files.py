"""The bench that trials run on, as a folder: made once, mapped by every process of the search."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from ensemble.sources.spec import parse_sources
from ensemble.tuning.objective.detections import UnionRows
from ensemble.tuning.objective.fused_images import FusionBench
from ensemble.tuning.objective.space import Space
from ensemble.tuning.objective.trial import Bench
from longtail.evaluation.annotations.ground_truth import read_ground_truth
from longtail.evaluation.metrics.rescorer import Rescorer

ROWS, RESCORER, SCORES, TRUSTED, CHOICES = "rows", "rescorer", "scores", "knows.npy", "bench.json"


class _Choices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is not an array."""

    annotations: str
    options: dict[str, Any]
    preds: list[str]
    searched: frozenset[str]
    methods: tuple[str, ...]
    calibrations: tuple[str, ...]
    wanted: list[str]
    margin_trials: int


def save_bench(directory: Path, bench: Bench) -> None:
    """Write a bench to a folder that does not exist."""
    directory.mkdir()
    bench.fusion.rows.save(directory / ROWS)
    bench.fusion.rescorer.save(directory / RESCORER)
    (directory / SCORES).mkdir()
    for kind, values in bench.scores.items():
        np.save(directory / SCORES / f"{kind}.npy", values)
    np.save(directory / TRUSTED, bench.fusion.trusted_categories)
    space = bench.space
    choices = _Choices(
        annotations=str(bench.fusion.truth.path),
        options=dict(space.options),
        preds=[spec.word() for spec in space.specs],
        searched=space.searched,
        methods=space.methods,
        calibrations=space.calibrations,
        wanted=list(bench.wanted),
        margin_trials=bench.margin_trials,
    )
    (directory / CHOICES).write_bytes(msgspec.json.encode(choices))


@lru_cache(maxsize=1)
def load_bench(directory: Path) -> Bench:
    """The bench of a folder; its arrays are read as they are needed."""
    choices = msgspec.json.decode((directory / CHOICES).read_bytes(), type=_Choices)
    fusion = FusionBench(
        truth=read_ground_truth(Path(choices.annotations)),
        rows=UnionRows.load(directory / ROWS),
        rescorer=Rescorer.load(directory / RESCORER, verify=False),
        trusted_categories=np.load(directory / TRUSTED),
    )
    return Bench(
        fusion=fusion,
        scores={
            path.stem: np.asarray(np.load(path, mmap_mode="r"))
            for path in sorted((directory / SCORES).iterdir())
        },
        space=Space(
            options=choices.options,
            specs=parse_sources(choices.preds),
            searched=choices.searched,
            methods=choices.methods,
            calibrations=choices.calibrations,
        ),
        wanted=choices.wanted,
        margin_trials=choices.margin_trials,
    )
