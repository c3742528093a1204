"""Labels of the objects on the detections."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pycocotools.mask
import pytest

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.lvis import evaluate
from longtail.evaluation.matching.overlaps import Kind
from longtail.evaluation.metrics.oracle_labels import with_oracle_labels
from longtail.predictions.store import PredictionStore

Record = dict[str, Any]
MakeProblem = Callable[..., tuple[Record, list[Record]]]
LvisApi = Callable[..., dict[str, float]]
Write = Callable[[Record, list[Record]], tuple[Path, Path]]
Opened = Callable[[tuple[Path, Path]], tuple[GroundTruth, PredictionStore]]


def slow_relabelled(annotations: Record, results: list[Record], kind: Kind) -> list[Record]:
    """Results by image with the labels of objects, one a piece, one overlap at a time."""
    sizes = {image["id"]: (image["height"], image["width"]) for image in annotations["images"]}
    found: list[tuple[int | None, Record]] = []
    for result in sorted(results, key=lambda r: r["image_id"]):
        height, width = sizes[result["image_id"]]
        best, label, instance = (0.5 - 1e-12, False), result["category_id"], None
        for annotation in annotations["annotations"]:
            if annotation["image_id"] != result["image_id"] or annotation["area"] == 0:
                continue
            overlap = (
                mask_iou(result["segmentation"], annotation["segmentation"], height, width)
                if kind == "segm"
                else float(pycocotools.mask.iou([result["bbox"]], [annotation["bbox"]], [0])[0, 0])
            )
            fit = overlap, annotation["category_id"] == result["category_id"]
            if fit > best:
                best, label, instance = fit, annotation["category_id"], annotation["id"]
        found.append((instance, result | {"category_id": label}))
    return [
        result
        for i, (instance, result) in enumerate(found)
        if instance is None
        or not any(
            (other["score"], -j) > (result["score"], -i)
            for j, (same, other) in enumerate(found)
            if same == instance
        )
    ]


def mask_iou(found: Record, wanted: Any, height: int, width: int) -> float:
    if isinstance(wanted, list):
        wanted = pycocotools.mask.merge(pycocotools.mask.frPyObjects(wanted, height, width))
    elif isinstance(wanted["counts"], list):
        wanted = pycocotools.mask.frPyObjects(wanted, height, width)
    a, b = (pycocotools.mask.decode(mask).astype(bool) for mask in (found, wanted))
    union = np.logical_or(a, b).sum()
    return float(np.logical_and(a, b).sum() / union) if union else 0.0


def best_of_images(results: list[Record], max_dets: int) -> list[Record]:
    """The best-scored of each image, of equal scores the earlier."""
    ranked = sorted(results, key=lambda r: (r["image_id"], -r["score"]))
    kept = [
        result
        for i, result in enumerate(ranked)
        if i < max_dets or ranked[i - max_dets]["image_id"] != result["image_id"]
    ]
    return [result for result in results if any(result is other for other in kept)]


@pytest.mark.parametrize("kind", ["segm", "box"])
@pytest.mark.parametrize(("seed", "max_dets"), [(70, 300), (71, 300), (72, 7)])
def test_detections_are_those_of_the_slow_definition(
    seed: int, max_dets: int, kind: Kind, make_problem: MakeProblem, write: Write, opened: Opened
) -> None:
    annotations, results = make_problem(seed, num_images=40)
    truth, store = opened(write(annotations, results))
    view = with_oracle_labels(truth, store, kind, max_dets)
    rows = view.read_all()
    expected = slow_relabelled(annotations, best_of_images(results, max_dets), kind)
    assert rows.category_id.tolist() == [r["category_id"] for r in expected]
    assert rows.score.tolist() == [r["score"] for r in expected]
    assert rows.rles() == [r["segmentation"]["counts"].encode() for r in expected]
    assert view.num_detections == len(expected) < len(results)


@pytest.mark.parametrize("max_dets", [300, 6])
def test_the_headroom_is_lvis_apis_ap_of_the_relabelled_results(
    max_dets: int, make_problem: MakeProblem, write: Write, lvis_api: LvisApi
) -> None:
    annotations, results = make_problem(73)
    paths = write(annotations, results)
    evaluation = evaluate(*paths, max_dets, extras=["headroom"])
    expected = slow_relabelled(annotations, best_of_images(results, max_dets), "segm")
    assert evaluation.extras["headroom"] == lvis_api(paths[0], expected, "segm", max_dets)


def boxes(rows: list[tuple[int, int, list[float], float]]) -> list[Record]:
    """Results of image id, category id, box and score."""
    names = ("image_id", "category_id", "bbox", "score")
    return [dict(zip(names, row, strict=True)) for row in rows]


def two_mugs(jug: list[float] | None = None) -> Record:
    """Mugs (category 1) in images 1 and 2, and a jug (category 2) in image 1 if it has a box."""
    placed = [(1, 1, [10.0, 10.0, 20.0, 20.0]), (2, 1, [50.0, 50.0, 20.0, 20.0])]
    placed += [(1, 2, jug)] if jug else []
    counts = {"image_count": 5, "instance_count": 5, "frequency": "f"}
    sizes = {"height": 100, "width": 100, "not_exhaustive_category_ids": []}
    return {
        "images": [{"id": i, "neg_category_ids": [], **sizes} for i in (1, 2)],
        "categories": [{"id": 1, "name": "mug"} | counts, {"id": 2, "name": "jug"} | counts],
        "annotations": [
            {"id": i, "image_id": image_id, "category_id": label, "bbox": box, "area": 400.0}
            for i, (image_id, label, box) in enumerate(placed, start=1)
        ],
    }


def test_one_proposal_under_two_labels_is_one_detection(write: Write) -> None:
    # Before: image 1's mug is found at 0.9, image 2's at 0.5, and a jug at 0.8 that nobody judges.
    # Without suppression the jug would become a false mug before the second right one: 5/6.
    first, second = two_mugs()["annotations"][0]["bbox"], two_mugs()["annotations"][1]["bbox"]
    results = boxes([(1, 1, first, 0.9), (1, 2, first, 0.8), (2, 1, second, 0.5)])
    evaluation = evaluate(*write(two_mugs(), results), extras=["headroom"])
    assert (
        evaluation.extras["headroom"]["AP"]
        == pytest.approx(evaluation.box["AP"])
        == pytest.approx(1.0)
    )


def test_who_lies_on_no_object_stays_and_counts_as_wrong(write: Write) -> None:
    # A mug beside the object at 0.7 keeps its label. Up to recall 1/2 (51 of 101 levels) precision
    # is 1, beyond it (50 levels) 2/3.
    first, second = two_mugs()["annotations"][0]["bbox"], two_mugs()["annotations"][1]["bbox"]
    beside = [60.0, 60.0, 20.0, 20.0]
    results = boxes([(1, 2, first, 0.9), (1, 1, beside, 0.7), (2, 2, second, 0.5)])
    evaluation = evaluate(*write(two_mugs(), results), extras=["headroom"])
    assert evaluation.box["AP"] == 0.0
    assert evaluation.extras["headroom"]["AP"] == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_the_best_scored_stays_though_another_overlaps_more(write: Write) -> None:
    # The first mug's box of IoU 0.75 reaches 6 of 10 thresholds; the perfect one at 0.8 goes.
    first, second = two_mugs()["annotations"][0]["bbox"], two_mugs()["annotations"][1]["bbox"]
    smaller = [*first[:2], 20.0, 15.0]
    results = boxes([(1, 2, smaller, 0.9), (1, 1, first, 0.8), (2, 1, second, 0.5)])
    evaluation = evaluate(*write(two_mugs(), results), extras=["headroom"])
    # At the other 4 thresholds it is false, before the right one: precision 1/2 up to recall 1/2.
    assert evaluation.extras["headroom"]["AP"] == pytest.approx((6 + 4 * 51 / 101 / 2) / 10)
    assert evaluation.box["AP"] == pytest.approx(1.0)


def test_of_objects_in_one_place_a_detection_lies_on_that_of_its_label(write: Write) -> None:
    annotations = two_mugs(jug=[10.0, 10.0, 20.0, 20.0])
    first, second = (annotation["bbox"] for annotation in annotations["annotations"][:2])
    results = boxes([(1, 2, first, 0.9), (1, 1, first, 0.8), (2, 1, second, 0.5)])
    evaluation = evaluate(*write(annotations, results), extras=["headroom"])
    assert evaluation.extras["headroom"]["AP"] == pytest.approx(1.0)


def test_a_duplicate_that_goes_leaves_its_slot_empty(write: Write) -> None:
    # With a cap of 2 the third detection of image 1 is cut before the duplicate goes.
    annotations = two_mugs(jug=[70.0, 70.0, 20.0, 20.0])
    mug, _, jug = (annotation["bbox"] for annotation in annotations["annotations"])
    results = boxes([(1, 1, mug, 0.9), (1, 2, mug, 0.8), (1, 2, jug, 0.7)])
    evaluation = evaluate(*write(annotations, results), 2, extras=["headroom"])
    assert evaluation.extras["headroom"]["AR@2"] == pytest.approx((1 / 2 + 0) / 2)


@pytest.mark.parametrize("seed", range(80, 88))
def test_perfect_boxes_under_several_labels_never_lose(
    seed: int, make_problem: MakeProblem, write: Write
) -> None:
    annotations, _ = make_problem(seed, num_images=20)
    random = np.random.default_rng(seed)
    ids = [category["id"] for category in annotations["categories"]]
    results = boxes(
        [
            (a["image_id"], int(label), a["bbox"], float(random.random()))
            for a in annotations["annotations"]
            for label in (*random.choice(ids, 3, replace=False), a["category_id"])
            if random.random() < 0.7
        ]
    )
    results += boxes(
        [
            (image["id"], int(random.choice(ids)), [0.0, 0.0, 3.0, 3.0], float(random.random()))
            for image in annotations["images"]
        ]
    )
    for max_dets in (300, 5):
        evaluation = evaluate(*write(annotations, results), max_dets, extras=["headroom"])
        for metric, ap in evaluation.box.items():
            assert evaluation.extras["headroom"][metric] >= ap
        assert evaluation.extras["headroom"]["AP"] > evaluation.box["AP"]


def test_wrong_labels_alone_are_all_headroom(make_problem: MakeProblem, write: Write) -> None:
    annotations, _ = make_problem(74)
    ids = [category["id"] for category in annotations["categories"]]
    for annotation in annotations["annotations"]:
        annotation.pop("ignore", None)
    results = [
        {
            "image_id": a["image_id"],
            "category_id": ids[(ids.index(a["category_id"]) + 1) % len(ids)],
            "bbox": a["bbox"],
            "score": 0.9,
        }
        for a in annotations["annotations"]
        if a["area"] > 0
    ]
    evaluation = evaluate(*write(annotations, results), extras=["headroom"])
    assert evaluation.extras["headroom"]["AP"] == pytest.approx(1.0)
    assert evaluation.box["AP"] < 0.5
