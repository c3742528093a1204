"""A store that anybody wrote, as every import makes one: scores of one scale, no repeats."""

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longtail.predictions.checks.repeats import find_repeats, without_repeats
from longtail.predictions.checks.scores import (
    BELOW,
    CUT,
    OUTSIDE,
    ROUNDING,
    name_the_scale,
    over_text,
    write_shares,
)
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.spill import IMAGES_WITH_REPEATS, REPEATS
from longtail.predictions.store import PredictionStore, StoreWriter
from longtail.problems import BadInputError


def sound_store(
    store: PredictionStore, out: Path | None, max_score: float | None = 1.0
) -> PredictionStore:
    """The store itself, or a copy of it without what is to be mended, whose notes say so.

    A store of an import is sound. Of another all numbers are read, and masks only where rows agree
    in every number.

    Args:
        store: To be read.
        out: Directory of the copy, which replaces what is there; None refuses to make one.
        max_score: The score that counts as 1, or None for any finite ones.

    Raises:
        BadInputError: Scores are not finite or of another scale; or a copy is needed and refused.
    """
    if _was_imported(store, max_score):
        return store
    survey = _Survey.of(store, max_score)
    survey.check(store.directory)
    notes = _repeats(store, survey.suspects)
    if max_score is not None and survey.num_outside:
        notes[CUT] = survey.num_outside
    if not notes and max_score in (None, 1.0):
        return store
    if out is None:
        raise BadInputError(
            f"{store.directory}: {notes[REPEATS]} records repeat another one exactly; write it "
            "anew first (python -m ensemble.convert STORE --to json, and that --to store)"
        )
    return _copy(store, out, max_score, survey.suspects, notes)


def _was_imported(store: PredictionStore, max_score: float | None) -> bool:
    """Whether an import made the store, and read its scores as they are to be read here."""
    notes = store.manifest.notes
    has_shares = max_score == 1 and OUTSIDE not in notes
    return REPEATS in notes and (max_score is None or has_shares)


@dataclass
class _Survey:
    """What a pass over all numbers of a store shows."""

    max_score: float | None
    suspects: set[int]
    largest: float = 0.0
    smallest: float = 0.0
    num_outside: int = 0
    first_outside: str = ""

    @classmethod
    def of(cls, store: PredictionStore, max_score: float | None) -> "_Survey":
        survey = cls(max_score, set())
        for block, columns in enumerate(store.blocks(with_masks=False)):
            survey._see(columns)
            if find_repeats(columns).any():
                survey.suspects.add(block)
        return survey

    def _see(self, columns: DetectionColumns) -> None:
        scores = np.stack([columns.score, columns.score_mask])
        if not scores.size:
            return
        # NaN stays NaN, and is noticed in the end.
        self.largest = float(np.maximum(self.largest, scores.max()))
        self.smallest = float(np.minimum(self.smallest, scores.min()))
        highest = 1.0 if self.max_score is None else self.max_score
        outside = ~((scores >= 0) & (scores <= highest)).all(axis=0)
        self.num_outside += int(outside.sum())
        if not self.first_outside and outside.any():
            row = int(outside.argmax())
            values = ", ".join(map(repr, scores[:, row].tolist()))
            self.first_outside = f"image {columns.image_id[row]} ({values})"

    def check(self, directory: Path) -> None:
        where = f"{directory}: score of {self.num_outside} records, as {self.first_outside},"
        if not np.isfinite([self.largest, self.smallest]).all():
            raise BadInputError(f"{where} is not a finite number; predict again")
        if self.max_score is None:
            return
        if self.largest / self.max_score > 1 + ROUNDING:
            what = over_text(self.max_score)
            raise BadInputError(f"{where} {what}; {name_the_scale(self.largest)}")
        if self.smallest / self.max_score < -ROUNDING:
            raise BadInputError(f"{where} {BELOW}; {write_shares(self.smallest)}")


def _repeats(store: PredictionStore, suspects: set[int]) -> Counter[str]:
    notes: Counter[str] = Counter()
    for block in sorted(suspects):
        columns = store.read_block(block)
        repeated = columns.image_id[find_repeats(columns)]
        notes[REPEATS] += len(repeated)
        notes[IMAGES_WITH_REPEATS] += len(np.unique(repeated))
    return +notes


def _copy(
    store: PredictionStore,
    out: Path,
    max_score: float | None,
    suspects: set[int],
    notes: Counter[str],
) -> PredictionStore:
    shutil.rmtree(out, ignore_errors=True)

    def blocks() -> Iterator[DetectionColumns]:
        for block in range(store.block_count):
            columns = store.read_block(block, with_soft_masks=True)
            columns = without_repeats(columns) if block in suspects else columns
            yield columns if max_score is None else _scaled(columns, max_score)

    writer = StoreWriter(out, store.images, store.source, store.has_soft_masks)
    found = blocks()
    for shard in range(store.images.num_shards):
        writer.write_shard(shard, islice(found, len(store.images.blocks_of_shard(shard))))
    known = {key: count for key, count in store.manifest.notes.items() if key != OUTSIDE}
    return writer.finish({**known, **notes, REPEATS: known.get(REPEATS, 0) + notes[REPEATS]})


def _scaled(columns: DetectionColumns, max_score: float) -> DetectionColumns:
    def shares(scores: NDArray[np.float64]) -> NDArray[np.float64]:
        return (scores / max_score).clip(0, 1)

    score, score_mask = shares(columns.score), shares(columns.score_mask)
    return replace(columns, score=score, score_mask=score_mask)
