"""What a user of predictions should be told: every command that reads a source says these.

A warning that follows from a store, its manifest and its notes belongs here, so that evaluation,
`ensemble.validate`, `convert`, `calibrate`, `merge` and `tune` say the same.
"""

from collections.abc import Iterator

from longtail.predictions.checks.scores import CUT, OUTSIDE
from longtail.predictions.spill import IMAGES_WITH_REPEATS, REPEATS
from longtail.predictions.store import PredictionStore


def warnings_of(store: PredictionStore) -> tuple[str, ...]:
    """What is unusual about predictions that can be used."""
    return tuple(_warnings(store))


def _warnings(store: PredictionStore) -> Iterator[str]:
    notes = store.manifest.notes
    if repeats := notes.get(REPEATS, 0):
        yield (
            f"{repeats} records in {notes.get(IMAGES_WITH_REPEATS, 0)} images repeat another one "
            "exactly, as the padding of a distributed sampler does; each counts once (lvis-api "
            "counts repeats as false positives)"
        )
    if cut := notes.get(CUT, 0):
        yield f"{cut} scores miss 0 to 1 by a rounding error; they are cut to it"
    if outside := notes.get(OUTSIDE, 0):
        yield (
            f"{outside} scores are outside 0 to 1; here they only rank, elsewhere the scale has to "
            "be named (max_score=)"
        )
