"""What the cap cuts, against a walk over sorted rows."""

import numpy as np
import pytest

from longtail.categories import CategoryTable
from longtail.evaluation.matching.shard import DetectionScores
from longtail.evaluation.metrics.cap import beyond_cap, cap_statistics


def table(letters: str) -> CategoryTable:
    records = [
        {"id": i, "name": str(i), "frequency": letter, "image_count": 1, "instance_count": 1}
        for i, letter in enumerate(letters)
    ]
    return CategoryTable.from_records(records, "test")


def columns_of(image: list[int], category: list[int], score: list[float]) -> DetectionScores:
    return DetectionScores(np.array(image), np.array(category), np.array(score))


def test_the_lowest_scores_of_an_image_are_cut_whatever_their_category() -> None:
    columns = columns_of([0, 0, 0, 2], [0, 1, 2, 0], [0.5, 0.9, 0.1, 0.01])
    assert beyond_cap(columns, 2).tolist() == [False, False, True, False]
    found = cap_statistics(columns, table("rcf"), num_images=4, max_dets=2)
    assert (found.images, found.share_of_images, found.detections) == (1, 0.25, 1)
    assert found.by_group == {"r": 0, "c": 0, "f": 1}
    assert found.sentence() == (
        "cap of 2: binds in 1 images (25.0%), cuts 1 detections (r 0, c 0, f 1)"
    )


def test_of_equal_scores_the_later_one_is_cut() -> None:
    columns = columns_of([0, 0, 0], [0, 0, 0], [0.5, 0.5, 0.5])
    assert beyond_cap(columns, 1).tolist() == [False, True, True]


def test_no_detections_are_not_cut() -> None:
    nothing = DetectionScores(*(np.zeros(0, dtype=np.int64),) * 2, np.zeros(0))
    found = cap_statistics(nothing, table("r"), num_images=3, max_dets=1)
    assert (found.images, found.detections) == (0, 0)


@pytest.mark.parametrize("seed", range(5))
def test_random_sets_are_cut_as_a_walk_over_sorted_rows_cuts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = np.sort(rng.integers(0, 5, 60)).tolist()
    score = np.round(rng.random(60), 1).tolist()
    cut = beyond_cap(columns_of(image, [0] * 60, score), 7)
    for number in range(5):
        rows = [row for row in range(60) if image[row] == number]
        slow = sorted(rows, key=lambda row: -score[row])[7:]
        assert sorted(slow) == [row for row in rows if cut[row]]
