"""What a calibration is fitted to: judged detections only, in an order of their own."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.calibration_scene import MODELS, Scene, box_of

from ensemble.calibration.labelled_scores import LabelledScores, labelled_scores, threshold_place
from longtail.evaluation.annotations.ground_truth import read_ground_truth
from longtail.evaluation.matching.shard import Kind
from longtail.predictions.result_json.read import open_predictions


def labelled(
    ann: Path, records: list[dict[str, Any]], work_dir: Path, iou: float = 0.5, kind: Kind = "box"
) -> LabelledScores:
    truth = read_ground_truth(ann)
    path = work_dir / "results.json"
    path.write_text(json.dumps(records))
    store = work_dir / f"store{len(list(work_dir.iterdir()))}"
    return labelled_scores(
        truth, open_predictions(path, truth.images, truth.categories, store), kind, iou
    )


def edited(ann: Path, **image: Any) -> Path:
    """The annotation file with other fields in its first image."""
    tree = json.loads(ann.read_text())
    tree["images"][0] |= image
    ann.write_text(json.dumps(tree))
    return ann


def record(category: int, cell: int, score: float) -> dict[str, Any]:
    return {"image_id": 1, "category_id": category, "bbox": box_of(cell), "score": score}


@pytest.fixture
def one_image(tmp_path: Path) -> Path:
    """One image with an object of category 9 (frequent) in cell 0, all others absent."""
    scene = Scene(1)
    scene.present[:] = False
    scene.present[0, 8, 0] = True
    return scene.annotations(tmp_path / "ann.json")


def test_a_match_is_right_and_anything_else_judged_is_wrong(
    one_image: Path, tmp_path: Path
) -> None:
    found = labelled(one_image, [record(9, 0, 0.9), record(9, 0, 0.8), record(1, 0, 0.7)], tmp_path)
    assert found.score.tolist() == [0.7, 0.8, 0.9]
    assert found.true_positive.tolist() == [False, False, True]
    assert found.group.tolist() == [0, 2, 2]


def test_detections_of_categories_that_were_not_checked_are_left_out(
    one_image: Path, tmp_path: Path
) -> None:
    edited(one_image, neg_category_ids=[2])
    found = labelled(one_image, [record(9, 0, 0.9), record(1, 3, 0.7), record(2, 3, 0.6)], tmp_path)
    assert found.score.tolist() == [0.6, 0.9]


def test_unmatched_detections_of_a_not_exhaustive_category_are_left_out(
    one_image: Path, tmp_path: Path
) -> None:
    edited(one_image, not_exhaustive_category_ids=[9])
    found = labelled(one_image, [record(9, 0, 0.9), record(9, 5, 0.8)], tmp_path)
    assert (found.score.tolist(), found.true_positive.tolist()) == ([0.9], [True])


def test_the_threshold_decides_what_is_right(one_image: Path, tmp_path: Path) -> None:
    moved = record(9, 0, 0.9)
    moved["bbox"] = [4.0, 0.0, 16.0, 16.0]  # IoU 12 / 20
    assert labelled(one_image, [moved], tmp_path, iou=0.6).true_positive.tolist() == [True]
    assert labelled(one_image, [moved], tmp_path, iou=0.65).true_positive.tolist() == [False]


def test_all_detections_of_an_image_count_whatever_their_number(
    one_image: Path, tmp_path: Path
) -> None:
    assert (
        len(labelled(one_image, [record(1, 3, 0.5 + i / 1000) for i in range(400)], tmp_path))
        == 400
    )


def test_the_order_of_rows_does_not_matter_among_equal_scores(
    one_image: Path, tmp_path: Path
) -> None:
    # The first takes the object that the second needs; in the other order both find one.
    tree = json.loads(one_image.read_text())
    tree["annotations"][0]["bbox"] = [16.0, 0.0, 16.0, 16.0]
    tree["annotations"].append(tree["annotations"][0] | {"id": 2, "bbox": [20.0, 0.0, 16.0, 16.0]})
    one_image.write_text(json.dumps(tree))
    on_both = record(9, 0, 0.5) | {"bbox": [16.0, 0.0, 16.0, 16.0]}
    on_first = record(9, 0, 0.5) | {"bbox": [12.0, 0.0, 16.0, 16.0]}
    records = [on_both, on_first, record(3, 2, 0.5)]
    results = [labelled(one_image, list(rows), tmp_path) for rows in (records, records[::-1])]
    assert results[0].true_positive.tolist() == results[1].true_positive.tolist()
    assert results[0].group.tolist() == results[1].group.tolist()


def test_rows_are_sorted_whatever_their_order_in_the_file(tmp_path: Path) -> None:
    scene = Scene(8)
    ann = scene.annotations(tmp_path / "ann.json")
    records = scene.detections(MODELS["a"])
    one = labelled(ann, records, tmp_path)
    order = np.random.default_rng(1).permutation(len(records)).tolist()
    other = labelled(ann, [records[i] for i in order], tmp_path)
    for name in ("image", "group", "score", "true_positive"):
        assert np.array_equal(getattr(one, name), getattr(other, name))


def test_another_threshold_than_those_of_ap_is_refused() -> None:
    assert threshold_place(0.5) == 0 and threshold_place(0.95) == 9
    with pytest.raises(ValueError, match=r"--iou 0.33: expected one of 0.5"):
        threshold_place(0.33)
