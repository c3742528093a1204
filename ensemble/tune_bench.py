"""The bench that trials run on, as a folder: made once, mapped by every process of the search."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from ensemble.source_options import parse_sources
from ensemble.tune_rows import UnionRows
from ensemble.tune_space import Space
from ensemble.tune_trial import Bench
from longtail.evaluation.ground_truth import read_ground_truth
from longtail.evaluation.rescorer import Rescorer

ROWS, RESCORER, SCORES, KNOWS, CHOICES = "rows", "rescorer", "scores", "knows.npy", "bench.json"


class _Choices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is not an array."""

    annotations: str
    options: dict[str, Any]
    preds: list[str]
    searched: frozenset[str]
    methods: tuple[str, ...]
    calibrations: tuple[str, ...]
    metric: str
    margin_trials: int
    seed: int


def save_bench(directory: Path, bench: Bench) -> None:
    """Write a bench to a folder that does not exist."""
    directory.mkdir()
    bench.rows.save(directory / ROWS)
    bench.rescorer.save(directory / RESCORER)
    (directory / SCORES).mkdir()
    for kind, values in bench.scores.items():
        np.save(directory / SCORES / f"{kind}.npy", values)
    np.save(directory / KNOWS, bench.knows)
    space = bench.space
    choices = _Choices(
        annotations=str(bench.truth.path.absolute()),
        options=dict(space.options),
        preds=[spec.word() for spec in space.specs],
        searched=space.searched,
        methods=space.methods,
        calibrations=space.calibrations,
        metric=bench.metric,
        margin_trials=bench.margin_trials,
        seed=bench.seed,
    )
    (directory / CHOICES).write_bytes(msgspec.json.encode(choices))


@lru_cache(maxsize=1)
def load_bench(directory: Path) -> Bench:
    """The bench of a folder; its arrays are read as they are needed."""
    choices = msgspec.json.decode((directory / CHOICES).read_bytes(), type=_Choices)
    return Bench(
        truth=read_ground_truth(Path(choices.annotations)),
        rows=UnionRows.load(directory / ROWS),
        rescorer=Rescorer.load(directory / RESCORER, verify=False),
        scores={
            path.stem: np.asarray(np.load(path, mmap_mode="r"))
            for path in sorted((directory / SCORES).iterdir())
        },
        knows=np.load(directory / KNOWS),
        space=Space(
            options=choices.options,
            specs=parse_sources(choices.preds),
            searched=choices.searched,
            methods=choices.methods,
            calibrations=choices.calibrations,
        ),
        metric=choices.metric,
        margin_trials=choices.margin_trials,
        seed=choices.seed,
    )
