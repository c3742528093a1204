"""A view shows a changed store and leaves the store as it is."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.metrics.oracle_labels import StoreView
from longtail.predictions.store import PredictionStore

Record = dict[str, Any]
MakeProblem = Callable[..., tuple[Record, list[Record]]]
Write = Callable[[Record, list[Record]], tuple[Path, Path]]
Opened = Callable[[tuple[Path, Path]], tuple[GroundTruth, PredictionStore]]


def test_a_selection_keeps_its_rows_of_every_block(
    make_problem: MakeProblem, write: Write, opened: Opened
) -> None:
    _, store = opened(write(*make_problem(51, num_images=70)))
    view = StoreView(store, lambda block, rows: rows.take(rows.score < 0.3), store.num_detections)
    rows = store.read_all()
    expected = rows.take(rows.score < 0.3)
    assert view.read_all().rles() == expected.rles()
    assert np.array_equal(view.read_all().score, expected.score)
    assert len(view.read_all(with_masks=False).counts) == 0


def test_a_change_sees_the_block_number(
    make_problem: MakeProblem, write: Write, opened: Opened
) -> None:
    _, store = opened(write(*make_problem(52, num_images=70)))
    view = StoreView(
        store,
        lambda block, rows: replace(rows, score=np.full(len(rows), float(block))),
        store.num_detections,
    )
    assert {float(v) for v in view.read_all().score} == {0.0, 1.0, 2.0}
    assert store.read_all().score.max() <= 1
