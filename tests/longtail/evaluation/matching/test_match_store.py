"""One reading of a store, by one process or more, in parts that join to the whole."""

from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from itertools import pairwise
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from longtail.evaluation import workers
from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.lvis import evaluate
from longtail.evaluation.matching.match_store import kinds_of, match_store
from longtail.evaluation.matching.overlaps import Overlaps
from longtail.evaluation.matching.shard import KindShard, MatchingShard, join
from longtail.evaluation.metrics.matches.matched_set import MatchedSet
from longtail.evaluation.workers import Workers
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.store import PredictionStore
from longtail.problems import BadInputError

Record = dict[str, Any]
MakeProblem = Callable[..., tuple[Record, list[Record]]]
Write = Callable[[Record, list[Record]], tuple[Path, Path]]
Opened = Callable[[tuple[Path, Path]], tuple[GroundTruth, PredictionStore]]
ROWS = ("image_counts", "label", "score")


def assert_same(found: MatchingShard, expected: MatchingShard) -> None:
    """Every array of two parts is the same, types too."""
    assert (found.blocks, found.any_mask) == (expected.blocks, expected.any_mask)
    assert list(found.kinds) == list(expected.kinds)
    pairs = [(getattr(found, name), getattr(expected, name)) for name in ROWS]
    for kind, of_kind in found.kinds.items():
        names = [column.name for column in fields(KindShard)]
        pairs += [(getattr(of_kind, n), getattr(expected.kinds[kind], n)) for n in names]
    for a, b in pairs:
        assert a.dtype == b.dtype
        assert np.array_equal(a, b)


@pytest.mark.parametrize("seed", range(4))
def test_parts_of_any_cut_join_to_the_whole(
    seed: int, make_problem: MakeProblem, write: Write, opened: Opened
) -> None:
    truth, store = opened(write(*make_problem(seed, num_images=200, num_categories=20)))
    whole = match_store(truth, store, kinds_of(truth))
    assert len(whole.kinds["segm"].overlap_iou) > 100
    rng = np.random.default_rng(seed)
    inner = rng.choice(np.arange(1, store.block_count), size=seed, replace=False)
    cuts = [0, *sorted(inner.tolist()), store.block_count]
    parts = [
        match_store(truth, store, kinds_of(truth), blocks=range(a, b)) for a, b in pairwise(cuts)
    ]
    assert_same(join(parts), whole)
    if len(parts) > 2:
        assert_same(join([join(parts[:2]), *parts[2:]]), whole)
    joined, expected = (MatchedSet.of(truth, of, 300) for of in (join(parts), whole))
    for kind, rescorer in joined.rescorers.items():
        for column in fields(Overlaps):
            ours = getattr(rescorer.overlaps, column.name)
            assert np.array_equal(ours, getattr(expected.rescorers[kind].overlaps, column.name))
        assert joined.summaries[kind].metrics == expected.summaries[kind].metrics


@pytest.mark.parametrize("max_dets", [2, 300])
def test_an_evaluation_reads_every_block_once(
    max_dets: int,
    make_problem: MakeProblem,
    write: Write,
    opened: Opened,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paths = write(*make_problem(60, num_images=70, copies=6))
    _, store = opened(paths)
    reads: Counter[int] = Counter()
    read_block = PredictionStore.read_block

    def counted(of: PredictionStore, block: int, with_masks: bool = True) -> DetectionColumns:
        reads[block] += 1
        return read_block(of, block, with_masks)

    monkeypatch.setattr(PredictionStore, "read_block", counted)
    evaluation = evaluate(
        paths[0], store.directory, max_dets, extras=["pool"], resamples=20, keep_matches=None
    )
    assert reads == {0: 1, 1: 1, 2: 1}
    assert evaluation.cap is not None
    assert (evaluation.cap.detections > 0) == (max_dets == 2)


@pytest.mark.slow
def test_more_workers_give_the_same_numbers_and_tell_of_all_blocks(
    make_problem: MakeProblem, write: Write, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "DETECTIONS_OF_A_WORKER", 1)
    paths = write(*make_problem(61, num_images=200, num_categories=20))
    truth, store = opened(paths)
    done: list[tuple[int, int]] = []
    whole = match_store(truth, store, kinds_of(truth))
    with Workers(2) as pool:
        two = match_store(truth, store, kinds_of(truth), lambda *step: done.append(step), pool)
        assert_same(two, whole)
        first = {child.pid for child in active_children()}
        assert_same(match_store(truth, store, kinds_of(truth), workers=pool), whole)
        assert len(first) == 2 and first == {child.pid for child in active_children()}
    assert done[-1] == (7, 7)
    assert done == sorted(done)
    both = [evaluate(*paths, max_dets=3, workers=num).as_dict() for num in (1, 2)]
    assert both[0] == both[1]


@pytest.mark.slow
def test_an_error_of_a_worker_is_the_users(
    make_problem: MakeProblem, write: Write, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "DETECTIONS_OF_A_WORKER", 1)
    annotations, results = make_problem(62, num_images=70)
    truth, store = opened(write(annotations, results))
    annotations["annotations"][0]["segmentation"] = [[1, 2, 3, 4]]
    write(annotations, results)
    with (
        Workers(2) as pool,
        pytest.raises(BadInputError, match="no mask, where other annotations have one"),
    ):
        match_store(truth, store, kinds_of(truth), workers=pool)


def test_a_store_of_unknown_categories_is_refused_with_a_record(
    make_problem: MakeProblem, write: Write, opened: Opened
) -> None:
    annotations, results = make_problem(63)
    _, store = opened(write(annotations, results))
    used = results[0]["category_id"]
    for category in annotations["categories"]:
        category["id"] += 1000 * (category["id"] == used)
    for annotation in annotations["annotations"]:
        annotation["category_id"] += 1000 * (annotation["category_id"] == used)
    path = write(annotations, results)[0]
    with pytest.raises(BadInputError, match=rf"category_id {used} of image \d+ is not in"):
        evaluate(path, store.directory)


def test_a_store_of_other_images_is_refused(
    make_problem: MakeProblem, write: Write, opened: Opened
) -> None:
    annotations, results = make_problem(64)
    _, store = opened(write(annotations, results))
    changed = annotations["images"][0]
    changed["height"] += 1
    annotations["annotations"] = [
        of for of in annotations["annotations"] if of["image_id"] != changed["id"]
    ]
    path = write(annotations, results)[0]
    with pytest.raises(BadInputError, match="made for 8 images, which are not the 8"):
        evaluate(path, store.directory)
