"""A converted file against pycocotools, which reads the input, and lvis-api, which reads it."""

import contextlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lvis import LVIS
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from support.commands.in_process import exit_code

from longtail.data.convert.__main__ import main
from longtail.data.lvis.annotations import open_annotations
from longtail.evaluation.lvis import evaluate

Record = dict[str, Any]
Convert = Callable[..., Record]
SIDE = 64


def random_problem(seed: int) -> tuple[Record, list[Record]]:
    """A COCO set without crowds, and detections of it."""
    rng = np.random.default_rng(seed)

    def box() -> list[int]:
        x, y = rng.integers(0, SIDE - 20, 2).tolist()
        width, height = rng.integers(4, 20, 2).tolist()
        return [x, y, width, height]

    def ring(x: int, y: int, width: int, height: int) -> list[list[int]]:
        return [[x, y, x + width, y, x + width, y + height, x, y + height]]

    tree: Record = {
        "images": [
            {"id": i, "height": SIDE, "width": SIDE, "file_name": f"{i}.jpg"} for i in range(1, 9)
        ],
        "categories": [{"id": c, "name": f"c{c}"} for c in (2, 3, 5)],
        "annotations": [],
    }
    results = []
    for number in range(1, 61):
        image, category = int(rng.integers(1, 9)), int(rng.choice([2, 3, 5]))
        x, y, width, height = box()
        tree["annotations"].append(
            {
                "id": number,
                "image_id": image,
                "category_id": category,
                "bbox": [x, y, width, height],
                "area": width * height,
                "segmentation": ring(x, y, width, height),
                "iscrowd": 0,
            }
        )
        found = (max(0, x + int(rng.integers(-2, 3))), y, width, height)
        for shape, of in ((found, category), (box(), int(rng.choice([2, 3, 5])))):
            mask = coco_mask.merge(coco_mask.frPyObjects(ring(*shape), SIDE, SIDE))
            results.append(
                {
                    "image_id": image,
                    "category_id": of,
                    "score": round(float(rng.random()), 6),
                    "bbox": [float(value) for value in shape],
                    "segmentation": {"size": [SIDE, SIDE], "counts": mask["counts"].decode()},
                }
            )
    return tree, results


def ap_of_pycocotools(annotations: Path, results: Path, iou_type: str) -> float:
    """AP with at most 300 detections of a category in an image."""
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(annotations))
        evaluation = COCOeval(truth, truth.loadRes(str(results)), iou_type)
        evaluation.params.maxDets = [300]
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, :, 0, 0]
    return float(precision[precision > -1].mean())


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_ap_of_a_converted_file_is_that_of_pycocotools_on_the_coco_file(
    seed: int, tmp_path: Path, convert: Convert
) -> None:
    tree, detections = random_problem(seed)
    convert(tree)
    results = tmp_path / "results.json"
    results.write_text(json.dumps(detections))
    found = evaluate(tmp_path / "lvis.json", results)
    for iou_type, metrics in (("segm", found.segm), ("bbox", found.box)):
        expected = ap_of_pycocotools(tmp_path / "coco.json", results, iou_type)
        assert 0.05 < expected < 0.95
        assert metrics["AP"] == pytest.approx(expected, abs=1e-12)


def test_lvis_api_opens_what_pycocotools_had(
    coco: Record, convert: Convert, tmp_path: Path
) -> None:
    for annotation in coco["annotations"]:
        del annotation["area"], annotation["bbox"]
    convert(coco)
    before, after = COCO(str(tmp_path / "coco.json")), LVIS(str(tmp_path / "lvis.json"))
    assert after.get_img_ids() == before.getImgIds()
    for annotation in after.load_anns(after.get_ann_ids()):
        mask = before.annToRLE(before.anns[annotation["id"]])
        assert annotation["area"] == coco_mask.area(mask)
        assert annotation["bbox"] == coco_mask.toBbox(mask).tolist()
        assert after.ann_to_rle(annotation) == mask


def test_training_reads_every_category_as_labelled(
    coco: Record, convert: Convert, tmp_path: Path
) -> None:
    convert(coco)
    annotations = open_annotations(tmp_path / "lvis.json")
    assert annotations.warnings == ()
    present = [annotations.present(i).tolist() for i in range(3)]
    assert present == [[0], [0, 1], []]
    assert [annotations.absent(i).tolist() for i in range(3)] == [[1], [], [0, 1]]
    assert annotations.categories.image_count.tolist() == [2, 1]
    assert annotations.categories.instance_count.tolist() == [3, 1]


def test_crowd_is_no_instance_and_its_category_not_exhaustive(
    coco: Record, convert: Convert
) -> None:
    runs = {"size": [40, 60], "counts": [0, 400, 2000]}
    coco["annotations"][3] |= {"segmentation": runs, "iscrowd": 1}
    found = convert(coco)
    assert [annotation["id"] for annotation in found["annotations"]] == [5, 6, 7]
    image = found["images"][1]
    assert (image["neg_category_ids"], image["not_exhaustive_category_ids"]) == ([], [4])
    assert [category["image_count"] for category in found["categories"]] == [2, 0]


@pytest.mark.slow
def test_detection_of_a_crowd_is_not_counted_as_wrong(
    coco: Record, convert: Convert, tmp_path: Path
) -> None:
    crowd = coco["annotations"][1] | {"id": 77, "bbox": [30, 20, 20, 15], "iscrowd": 1}
    crowd["segmentation"] = [[30, 20, 50, 20, 50, 35, 30, 35]]
    coco["annotations"].append(crowd)
    results = [
        {key: annotation[key] for key in ("image_id", "category_id", "bbox", "segmentation")}
        | {"score": 0.9 if annotation is crowd else 0.5}
        for annotation in coco["annotations"]
    ]
    (tmp_path / "results.json").write_text(json.dumps(results))
    convert(coco)
    found = evaluate(tmp_path / "lvis.json", tmp_path / "results.json", official=True)
    assert found.segm["AP"] == found.box["AP"] == pytest.approx(1)
    assert found.official is not None and found.official["segm"]["AP"] == pytest.approx(1)


def test_same_input_gives_the_same_bytes(coco: Record, convert: Convert, tmp_path: Path) -> None:
    convert(coco, out="a.json")
    convert(coco, out="b.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_all_faults_are_told_at_once(coco: Record, refused: Callable[..., str]) -> None:
    coco["images"][0]["id"] = "three"
    coco["categories"][1]["name"] = 4
    coco["annotations"][2] |= {"bbox": [1, 2, 3], "iscrowd": "no"}
    error = refused(coco)
    for fault in (
        "4 kinds of problem",
        "images.id: a text; result files have numbers at images[0]: 'three'",
        "categories.name: not a text",
        "annotations.image_id: unknown id at annotation 5: 3, annotation 6: 3",
        "annotations.iscrowd: neither 0 nor 1",
    ):
        assert fault in error


def test_shares_become_two_files_with_the_counts_of_training(tmp_path: Path) -> None:
    tree, _ = random_problem(3)
    (tmp_path / "coco.json").write_text(json.dumps(tree))
    words = [str(tmp_path / "coco.json"), str(tmp_path / "data"), "--val-share", "0.25"]
    assert exit_code(main, "coco", *words) == 0
    train, val = (
        json.loads((tmp_path / "data" / f"{n}.json").read_text()) for n in ("train", "val")
    )
    assert (len(train["images"]), len(val["images"])) == (6, 2)
    ids = [image["id"] for part in (train, val) for image in part["images"]]
    assert sorted(ids) == list(range(1, 9))
    assert len(train["annotations"]) + len(val["annotations"]) == 60
    assert val["categories"] == train["categories"]
    held = [annotation["category_id"] for annotation in train["annotations"]]
    counts = [category["instance_count"] for category in train["categories"]]
    assert counts == [held.count(category) for category in (2, 3, 5)]
