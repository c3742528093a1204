"""Annotation files as other tools write them: training opens them, and numbers are lvis-api's."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pycocotools.mask
import pytest

from longtail.data.lvis.annotations import Annotations, open_annotations
from longtail.data.lvis.evaluation_faults import faults_for_evaluation
from longtail.data.lvis.segmentation import Polygons, Rle
from longtail.evaluation.lvis import evaluate
from longtail.predictions.image_set import ImageSet
from longtail.problems import BadInputError

Record = dict[str, Any]
LvisApi = Callable[..., dict[str, float]]

HEIGHT, WIDTH = 60, 80


def outlined(x: float, y: float, width: float, height: float) -> Record:
    corners = [x, y, x + width, y, x + width, y + height, x, y + height]
    return {"bbox": [x, y, width, height], "area": width * height, "segmentation": [corners]}


def scene() -> Record:
    """Three images of two squares of 18 pixels each; the labels of no category are complete."""
    lists: dict[str, list[int]] = {"neg_category_ids": [], "not_exhaustive_category_ids": []}
    size = {"height": HEIGHT, "width": WIDTH}
    squares = [
        {"image_id": image + 1, "category_id": (image + left) % 3 + 1}
        | outlined(8 + 5 * image + 24 * left, 10 + 4 * left, 18, 18)
        for image in range(3)
        for left in (0, 1)
    ]
    counts = zip("rcf", (3, 40, 400), (5, 80, 900), strict=True)
    return {
        "images": [{"id": i, "file_name": f"p{i}.png", **size, **lists} for i in (1, 2, 3)],
        "annotations": [{"id": i, "iscrowd": 0, **of} for i, of in enumerate(squares, start=1)],
        "categories": [
            {"id": i, "name": f"thing{i}", "frequency": f, "image_count": n, "instance_count": m}
            for i, (f, n, m) in enumerate(counts, start=1)
        ],
    }


def results() -> list[Record]:
    """Detections of the squares, those of the second image a little beside them."""
    found = []
    for annotation in scene()["annotations"]:
        x, y, *_ = annotation["bbox"]
        x += 4 if annotation["image_id"] == 2 else 0
        bitmap = np.zeros((HEIGHT, WIDTH), dtype=np.uint8, order="F")
        bitmap[int(y) : int(y) + 18, int(x) : int(x) + 18] = 1
        mask = pycocotools.mask.encode(bitmap)
        mask["counts"] = mask["counts"].decode()
        keys = {key: annotation[key] for key in ("image_id", "category_id")}
        score = 0.9 - 0.01 * len(found)
        found.append(keys | {"score": score, "bbox": [x, y, 18, 18], "segmentation": mask})
    return found


def written(folder: Path, tree: Record) -> Path:
    path = folder / "gt.json"
    path.write_text(json.dumps(tree))
    return path


def numbers(folder: Path, path: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Masks and boxes of `results`, evaluated by us."""
    predictions = folder / "dt.json"
    predictions.write_text(json.dumps(results()))
    evaluation = evaluate(path, predictions)
    return evaluation.segm, evaluation.box


def opened(path: Path) -> Annotations:
    annotations = open_annotations(path)
    assert faults_for_evaluation(annotations, exhaustive=False).errors == []
    return annotations


def with_a_box_below_the_image(tree: Record) -> None:
    tree["annotations"][5] |= outlined(50.2, 40.1, 20.0, 28.4)


def with_a_polygon_left_of_the_image(tree: Record) -> None:
    tree["annotations"][0] |= outlined(-4, 10, 30, 18)


def with_a_flat_box(tree: Record) -> None:
    tree["annotations"][3] |= outlined(29, 21.2, 5.33, 0)


def with_a_flat_box_that_has_an_area(tree: Record) -> None:
    tree["annotations"][3] |= outlined(29, 21.2, 5.33, 0) | {"area": 2.5}


def without_masks(tree: Record) -> None:
    for annotation, nothing in zip(tree["annotations"], ([], None) * 3, strict=True):
        annotation["segmentation"] = nothing


def with_lists_of_runs(tree: Record) -> None:
    for annotation in tree["annotations"]:
        x, y = (int(side) for side in annotation["bbox"][:2])
        column = [18, HEIGHT - 18]
        runs = [x * HEIGHT + y, *(column * 17), 18, (WIDTH - x - 17) * HEIGHT - y - 18]
        annotation["segmentation"] = {"size": [HEIGHT, WIDTH], "counts": runs}


def with_a_crowd(tree: Record) -> None:
    with_lists_of_runs(tree)
    tree["annotations"][1]["iscrowd"] = 1


Change = Callable[[Record], None]
EVALUATED: dict[str, tuple[Change, int, int]] = {
    "box_outside": (with_a_box_below_the_image, 6, 2),
    "polygon_outside": (with_a_polygon_left_of_the_image, 6, 2),
    "zero_size_box": (with_a_flat_box, 5, 1),
    "zero_size_box_with_area": (with_a_flat_box_that_has_an_area, 5, 1),
    "runs_as_lists": (with_lists_of_runs, 6, 0),
    "crowd": (with_a_crowd, 5, 1),
}
"""What the file has: instances of training, and warnings of it."""


@pytest.mark.parametrize("case", EVALUATED)
def test_what_official_tools_take_is_trained_on_and_evaluated_as_by_lvis_api(
    case: str, tmp_path: Path, lvis_api: LvisApi
) -> None:
    change, num_instances, num_warnings = EVALUATED[case]
    tree = scene()
    change(tree)
    path = written(tmp_path, tree)
    annotations = opened(path)
    assert annotations.num_instances == num_instances
    assert len(annotations.warnings) == num_warnings
    segm, box = numbers(tmp_path, path)
    assert segm == lvis_api(path, results(), "segm")
    assert box == lvis_api(path, results(), "bbox")


def test_what_overshoots_its_image_is_clipped_in_training_alone(tmp_path: Path) -> None:
    tree = scene()
    with_a_box_below_the_image(tree)
    with_a_polygon_left_of_the_image(tree)
    annotations = opened(written(tmp_path, tree))
    first, last = annotations.instances(0), annotations.instances(2)
    assert first.boxes[0].tolist() == [0, 10, 26, 28]
    assert last.boxes[1].tolist() == [50.2, 40.1, 70.2, 60]
    clipped = first.segmentations[0]
    assert isinstance(clipped, Polygons)
    assert (clipped.rings[0].min(), clipped.rings[0].max()) == (0, 28)
    assert annotations.written.boxes[0].tolist() == [-4, 10, 30, 18]


def test_what_lies_wholly_outside_is_left_out_of_training(tmp_path: Path) -> None:
    tree = scene()
    tree["annotations"][0] |= outlined(90, 10, 18, 18)
    tree["annotations"][1]["segmentation"] = [[90, 10, 95, 10, 95, 30]]
    annotations = opened(written(tmp_path, tree))
    assert annotations.instances(0).ids.tolist() == []
    assert annotations.present(0).tolist() == []
    assert annotations.annotated(0).tolist() == [0, 1]
    assert [len(annotations.images_of(label)) for label in range(3)] == [1, 1, 2]
    assert annotations.num_annotated_images == 2


def test_lists_of_runs_become_the_compressed_masks_of_pycocotools(tmp_path: Path) -> None:
    tree = scene()
    with_lists_of_runs(tree)
    runs = tree["annotations"][0]["segmentation"]
    expected = pycocotools.mask.frPyObjects(runs, HEIGHT, WIDTH)["counts"]
    found = opened(written(tmp_path, tree)).instances(0).segmentations[0]
    assert found == Rle(expected, HEIGHT, WIDTH)
    assert expected.decode() == results()[0]["segmentation"]["counts"]


def test_a_crowd_is_left_out_of_training_and_stays_verified(tmp_path: Path) -> None:
    tree = scene()
    with_a_crowd(tree)
    path = written(tmp_path, tree)
    annotations = open_annotations(path, exhaustive=True)
    assert annotations.instances(0).ids.tolist() == [1]
    assert (annotations.present(0).tolist(), annotations.absent(0).tolist()) == ([0], [2])
    [warning] = annotations.warnings
    assert warning.field == "annotations.iscrowd"
    assert warning.remedy.startswith("python -m longtail.data.convert coco")


def test_empty_lists_are_boxes_alone(tmp_path: Path, lvis_api: LvisApi) -> None:
    tree = scene()
    without_masks(tree)
    path = written(tmp_path, tree)
    annotations = opened(path)
    assert annotations.warnings == ()
    assert annotations.instances(0).segmentations == [None, None]
    segm, box = numbers(tmp_path, path)
    assert segm["AP"] == -1
    assert box == lvis_api(path, results(), "bbox")


def test_a_mask_here_and_there_is_trained_on_and_not_evaluated(tmp_path: Path) -> None:
    tree = scene()
    tree["annotations"][0]["segmentation"] = []
    del tree["annotations"][2]["segmentation"]
    path = written(tmp_path, tree)
    annotations = open_annotations(path)
    assert [annotations.has_masks(i) for i in range(3)] == [False, False, True]
    with pytest.raises(BadInputError, match=r"annotation 1 of image 1, annotation 3 of image 2\n"):
        numbers(tmp_path, path)


def test_missing_federated_lists_are_trained_on_and_not_evaluated(tmp_path: Path) -> None:
    tree = scene()
    for image in tree["images"]:
        del image["neg_category_ids"], image["not_exhaustive_category_ids"]
    path = written(tmp_path, tree)
    assert [warning.count for warning in open_annotations(path).warnings] == [3, 3]
    with pytest.raises(BadInputError, match="give --exhaustive"):
        numbers(tmp_path, path)
    exhaustive = open_annotations(path, exhaustive=True)
    assert exhaustive.warnings == ()
    assert [exhaustive.absent(i).tolist() for i in range(3)] == [[2], [0], [1]]


def test_a_file_of_a_float_table_has_whole_numbers(tmp_path: Path, lvis_api: LvisApi) -> None:
    tree = scene()
    for name in ("images", "annotations", "categories"):
        for record in tree[name]:
            record |= {key: float(v) for key, v in record.items() if isinstance(v, int)}
    path = written(tmp_path, tree)
    assert opened(path).instances(0).ids.tolist() == [1, 2]
    assert ImageSet.from_json(path).ids.tolist() == [1, 2, 3]
    segm, _ = numbers(tmp_path, path)
    assert segm == lvis_api(path, results(), "segm")


def zipped(text: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("lvis_v1_val.json", text)
    return content.getvalue()


@pytest.mark.parametrize(
    "packed",
    [
        zipped,
        gzip.compress,
        lambda text: b"\xef\xbb\xbf" + text,
        lambda text: gzip.compress(b"\xef\xbb\xbf" + text),
    ],
    ids=["zip", "gzip", "mark", "gzip-mark"],
)
def test_packed_files_are_what_they_pack(packed: Callable[[bytes], bytes], tmp_path: Path) -> None:
    plain = written(tmp_path, scene())
    expected = numbers(tmp_path, plain)
    path = tmp_path / "lvis_v1_val.json.packed"
    path.write_bytes(packed(plain.read_bytes()))
    assert numbers(tmp_path, path) == expected
    predictions = tmp_path / "dt.json"
    evaluation = evaluate(path, predictions, official=True, train_annotations=path)
    assert evaluation.disagreements() == []
    assert opened(path).instances(0).boxes.tolist() == opened(plain).instances(0).boxes.tolist()
    assert opened(path).digest != opened(plain).digest


def test_short_polygons_are_passed_over_and_the_others_count(tmp_path: Path) -> None:
    tree = scene()
    expected = numbers(tmp_path, written(tmp_path, tree))
    tree["annotations"][0]["segmentation"].insert(0, [1, 2, 3, 4])
    tree["annotations"][3]["segmentation"].append([])
    path = written(tmp_path, tree)
    [warning] = opened(path).warnings
    assert (warning.what, warning.count) == (
        "a polygon of under 3 points, which is passed over",
        2,
    )
    assert numbers(tmp_path, path) == expected
