"""Annotations: what is mended, computed, renumbered and refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pycocotools import mask as coco_mask
from support.commands.in_process import exit_code

from longtail.data.convert.__main__ import main
from longtail.data.convert.outlines import UnusableOutlineError, mend_outline

Record = dict[str, Any]
Convert = Callable[..., Record]
Refused = Callable[..., str]


def only(coco: Record, **fields: Any) -> Record:
    """The tree with its first annotation alone, changed."""
    annotation = coco["annotations"][0] | fields
    kept = {key: value for key, value in annotation.items() if value is not ...}
    return coco | {"annotations": [kept]}


def test_ids_with_gaps_stay_and_unusable_ones_follow_the_largest(
    coco: Record, convert: Convert
) -> None:
    for annotation, new in zip(coco["annotations"], (0, 31, 31, None), strict=True):
        annotation["id"] = new
    assert [annotation["id"] for annotation in convert(coco)["annotations"]] == [32, 31, 33, 34]


def test_annotation_id_may_be_a_text_for_nothing_refers_to_it(
    coco: Record, convert: Convert
) -> None:
    assert convert(only(coco, id="a7f3"))["annotations"][0]["id"] == 1


def test_area_of_an_instance_without_a_mask_is_that_of_its_box(
    coco: Record, convert: Convert
) -> None:
    (found,) = convert(only(coco, segmentation=..., area=None, bbox=[1, 2, 2.5, 4]))["annotations"]
    assert (found["area"], found["bbox"]) == (10.0, [1, 2, 2.5, 4])


def test_box_and_area_that_the_file_has_are_kept_to_the_last_digit(
    coco: Record, convert: Convert
) -> None:
    box, area = [4.10000000000001, 5, 9.3, 10.7], 98.76543210987
    (found,) = convert(only(coco, bbox=box, area=area))["annotations"]
    assert (found["bbox"], found["area"]) == (box, area)


def test_runs_as_a_list_are_compressed_as_pycocotools_does(coco: Record, convert: Convert) -> None:
    rle = {"size": [40, 60], "counts": [205.0, 10, 30, 10, 2145]}
    (found,) = convert(only(coco, segmentation=rle, area=..., bbox=...))["annotations"]
    expected = coco_mask.frPyObjects({"size": [40, 60], "counts": [205, 10, 30, 10, 2145]}, 40, 60)
    assert found["segmentation"]["counts"] == expected["counts"].decode()
    assert found["area"] == coco_mask.area(expected) == 20
    assert found["bbox"] == coco_mask.toBbox(expected).tolist() == [5, 5, 2, 10]


@pytest.mark.parametrize(
    ("segmentation", "expected"),
    [
        ([[1, 1, 9, 9], [4, 5, 14, 5, 14, 15]], [[4, 5, 14, 5, 14, 15]]),
        ([4, 5, 14, 5, 14, 15], [[4, 5, 14, 5, 14, 15]]),
        ([[1, 1, 9, 9]], None),
        ([[]], None),
        ([], None),
        ({}, None),
    ],
)
def test_rings_are_mended(segmentation: Any, expected: Any, coco: Record, convert: Convert) -> None:
    (found,) = convert(only(coco, segmentation=segmentation))["annotations"]
    assert found.get("segmentation") == expected


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"image_id": 77}, "annotations.image_id: unknown id at annotation 5: 77"),
        ({"category_id": "cat"}, "annotations.category_id: missing, or no number"),
        ({"segmentation": [[1, 2, 3, 4, 5, 6, 7]]}, "a polygon that is no list of x, y, x, y, ..."),
        ({"segmentation": [[[1, 2], [3, 4], [5, 6]]]}, "a polygon that is no list of x, y"),
        ({"segmentation": "AAA"}, "annotations.segmentation: neither polygons nor runs"),
        (
            {"segmentation": {"size": [60, 40], "counts": [0, 2400]}},
            "a run-length mask of another size than its image: [60, 40] at annotation 5 of image 3"
            " fix: encode it at the image's [height, width]: [40, 60]",
        ),
        (
            {"segmentation": {"size": [40, 60], "counts": [0, 2000]}},
            "do not add up to height x width",
        ),
        ({"segmentation": {"size": [40, 60], "counts": "@@"}}, "malformed run-length mask"),
        ({"segmentation": ..., "bbox": []}, "annotations.bbox: neither a box nor a mask"),
        ({"bbox": [1, 2, "3", 4]}, "annotations.bbox: not four numbers"),
        ({"area": "large"}, "annotations.area: no number at annotation 5 of image 3: 'large'"),
        (
            {"segmentation": [[4, 5, 14, 5, 14, 9e6]], "area": ...},
            "points that are not finite or far off the image",
        ),
        ({"iscrowd": 2}, "annotations.iscrowd: neither 0 nor 1"),
    ],
)
def test_what_cannot_be_mended_is_named(
    fields: Record, fault: str, coco: Record, refused: Refused
) -> None:
    assert fault in refused(only(coco, **fields))


def test_ignored_instances_stay_ignored(coco: Record, convert: Convert) -> None:
    assert convert(only(coco, ignore=1))["annotations"][0]["ignore"] == 1


def test_what_refers_to_a_faulty_image_is_not_told_again(
    coco: Record, refused: Refused, tmp_path: Path
) -> None:
    (tmp_path / "photos").mkdir()
    message = refused(coco, "--images", str(tmp_path / "photos"))
    assert "1 kind of problem" in message and "no such file" in message


@pytest.mark.parametrize(
    ("digits", "message"),
    [
        (400, "annotations.area: no number at annotation 7 of image 8"),
        (5000, "annotations: Integer value out of range at annotations[2] fix: correct"),
    ],
)
def test_a_number_that_no_float_holds_is_told_with_its_record(
    digits: int, message: str, coco: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    coco["annotations"][2]["area"] = 123
    path = tmp_path / "coco.json"
    path.write_text(json.dumps(coco).replace("123", "1" * digits))
    assert exit_code(main, "coco", str(path), str(tmp_path / "lvis.json")) == 3
    assert message in " ".join(capsys.readouterr().err.split())


def test_a_vertex_that_is_no_number_is_refused() -> None:
    with pytest.raises(UnusableOutlineError, match="a vertex that is no number"):
        mend_outline([[1.0, 2.0, float("inf"), 2.0, 3.0, 4.0]], (10, 10))
