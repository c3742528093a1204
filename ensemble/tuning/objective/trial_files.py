"""The objective of trials as a folder: made once, mapped by every process of the search."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from ensemble.sources.spec import parse_sources
from ensemble.tuning.objective.detections import SourceDetections
from ensemble.tuning.objective.fused_images import FusionInputs
from ensemble.tuning.objective.space import Space
from ensemble.tuning.objective.trial import Objective
from longtail.array_store import StoreFormat, read_array_store, write_array_store
from longtail.evaluation.annotations.ground_truth import read_ground_truth
from longtail.evaluation.metrics.rescorer import Rescorer

FORMAT = StoreFormat(manifest="bench.json", version=1, remedy="start the search again")
ROWS, RESCORER = "rows", "rescorer"
TRUSTED, SCORES = "trusted", "scores_"
"""Names of arrays; the second is followed by the kind of calibration."""


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


def save_objective(directory: Path, objective: Objective) -> None:
    """Write a objective to a folder that does not exist."""
    directory.mkdir()
    objective.fusion.rows.save(directory / ROWS)
    objective.fusion.rescorer.save(directory / RESCORER)
    scores = {f"{SCORES}{kind}": values for kind, values in sorted(objective.scores.items())}
    space = objective.space
    choices = _Choices(
        annotations=str(objective.fusion.truth.path),
        options=dict(space.options),
        preds=[spec.word() for spec in space.specs],
        searched=space.searched,
        methods=space.methods,
        calibrations=space.calibrations,
        wanted=list(objective.wanted),
        margin_trials=objective.margin_trials,
    )
    arrays = {TRUSTED: objective.fusion.trusted_categories, **scores}
    write_array_store(directory, FORMAT, arrays, msgspec.to_builtins(choices))


@lru_cache(maxsize=1)
def load_objective(directory: Path) -> Objective:
    """The bench of a folder; its arrays are read as they are needed."""
    store = read_array_store(directory, FORMAT, verify=False)
    choices = msgspec.convert(store.notes, _Choices)
    fusion = FusionInputs(
        truth=read_ground_truth(
            Path(choices.annotations), exhaustive=bool(choices.options["exhaustive"])
        ),
        rows=SourceDetections.load(directory / ROWS),
        rescorer=Rescorer.load(directory / RESCORER, verify=False),
        trusted_categories=store.arrays[TRUSTED],
    )
    return Objective(
        fusion=fusion,
        scores={
            name.removeprefix(SCORES): values
            for name, values in store.arrays.items()
            if name.startswith(SCORES)
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
