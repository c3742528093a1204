from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import ImageSet
from longtail.predictions.spill import IMAGES_WITH_REPEATS, REPEATS, Spill

Make = Callable[..., DetectionColumns]


@pytest.mark.parametrize("is_sorted", [False, True])
def test_rows_come_back_by_block_and_in_the_order_of_arrival(
    tmp_path: Path, random_columns: Make, is_sorted: bool
) -> None:
    images = ImageSet(np.arange(0, 1200, 2), np.full(600, 20), np.full(600, 30))
    rng = np.random.default_rng(0)
    drawn = rng.choice(images.ids, 600)
    ids = np.split(np.sort(drawn) if is_sorted else drawn, 3)
    parts = [random_columns(part.tolist(), seed) for seed, part in enumerate(ids)]
    with Spill(tmp_path / "spill", images) as spill:
        for part in [*parts, DetectionColumns.empty()]:
            spill.add(part)
        spill.close()
        blocks = list(spill.blocks())
    everything = DetectionColumns.concatenate(parts)
    expected = everything.take(np.argsort(everything.image_id, kind="stable"))
    found = DetectionColumns.concatenate(blocks)
    assert found.score.tolist() == expected.score.tolist()
    assert found.rles() == expected.rles()
    assert len(blocks) == images.num_blocks == 19
    for ids, columns in zip(images.blocks(), blocks, strict=True):
        assert np.isin(columns.image_id, ids).all()


@pytest.mark.parametrize("is_sorted", [False, True])
def test_repeats_are_left_out_wherever_they_come_from(
    tmp_path: Path, random_columns: Make, is_sorted: bool
) -> None:
    images = ImageSet(np.arange(600), np.full(600, 20), np.full(600, 30))
    once = random_columns(np.repeat(images.ids, 2).tolist())
    repeated = np.array([5, 5, 1199, 6, 700])
    rows = np.concatenate([np.arange(len(once)), repeated])
    rows = np.sort(rows) if is_sorted else rows
    with Spill(tmp_path / "spill", images) as spill:
        for part in np.array_split(rows, 3):
            spill.add(once.take(part))
        spill.close()
        assert spill.notes == {REPEATS: 5, IMAGES_WITH_REPEATS: 4}
        assert spill.num_rows.tolist() == [64] * 18 + [48]
        found = DetectionColumns.concatenate(list(spill.blocks()))
    assert found.score.tolist() == once.score.tolist()
    assert found.rles() == once.rles()


def test_rows_that_differ_in_their_mask_only_are_no_repeats(
    tmp_path: Path, random_columns: Make
) -> None:
    images = ImageSet(np.arange(40), np.full(40, 20), np.full(40, 30))
    once = random_columns([3, 3])
    numbers = once.take(np.array([0, 0]))
    other_mask = replace(numbers, counts=once.counts, counts_offsets=once.counts_offsets)
    with Spill(tmp_path / "spill", images) as spill:
        spill.add(other_mask)
        spill.close()
        assert not spill.notes and spill.num_rows.tolist() == [2, 0]
        assert [len(columns) for columns in spill.blocks()] == [2, 0]


def test_nothing_added_gives_empty_blocks_and_leaves_no_file(tmp_path: Path) -> None:
    images = ImageSet(np.arange(40), np.full(40, 20), np.full(40, 30))
    with Spill(tmp_path / "spill", images) as spill:
        spill.close()
        assert [len(columns) for columns in spill.blocks()] == [0, 0]
    assert list(tmp_path.iterdir()) == []
