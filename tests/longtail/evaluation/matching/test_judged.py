"""The cap, the federated filter and the checks on one block."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from longtail.evaluation.annotations.ground_truth import GroundTruth, read_ground_truth
from longtail.evaluation.matching.judged import check_masks, judged, mask_dicts, within_cap
from longtail.predictions.columns import DetectionColumns
from longtail.problems import BadInputError
from longtail.rle.codec import encode, pack


@pytest.fixture
def truth(tmp_path: Path) -> GroundTruth:
    """Category 1 is in image 10, category 2 verified absent there; image 20 knows neither."""
    counts = {"frequency": "f", "image_count": 1, "instance_count": 9}
    size = {"height": 4, "width": 5, "not_exhaustive_category_ids": []}
    content = {
        "images": [
            {"id": 20, "neg_category_ids": [], **size},
            {"id": 10, "neg_category_ids": [2, 77], **size},
        ],
        "categories": [{"id": i, "name": str(i), **counts} for i in (3, 1, 2)],
        "annotations": [
            {"id": 1, "image_id": 10, "category_id": 1, "bbox": [0, 0, 2, 2], "area": 4},
            {"id": 2, "image_id": 20, "category_id": 3, "bbox": [0, 0, 2, 2], "area": 0},
        ],
    }
    path = tmp_path / "annotations.json"
    path.write_text(json.dumps(content))
    return read_ground_truth(path)


def block(
    image_ids: list[int],
    category_ids: list[int],
    scores: list[float],
    runs: list[int] | None = None,
) -> DetectionColumns:
    num = len(image_ids)
    counts, offsets = pack([encode(np.array(runs or [3, 2, 15]))] * num)
    return DetectionColumns(
        image_id=np.array(image_ids, dtype=np.int64),
        category_id=np.array(category_ids, dtype=np.int64),
        score=np.array(scores),
        score_mask=np.array(scores),
        boxes=np.tile([1.0, 2.0, 3.0, 0.5], (num, 1)),
        heights=np.full(num, 4),
        widths=np.full(num, 5),
        counts=counts,
        counts_offsets=offsets,
    )


def test_the_cap_keeps_the_best_of_each_image_in_file_order() -> None:
    columns = block([10, 10, 10, 20, 20, 20], [1] * 6, [0.1, 0.3, 0.2, 0.9, 0.8, 0.9])
    kept = within_cap(columns, 2)
    assert kept.image_id.tolist() == [10, 10, 20, 20]
    assert kept.score.tolist() == [0.3, 0.2, 0.9, 0.9]


def test_tied_detections_at_the_cap_go_by_file_order() -> None:
    columns = block([10] * 4, [1, 2, 3, 1], [0.5, 0.5, 0.7, 0.5])
    assert within_cap(columns, 2).category_id.tolist() == [1, 3]


def test_the_cap_leaves_small_images_and_no_image_alone() -> None:
    columns = block([10, 20], [1, 1], [0.5, 0.5])
    assert within_cap(columns, 1) is columns
    assert len(within_cap(DetectionColumns.empty(), 1)) == 0


def test_detections_count_only_where_their_category_was_looked_for(truth: GroundTruth) -> None:
    columns = block([10, 10, 10, 20, 20], [1, 2, 3, 1, 3], [0.5] * 5)
    counting = judged(columns, truth, 300)
    assert list(zip(counting.image_id, counting.category_id, strict=True)) == [(10, 1), (10, 2)]


def test_a_detection_that_is_not_judged_takes_a_slot(truth: GroundTruth) -> None:
    columns = block([10, 10], [3, 1], [0.9, 0.5])
    assert len(judged(columns, truth, 1)) == 0


def test_dicts_hold_the_columns() -> None:
    columns = block([10], [2], [0.25])
    mask = {"size": [4, 5], "counts": encode(np.array([3, 2, 15]))}
    expected = {"image_id": 10, "category_id": 2, "score": 0.25, "segmentation": mask}
    assert mask_dicts(columns) == [expected]


def test_sound_masks_and_detections_without_a_mask_pass(truth: GroundTruth) -> None:
    columns = block([10], [1], [0.5])
    check_masks(columns, truth, Path("store"))
    nothing = replace(columns, counts=columns.counts[:0], counts_offsets=np.array([0, 0]))
    check_masks(nothing, truth, Path("store"))


@pytest.mark.parametrize("runs", [[3, 2, 14], [3, 2, 16], [3, -2, 19]])
def test_a_damaged_mask_is_refused_before_a_library_sees_it(
    truth: GroundTruth, runs: list[int]
) -> None:
    with pytest.raises(BadInputError, match="counts: damaged masks in images\n    at 10"):
        check_masks(block([10], [1], [0.5], runs), truth, Path("store"))


def test_a_mask_of_another_size_is_refused(truth: GroundTruth) -> None:
    columns = replace(block([10], [1], [0.5]), heights=np.array([5]), widths=np.array([4]))
    with pytest.raises(BadInputError, match="not the size of the image"):
        check_masks(columns, truth, Path("store"))
