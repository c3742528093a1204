"""Small files as tools export them, each with the habits of its exporter."""

from collections.abc import Callable
from typing import Any

Record = dict[str, Any]
Convert = Callable[..., Record]
Printed = Callable[[], str]


def test_cvat(convert: Convert) -> None:
    """Folders and blanks in names, crowds as lists of runs, attributes, ids of 0 for licences."""
    common = {"license": 0, "flickr_url": "", "coco_url": "", "date_captured": 0}
    ring = [2.5, 1.0, 8.5, 1.0, 8.5, 4.0, 2.5, 4.0]
    known = {"image_id": 1, "attributes": {"occluded": False, "rotation": 0.0}}
    tree = {
        "licenses": [{"name": "", "id": 0, "url": ""}],
        "info": {"contributor": "", "date_created": "", "year": ""},
        "categories": [{"id": 1, "name": "duck", "supercategory": ""}],
        "images": [
            {"id": 1, "width": 10, "height": 6, "file_name": "lake east/IMG 07.jpg", **common}
        ],
        "annotations": [
            {
                "id": 1,
                "category_id": 1,
                "segmentation": [ring],
                "area": 18.0,
                "bbox": [2.5, 1.0, 6.0, 3.0],
                "iscrowd": 0,
                **known,
            },
            {
                "id": 2,
                "category_id": 1,
                "segmentation": {"counts": [0, 12, 48], "size": [6, 10]},
                "area": 12.0,
                "bbox": [0.0, 0.0, 2.0, 6.0],
                "iscrowd": 1,
                **known,
            },
        ],
    }
    found = convert(tree)
    (image,) = found["images"]
    assert image["file_name"] == "lake east/IMG 07.jpg"
    assert image["not_exhaustive_category_ids"] == [1]
    (annotation,) = found["annotations"]
    assert annotation == {
        "id": 1,
        "image_id": 1,
        "category_id": 1,
        "segmentation": [ring],
        "bbox": [2.5, 1.0, 6.0, 3.0],
        "area": 18.0,
    }
    assert found["categories"][0]["supercategory"] == ""


def test_label_studio(convert: Convert) -> None:
    """Ids from 0, an empty list for boxes, folders as Windows writes them."""
    box = {"segmentation": [], "bbox": [1.5, 2.0, 4.0, 3.0], "ignore": 0, "iscrowd": 0}
    tree = {
        "images": [{"width": 20, "height": 10, "id": 0, "file_name": "images\\a1-b c.jpg"}],
        "categories": [{"id": 0, "name": "Car"}],
        "annotations": [
            {"id": number, "image_id": 0, "category_id": 0, "area": 12.0, **box}
            for number in range(3)
        ],
        "info": {"year": 2024, "version": "1.0", "contributor": "Label Studio"},
    }
    found = convert(tree)
    assert found["images"][0]["file_name"] == "images/a1-b c.jpg"
    assert [annotation["id"] for annotation in found["annotations"]] == [3, 1, 2]
    assert not any("segmentation" in annotation for annotation in found["annotations"])
    assert found["categories"][0]["instance_count"] == 3


def test_roboflow(convert: Convert, capsys: Any) -> None:
    """A first category that is the supercategory of the others, ids from 0, names with a hash."""
    name = "IMG_2_jpg.rf.3f2a9c.jpg"
    ring = [5, 5, 9, 5, 9, 9]
    tree = {
        "info": {"year": "2025", "version": "3", "description": "Exported from roboflow.com"},
        "licenses": [{"id": 1, "url": "", "name": "CC BY 4.0"}],
        "categories": [
            {"id": 0, "name": "fruits", "supercategory": "none"},
            {"id": 1, "name": "apple", "supercategory": "fruits"},
        ],
        "images": [
            {
                "id": 0,
                "license": 1,
                "file_name": name,
                "height": 20,
                "width": 20,
                "extra": {"name": "IMG_2.jpg"},
            }
        ],
        "annotations": [
            {
                "id": 0,
                "image_id": 0,
                "category_id": 1,
                "bbox": [5, 5, 4, 4],
                "area": 8,
                "segmentation": [ring],
                "iscrowd": 0,
            }
        ],
    }
    found = convert(tree)
    assert [category["image_count"] for category in found["categories"]] == [0, 1]
    assert found["images"][0]["neg_category_ids"] == [0]
    assert [annotation["id"] for annotation in found["annotations"]] == [1]
    assert "as Roboflow writes one: kept" in " ".join(capsys.readouterr().out.split())


def test_labelme_by_sahi(convert: Convert) -> None:
    """Category ids from 0, whole numbers, absolute names, boxes beside polygons."""
    ring = [4, 4, 12, 4, 12, 10, 4, 10]
    annotation = {"iscrowd": 0, "image_id": 1, "category_id": 0, "id": 1, "area": 48}
    tree = {
        "images": [{"height": 16, "width": 16, "id": 1, "file_name": "/home/me/set/01.png"}],
        "annotations": [
            annotation | {"bbox": [4, 4, 8, 6], "segmentation": [ring]},
            annotation | {"bbox": [4, 4, 8, 6], "segmentation": [], "id": 2},
        ],
        "categories": [{"id": 0, "name": "leaf", "supercategory": "leaf"}],
    }
    found = convert(tree)
    assert found["images"][0]["file_name"] == "/home/me/set/01.png"
    assert [annotation["category_id"] for annotation in found["annotations"]] == [0, 0]
    assert ["segmentation" in annotation for annotation in found["annotations"]] == [True, False]


def test_table_that_wrote_whole_numbers_with_a_point(convert: Convert, coco: Record) -> None:
    """As pandas does: 139.0 for 139, sizes as texts."""
    for image in coco["images"]:
        image |= {"id": float(image["id"]), "height": "40", "width": 60.0}
    for annotation in coco["annotations"]:
        for key in ("id", "image_id", "category_id", "iscrowd"):
            annotation[key] = float(annotation[key])
    found = convert(coco)
    assert [type(image[key]) for image in found["images"] for key in ("id", "width")] == [int] * 6
    assert [image["height"] for image in found["images"]] == [40, 40, 40]
    assert [annotation["id"] for annotation in found["annotations"]] == [5, 6, 7, 9]
    assert {type(annotation["image_id"]) for annotation in found["annotations"]} == {int}
