"""Ours against the official evaluator, to the last digit, and against numbers made by hand."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.distinct_records import distinct
from support.places import SHARED

from longtail.evaluation.lvis import evaluate
from longtail.evaluation.report import Evaluation
from longtail.problems import BadInputError

Record = dict[str, Any]
MakeProblem = Callable[..., tuple[Record, list[Record]]]
Perturb = Callable[..., list[Record]]
LvisApi = Callable[..., dict[str, float]]
Write = Callable[[Record, list[Record]], tuple[Path, Path]]

METRICS = (
    *("AP", "AP50", "AP75", "APs", "APm", "APl", "APr", "APc", "APf"),
    *("AR@300", "ARs@300", "ARm@300", "ARl@300"),
)


def assert_official(
    annotations: Path, predictions: Path, lvis_api: LvisApi, max_dets: int = 300
) -> Evaluation:
    evaluation = evaluate(annotations, predictions, max_dets, official=True)
    results = json.loads(predictions.read_text())
    assert evaluation.segm == lvis_api(annotations, results, "segm", max_dets)
    assert evaluation.box == lvis_api(annotations, results, "bbox", max_dets)
    assert evaluation.disagreements() == []
    return evaluation


@pytest.mark.parametrize("seed", range(12))
def test_random_federated_problems_equal_lvis_api(
    seed: int, make_problem: MakeProblem, write: Write, lvis_api: LvisApi
) -> None:
    evaluation = assert_official(*write(*make_problem(seed)), lvis_api)
    assert tuple(evaluation.segm) == METRICS


@pytest.mark.parametrize("seed", [20, 21, 22])
def test_tied_scores_equal_lvis_api(
    seed: int, make_problem: MakeProblem, write: Write, lvis_api: LvisApi
) -> None:
    assert_official(*write(*make_problem(seed, copies=6, decimals=1)), lvis_api)


def test_more_than_300_detections_in_an_image_equal_lvis_api(
    make_problem: MakeProblem, write: Write, lvis_api: LvisApi
) -> None:
    annotations, results = make_problem(30, num_images=6, copies=120)
    counts = np.unique([r["image_id"] for r in results], return_counts=True)[1]
    assert counts.max() > 300
    evaluation = assert_official(*write(annotations, results), lvis_api)
    assert evaluation.counts["judged_boxes"] < evaluation.counts["detections"]


def test_a_lower_cap_equals_lvis_api_and_names_the_recalls(
    make_problem: MakeProblem, write: Write, lvis_api: LvisApi
) -> None:
    evaluation = assert_official(*write(*make_problem(31)), lvis_api, max_dets=5)
    assert "ARs@5" in evaluation.segm


def test_more_than_one_block_of_images_equals_lvis_api(
    make_problem: MakeProblem, write: Write, lvis_api: LvisApi
) -> None:
    paths = write(*make_problem(32, num_images=70))
    assert_official(*paths, lvis_api)
    done: list[tuple[int, int]] = []
    evaluate(*paths, on_block=lambda block, total: done.append((block, total)))
    assert done == [(1, 3), (2, 3), (3, 3)]


def test_one_category_equals_lvis_api(
    make_problem: MakeProblem, write: Write, lvis_api: LvisApi
) -> None:
    assert_official(*write(*make_problem(33, num_categories=1)), lvis_api)


def test_categories_without_ground_truth_are_undefined_as_in_lvis_api(
    make_problem: MakeProblem, write: Write, lvis_api: LvisApi
) -> None:
    annotations, results = make_problem(34, num_categories=40)
    evaluation = assert_official(*write(annotations, results), lvis_api)
    present = {a["category_id"] for a in annotations["annotations"] if a["area"] > 0}
    defined = {record.id for record in evaluation.per_category if record.segm_ap != -1}
    assert 0 < len(defined) < 40
    assert defined <= present
    assert evaluation.counts["categories_judged"] == len(defined)


def test_images_without_detections_equal_lvis_api(
    make_problem: MakeProblem, write: Write, lvis_api: LvisApi
) -> None:
    annotations, results = make_problem(35)
    only = annotations["images"][0]["id"]
    assert_official(*write(annotations, [r for r in results if r["image_id"] == only]), lvis_api)


def test_a_set_of_empty_masks_keeps_its_slots_and_scores_nothing(
    make_problem: MakeProblem, write: Write, lvis_api: LvisApi
) -> None:
    annotations, results = make_problem(36, num_images=4)
    sizes = {image["id"]: (image["height"], image["width"]) for image in annotations["images"]}
    empty = [r | _empty_mask(*sizes[r["image_id"]]) | {"score": 1.0} for r in results[:10]]
    evaluation = assert_official(*write(annotations, empty + results), lvis_api, max_dets=8)
    assert evaluation.counts["judged_masks"] < evaluation.counts["judged_boxes"]


def _empty_mask(height: int, width: int) -> Record:
    import pycocotools.mask

    mask = pycocotools.mask.encode(np.zeros((height, width), dtype=np.uint8, order="F"))
    return {"segmentation": {"size": [height, width], "counts": mask["counts"].decode()}}


def test_the_order_of_records_of_different_images_does_not_matter(
    make_problem: MakeProblem, write: Write
) -> None:
    annotations, results = make_problem(37)
    first = evaluate(*write(annotations, results))
    by_image = sorted(results, key=lambda r: -r["image_id"])
    assert evaluate(*write(annotations, by_image)).as_dict() == first.as_dict()


def test_zero_detections_score_zero_wherever_there_is_ground_truth(
    make_problem: MakeProblem, write: Write
) -> None:
    annotations, _ = make_problem(38)
    evaluation = evaluate(*write(annotations, []), official=True)
    assert evaluation.disagreements() == []
    assert set(evaluation.official or {}) == {"segm", "box"}
    assert evaluation.segm["AP"] == evaluation.box["AP"] == 0.0
    assert set(evaluation.segm.values()) <= {0.0, -1.0}
    assert evaluation.gap_box_mask == 0.0


def test_detections_with_boxes_only_leave_mask_ap_undefined(
    make_problem: MakeProblem, write: Write, lvis_api: LvisApi
) -> None:
    annotations, results = make_problem(39)
    for result in results:
        del result["segmentation"]
    paths = write(annotations, results)
    evaluation = evaluate(*paths, official=True)
    assert evaluation.box == lvis_api(paths[0], results, "bbox")
    assert set(evaluation.segm.values()) == {-1.0}
    assert evaluation.gap_box_mask == -1.0
    assert evaluation.disagreements() == []
    assert any("no detection has a mask" in warning for warning in evaluation.warnings)


def test_detections_without_a_mask_among_others_count_as_empty_masks(
    make_problem: MakeProblem, write: Write, lvis_api: LvisApi
) -> None:
    annotations, results = make_problem(43)
    sizes = {image["id"]: (image["height"], image["width"]) for image in annotations["images"]}
    emptied = [
        r | (_empty_mask(*sizes[r["image_id"]]) if i % 3 == 0 else {})
        for i, r in enumerate(results)
    ]
    for result in results[::3]:
        del result["segmentation"]
    paths = write(annotations, results)
    evaluation = evaluate(*paths, max_dets=6, official=True)
    assert evaluation.segm == lvis_api(paths[0], emptied, "segm", 6)
    assert evaluation.box == lvis_api(paths[0], emptied, "bbox", 6)
    assert evaluation.disagreements() == []


def test_annotations_with_boxes_only_leave_mask_ap_undefined(
    make_problem: MakeProblem, write: Write, lvis_api: LvisApi
) -> None:
    annotations, results = make_problem(40)
    for annotation in annotations["annotations"]:
        del annotation["segmentation"]
    paths = write(annotations, results)
    evaluation = evaluate(*paths, official=True)
    assert evaluation.box == lvis_api(paths[0], results, "bbox")
    assert evaluation.segm["AP"] == -1.0
    assert evaluation.disagreements() == []


def test_results_without_boxes_get_those_of_their_masks(
    make_problem: MakeProblem, write: Write
) -> None:
    annotations, results = make_problem(41)
    with_boxes = evaluate(*write(annotations, results))
    for result in results:
        del result["bbox"]
    assert evaluate(*write(annotations, results)).box == with_boxes.box


def test_annotation_id_zero_counts_as_a_match_and_is_warned_of(
    make_problem: MakeProblem, write: Write
) -> None:
    annotations, results = make_problem(42)
    plain = evaluate(*write(annotations, results))
    for annotation in annotations["annotations"]:
        annotation["id"] -= 1
    evaluation = evaluate(*write(annotations, results), official=True)
    assert (evaluation.segm, evaluation.box) == (plain.segm, plain.box)
    assert evaluation.disagreements() == []
    assert any("id 0: lvis-api takes a match" in warning for warning in evaluation.warnings)


def test_the_repair_of_numpy_for_lvis_api_does_not_outlive_it(
    make_problem: MakeProblem, write: Write
) -> None:
    evaluate(*write(*make_problem(44)), official=True)
    assert not hasattr(np, "float")


def toy() -> tuple[Record, list[Record]]:
    """Two images, two categories; every number below can be had with a pencil.

    Category 1 has an instance in each image. Its detections, by score: a hit in image 1 (IoU 1), a
    miss in image 2 where it is annotated, a hit in image 2 with IoU 0.75. Category 2 has one
    instance, in image 1, and one detection that hits it, plus one in image 2 that nobody judges.
    """
    category = {"image_count": 5, "instance_count": 5}
    sizes = {"height": 100, "width": 100, "not_exhaustive_category_ids": []}
    square = {"area": 400.0, "bbox": [10, 10, 20, 20]}
    annotations = {
        "images": [
            {"id": 1, "neg_category_ids": [], **sizes},
            {"id": 2, "neg_category_ids": [], **sizes},
        ],
        "categories": [
            {"id": 1, "name": "mug", "frequency": "r", **category},
            {"id": 2, "name": "jug", "frequency": "f", **category, "instance_count": 500},
        ],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, **square},
            {"id": 2, "image_id": 2, "category_id": 1, **square},
            {"id": 3, "image_id": 1, "category_id": 2, **square},
        ],
    }
    results = [
        {"image_id": 1, "category_id": 1, "bbox": [10, 10, 20, 20], "score": 0.9},
        {"image_id": 2, "category_id": 1, "bbox": [60, 60, 20, 20], "score": 0.8},
        {"image_id": 2, "category_id": 1, "bbox": [10, 10, 20, 15], "score": 0.7},
        {"image_id": 1, "category_id": 2, "bbox": [10, 10, 20, 20], "score": 0.6},
        {"image_id": 2, "category_id": 2, "bbox": [10, 10, 20, 20], "score": 0.99},
    ]
    return annotations, results


def test_ap_of_two_images_is_the_one_computed_by_hand(write: Write) -> None:
    evaluation = evaluate(*write(*toy()))
    # Up to IoU 0.75 (6 thresholds) both instances are found: precision 1 up to recall 0.5 (51
    # levels), 2/3 beyond (50). From 0.80 on (4 thresholds) only the first is.
    mug = (6 * (51 + 50 * 2 / 3) / 101 + 4 * 51 / 101) / 10
    assert evaluation.box["APr"] == pytest.approx(mug, abs=1e-12)
    assert evaluation.box["APf"] == pytest.approx(1.0, abs=1e-12)
    assert evaluation.box["APc"] == -1.0
    assert evaluation.box["AP"] == pytest.approx((mug + 1) / 2, abs=1e-12)
    assert evaluation.box["AR@300"] == pytest.approx(((6 * 1 + 4 * 0.5) / 10 + 1) / 2)
    assert [record.box_ap for record in evaluation.per_category] == pytest.approx([mug, 1.0])


@pytest.mark.parametrize("max_dets", [0, 301])
def test_a_cap_that_lvis_does_not_know_is_refused(write: Write, max_dets: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 300"):
        evaluate(*write(*toy()), max_dets=max_dets)


def test_a_training_file_gives_the_counts_and_not_the_groups(write: Write, tmp_path: Path) -> None:
    annotations, results = toy()
    train = {
        "images": [],
        "annotations": [],
        "categories": [dict(c) for c in annotations["categories"]],
    }
    train["categories"][0] |= {"frequency": "c", "instance_count": 50}
    (tmp_path / "train.json").write_text(json.dumps(train))
    paths = write(annotations, results)
    evaluation = evaluate(*paths, train_annotations=tmp_path / "train.json")
    assert evaluation.per_category[0].group == "r"
    assert evaluation.per_category[0].instance_count == 50
    assert evaluation.box["APc"] == -1.0


def test_a_training_file_with_other_categories_is_refused(write: Write, tmp_path: Path) -> None:
    annotations, results = toy()
    train = annotations | {"categories": annotations["categories"][:1]}
    (tmp_path / "train.json").write_text(json.dumps(train))
    with pytest.raises(BadInputError, match=r"train\.json: its category ids"):
        evaluate(*write(annotations, results), train_annotations=tmp_path / "train.json")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["real200/val.json", "lvis_val_100.json"])
def test_real_annotations_equal_lvis_api(
    name: str, perturb: Perturb, tmp_path: Path, lvis_api: LvisApi
) -> None:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    annotations = json.loads(path.read_text())
    results = perturb(annotations, np.random.default_rng(0), copies=6)
    crowded = [r for r in results if r["image_id"] == results[0]["image_id"]]
    copies = range(1 + 300 // len(crowded))
    results += [r | {"score": 0.5 - copy / 1000} for copy in copies for r in crowded]
    results = distinct(results)
    predictions = tmp_path / "results.json"
    predictions.write_text(json.dumps(results))
    evaluation = evaluate(path, predictions)
    assert evaluation.segm == lvis_api(path, results, "segm")
    assert evaluation.box == lvis_api(path, results, "bbox")
