import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from support.places import SHARED

from longtail.data.lvis.annotations import (
    Annotations,
    default_cache_dir,
    open_annotations,
    resolve_image,
)
from longtail.data.lvis.segmentation import Polygons, Rle
from longtail.problems import BadInputError

needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data")
REAL_FILES = (
    "real200/train.json",
    "real200/val.json",
    "real200/boxes_only.json",
    "real200/unlabelled.json",
    "lvis_val_100.json",
)

TRIANGLE = [10.12, 10.0, 20.0, 10.07, 15.0, 19.99]
SQUARE = [30, 30, 40, 30, 40, 40, 30, 40]


def category(identifier: int, frequency: str) -> dict[str, Any]:
    counts = {"image_count": 1, "instance_count": 1}
    return {"id": identifier, "name": f"name {identifier}", "frequency": frequency, **counts}


def image(identifier: int, **fields: Any) -> dict[str, Any]:
    size = {"height": 60, "width": 80, "file_name": f"{identifier}.jpg"}
    lists: dict[str, list[int]] = {"neg_category_ids": [], "not_exhaustive_category_ids": []}
    return {"id": identifier, **size, **lists, **fields}


def annotation(identifier: int, image_id: int, category_id: int, **fields: Any) -> dict[str, Any]:
    box = {"bbox": [10, 10.5, 20, 5], "area": 60.5}
    return {
        "id": identifier, "image_id": image_id, "category_id": category_id,
        "segmentation": [TRIANGLE], **box, **fields,
    }  # fmt: skip


CATEGORIES = [category(9, "f"), category(2, "r"), category(5, "c")]
# By index: image 0 is 3, image 1 is 7 (without instances), image 2 is 8.
IMAGES = [
    image(8, neg_category_ids=[9, 2, 9], not_exhaustive_category_ids=[5]),
    image(3),
    image(7, neg_category_ids=[5]),
]
ANNOTATIONS = [
    annotation(1, 8, 5),
    annotation(2, 3, 9, segmentation=[TRIANGLE, SQUARE]),
    annotation(3, 8, 5, bbox=[30, 30, 10, 10]),
    annotation(4, 3, 2),
]


def opened(tmp_path: Path, annotations: list[dict[str, Any]] | None = None) -> Annotations:
    path = tmp_path / "train.json"
    records = ANNOTATIONS if annotations is None else annotations
    content = {"annotations": records, "images": IMAGES, "categories": CATEGORIES}
    path.write_text(json.dumps(content))
    return open_annotations(path, tmp_path / "cache")


def test_images_are_ordered_by_id(tmp_path: Path) -> None:
    annotations = opened(tmp_path)
    assert annotations.image_ids.tolist() == [3, 7, 8]
    assert annotations.heights.tolist() == [60, 60, 60]
    assert annotations.widths.tolist() == [80, 80, 80]
    assert [annotations.file_name(i) for i in range(3)] == ["3.jpg", "7.jpg", "8.jpg"]


def test_numbers_count_images_instances_and_annotated_images(tmp_path: Path) -> None:
    annotations = opened(tmp_path)
    assert annotations.num_images == 3
    assert annotations.num_instances == 4
    assert annotations.num_annotated_images == 2
    assert annotations.instances_per_category().tolist() == [1, 2, 1]


def test_instances_of_an_image_keep_the_order_of_the_file(tmp_path: Path) -> None:
    annotations = opened(tmp_path)
    first, last = annotations.instances(0), annotations.instances(2)
    assert first.ids.tolist() == [2, 4]
    assert first.labels.tolist() == [2, 0]
    assert last.ids.tolist() == [1, 3]
    assert last.labels.tolist() == [1, 1]
    assert last.boxes.tolist() == [[10, 10.5, 30, 15.5], [30, 30, 40, 40]]
    assert last.areas.tolist() == [60.5, 60.5]


def test_an_image_without_annotations_has_empty_columns(tmp_path: Path) -> None:
    instances = opened(tmp_path).instances(1)
    assert instances.boxes.shape == (0, 4)
    assert instances.labels.shape == instances.ids.shape == instances.areas.shape == (0,)
    assert instances.segmentations == []


def test_columns_of_an_image_may_be_changed_without_changing_the_file(tmp_path: Path) -> None:
    annotations = opened(tmp_path)
    annotations.instances(0).boxes[:] = 0
    assert annotations.instances(0).boxes[0].tolist() == [10, 10.5, 30, 15.5]


def test_polygons_keep_every_ring_and_digit(tmp_path: Path) -> None:
    segmentation = opened(tmp_path).instances(0).segmentations[0]
    assert isinstance(segmentation, Polygons)
    assert [ring.ravel().tolist() for ring in segmentation.rings] == [TRIANGLE, SQUARE]
    assert segmentation.rings[0].shape == (3, 2)


def test_run_length_masks_keep_their_bytes(tmp_path: Path) -> None:
    frame = np.zeros((60, 80), dtype=np.uint8, order="F")
    frame[10:20, 5:15] = 1
    counts: bytes = coco_mask.encode(frame)["counts"]
    rle = {"size": [60, 80], "counts": counts.decode()}
    records = [annotation(1, 3, 9), *(annotation(i, 3, 9, segmentation=rle) for i in (2, 3))]
    polygons, first, second = opened(tmp_path, records).instances(0).segmentations
    assert isinstance(polygons, Polygons)
    assert first == second == Rle(counts, 60, 80)


@pytest.mark.parametrize("fields", [{}, {"segmentation": None}], ids=["no field", "null"])
def test_instances_may_have_a_box_only(fields: dict[str, Any], tmp_path: Path) -> None:
    boxed = {key: value for key, value in annotation(5, 3, 9).items() if key != "segmentation"}
    annotations = opened(tmp_path, [*ANNOTATIONS, boxed | fields])
    assert annotations.instances(0).segmentations[2] is None
    assert [annotations.has_masks(i) for i in range(3)] == [False, True, True]


def test_present_and_listed_categories_are_ascending_indices(tmp_path: Path) -> None:
    annotations = opened(tmp_path)
    assert [annotations.present(i).tolist() for i in range(3)] == [[0, 2], [], [1]]
    assert [annotations.absent(i).tolist() for i in range(3)] == [[], [1], [0, 2]]
    assert [annotations.not_exhaustive(i).tolist() for i in range(3)] == [[], [], [1]]


def test_labels_per_image_and_images_of_a_label_are_inverse(tmp_path: Path) -> None:
    annotations = opened(tmp_path)
    offsets, labels = annotations.labels_per_image()
    assert offsets.tolist() == [0, 2, 2, 3]
    assert labels.tolist() == [0, 2, 1]
    assert [annotations.images_of(label).tolist() for label in range(3)] == [[0], [2], [0]]


def test_a_box_that_overshoots_by_rounding_is_clipped_without_a_word(tmp_path: Path) -> None:
    annotations = opened(tmp_path, [annotation(1, 3, 9, bbox=[-2, -2, 84, 64])])
    assert annotations.instances(0).boxes.tolist() == [[0, 0, 80, 60]]
    assert annotations.warnings == ()


def test_a_second_opening_does_not_parse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    annotations = opened(tmp_path)
    monkeypatch.setattr("longtail.data.lvis.annotations._read", None)
    again = open_annotations(annotations.path, tmp_path / "cache")
    assert again.digest == annotations.digest
    assert again.instances(0).ids.tolist() == [2, 4]


def test_a_changed_file_is_parsed_anew(tmp_path: Path) -> None:
    assert opened(tmp_path).num_instances == 4
    assert opened(tmp_path, ANNOTATIONS[:1]).num_instances == 1


def test_a_pickled_copy_maps_the_same_columns(tmp_path: Path) -> None:
    content = pickle.dumps(opened(tmp_path))
    assert len(content) < 1000
    assert pickle.loads(content).instances(2).ids.tolist() == [1, 3]


def test_the_cache_is_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGTAIL_CACHE", str(tmp_path))
    assert default_cache_dir() == tmp_path / "annotations"
    monkeypatch.delenv("LONGTAIL_CACHE")
    assert default_cache_dir() == Path.home() / ".cache/longtail/annotations"


def written(tmp_path: Path, content: dict[str, Any]) -> Path:
    path = tmp_path / "file.json"
    path.write_text(json.dumps(content))
    return path


def test_a_test_file_needs_neither_annotations_nor_counts(tmp_path: Path) -> None:
    content = {
        "images": [{"id": 4, "height": 10, "width": 10, "file_name": "4.jpg"}],
        "categories": [{"id": 1, "name": "one"}],
    }
    annotations = open_annotations(written(tmp_path, content), tmp_path / "cache")
    assert annotations.num_images == 1
    assert annotations.num_instances == annotations.num_annotated_images == 0
    assert annotations.warnings == ()
    assert not annotations.categories.has_counts


def test_a_file_without_images_is_empty(tmp_path: Path) -> None:
    path = written(tmp_path, {"images": [], "categories": CATEGORIES, "annotations": []})
    annotations = open_annotations(path, tmp_path / "cache")
    assert annotations.num_images == annotations.num_instances == 0
    assert annotations.images_of(0).tolist() == []


COCO_URL = "http://images.cocodataset.org/val2017/000000266409.jpg"


def test_lvis_v1_images_are_named_by_their_url(tmp_path: Path) -> None:
    picture = image(1, coco_url=COCO_URL)
    del picture["file_name"]
    path = written(tmp_path, {"images": [picture], "categories": CATEGORIES})
    annotations = open_annotations(path, tmp_path / "cache")
    assert annotations.file_name(0) == "val2017/000000266409.jpg"


@pytest.mark.parametrize(
    "stored_at",
    [
        "COCO_val2014_000000266409.jpg",
        "val2017/000000266409.jpg",
        "000000266409.jpg",
    ],
)
def test_lvis_v05_images_are_found_under_either_name(stored_at: str, tmp_path: Path) -> None:
    picture = image(1, file_name="COCO_val2014_000000266409.jpg", coco_url=COCO_URL)
    path = written(tmp_path, {"images": [picture], "categories": CATEGORIES})
    annotations = open_annotations(path, tmp_path / "cache")
    stored = tmp_path / "images" / stored_at
    with pytest.raises(BadInputError, match="image not found"):
        annotations.image_path(0, tmp_path / "images")
    stored.parent.mkdir(parents=True)
    stored.touch()
    assert annotations.image_path(0, tmp_path / "images") == stored


def test_an_image_is_looked_for_by_its_whole_name_first(tmp_path: Path) -> None:
    (tmp_path / "train2017").mkdir()
    (tmp_path / "1.jpg").touch()
    assert resolve_image(tmp_path, "train2017/1.jpg") == tmp_path / "1.jpg"
    (tmp_path / "train2017/1.jpg").touch()
    assert resolve_image(tmp_path, "train2017/1.jpg") == tmp_path / "train2017/1.jpg"


def test_a_missing_image_is_an_error_that_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"not found, tried .*train2017/1.jpg, .*/1.jpg; name"):
        resolve_image(tmp_path, "train2017/1.jpg")


@needs_shared
@pytest.mark.parametrize("name", REAL_FILES)
def test_counts_of_a_real_file_equal_those_of_its_json(name: str, tmp_path: Path) -> None:
    content = json.loads((SHARED / name).read_text())
    annotations = open_annotations(SHARED / name, tmp_path)
    annotated = {record["image_id"] for record in content["annotations"]}
    assert annotations.num_images == len(content["images"])
    assert annotations.num_instances == len(content["annotations"])
    assert annotations.num_annotated_images == len(annotated)
    assert len(annotations.categories) == len(content["categories"])
    assert annotations.image_ids.tolist() == sorted(record["id"] for record in content["images"])


@needs_shared
@pytest.mark.parametrize("name", REAL_FILES)
def test_instances_of_a_real_file_equal_those_of_its_json(name: str, tmp_path: Path) -> None:
    content = json.loads((SHARED / name).read_text())
    annotations = open_annotations(SHARED / name, tmp_path)
    by_id = {record["id"]: record for record in content["annotations"]}
    for i in range(annotations.num_images):
        instances = annotations.instances(i)
        records = [by_id.pop(identifier) for identifier in instances.ids.tolist()]
        boxes = [[x, y, x + w, y + h] for x, y, w, h in (record["bbox"] for record in records)]
        sides = [[0], [annotations.widths[i], annotations.heights[i]] * 2]
        boxes = np.clip(np.array(boxes).reshape(-1, 4), *sides).tolist()
        categories = annotations.categories.ids[instances.labels].tolist()
        assert {record["image_id"] for record in records} <= {annotations.image_ids[i]}
        assert instances.boxes.tolist() == boxes
        assert instances.areas.tolist() == [record["area"] for record in records]
        assert categories == [record["category_id"] for record in records]
        assert [rings_of(segmentation) for segmentation in instances.segmentations] == [
            record.get("segmentation") for record in records
        ]
    assert not by_id


def rings_of(segmentation: Any) -> list[list[float]] | None:
    if segmentation is None:
        return None
    assert isinstance(segmentation, Polygons)
    return [ring.ravel().tolist() for ring in segmentation.rings]


@needs_shared
@pytest.mark.parametrize("name", REAL_FILES)
def test_federated_lists_of_a_real_file_equal_those_of_its_json(name: str, tmp_path: Path) -> None:
    content = json.loads((SHARED / name).read_text())
    annotations = open_annotations(SHARED / name, tmp_path)
    ids = annotations.categories.ids
    images = sorted(content["images"], key=lambda record: record["id"])
    for i, record in enumerate(images):
        absent = ids[annotations.absent(i)].tolist()
        not_exhaustive = ids[annotations.not_exhaustive(i)].tolist()
        assert absent == sorted(record.get("neg_category_ids", []))
        assert not_exhaustive == sorted(record.get("not_exhaustive_category_ids", []))


@needs_shared
def test_a_real_file_without_masks_says_so(tmp_path: Path) -> None:
    annotations = open_annotations(SHARED / "real200/boxes_only.json", tmp_path)
    assert not any(annotations.has_masks(i) for i in range(annotations.num_images))


def test_a_cache_that_is_no_folder_is_told_from_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = opened(tmp_path).path
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="set LONGTAIL_CACHE to a folder with room"):
        open_annotations(path, tmp_path / "file")
    with pytest.raises(FileNotFoundError, match=r"nothere\.json"):
        open_annotations(tmp_path / "nothere.json", tmp_path / "cache")
