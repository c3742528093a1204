"""Annotation files: what is refused, what is left out, what is passed on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from longtail.evaluation.annotations.ground_truth import read_ground_truth
from longtail.problems import BadInputError

Record = dict[str, Any]


LISTS = ("neg_category_ids", "not_exhaustive_category_ids")


def content() -> Record:
    size = {"height": 40, "width": 50, "neg_category_ids": [], "not_exhaustive_category_ids": [1]}
    square = {"segmentation": [[1, 1, 9, 1, 9, 9, 1, 9]], "bbox": [1, 1, 8, 8], "area": 64}
    return {
        "images": [{"id": 7, **size}, {"id": 3, **size}],
        "categories": [
            {"id": 1, "name": "a", "frequency": "r", "image_count": 1, "instance_count": 5}
        ],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 1, **square},
            {"id": 2, "image_id": 3, "category_id": 1, **square},
            {"id": 3, "image_id": 7, "category_id": 1, **square},
        ],
    }


@pytest.fixture
def save(tmp_path: Path) -> Callable[[Record], Path]:
    def write(tree: Record) -> Path:
        path = tmp_path / "val.json"
        path.write_text(json.dumps(tree))
        return path

    return write


Save = Callable[[Record], Path]


def test_images_come_by_id_and_instances_in_file_order(save: Save) -> None:
    truth = read_ground_truth(save(content()))
    assert [image["id"] for image in truth.image_dicts(range(2))] == [3, 7]
    assert [a["id"] for a in truth.annotation_dicts(range(2), with_masks=True)] == [2, 1, 3]
    assert truth.num_instances == 3
    assert truth.warnings == ()


def test_outlines_that_are_none_are_refused_before_anything_is_evaluated(save: Save) -> None:
    tree = content()
    tree["annotations"][0]["segmentation"] = "nonsense"
    tree["annotations"][1]["segmentation"] = [[0, 0, 1, 1, 2, 1e7]]
    with pytest.raises(BadInputError, match=r"(?s)annotations\[0\].*annotation 2 of image 3"):
        read_ground_truth(save(tree))


def test_ground_truth_without_area_is_left_out_and_makes_no_category_present(save: Save) -> None:
    tree = content()
    tree["annotations"][1]["area"] = 0
    truth = read_ground_truth(save(tree))
    assert truth.num_instances == 2
    assert truth.judged_pairs.tolist() == [1]


def test_ignored_instances_get_an_area_outside_every_range(save: Save) -> None:
    tree = content()
    tree["annotations"][1] |= {"ignore": 1, "iscrowd": 1}
    truth = read_ground_truth(save(tree))
    annotation = truth.annotation_dicts(range(1), with_masks=False)[0]
    assert annotation["area"] == truth.areas[0] > 1e10
    assert annotation["iscrowd"] == 0
    assert "segmentation" not in annotation


def test_boxes_only_files_have_no_masks(save: Save) -> None:
    tree = content()
    for annotation, nothing in zip(tree["annotations"], (None, [], None), strict=True):
        annotation["segmentation"] = nothing
    del tree["annotations"][2]["segmentation"]
    assert not read_ground_truth(save(tree)).has_masks


def test_counts_of_the_file_itself_are_warned_of(save: Save) -> None:
    tree = content()
    tree["categories"][0]["instance_count"] = 3
    assert "--train-annotations" in read_ground_truth(save(tree)).warnings[0]


def test_a_file_without_annotations_is_refused(save: Save) -> None:
    with pytest.raises(BadInputError, match="evaluation needs annotations"):
        read_ground_truth(save(content() | {"annotations": []}))


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ("images", "height"),
        ("annotations", "area"),
        ("annotations", "bbox"),
    ],
)
def test_a_missing_field_is_named_with_its_record(save: Save, part: str, field: str) -> None:
    tree = content()
    del tree[part][1][field]
    with pytest.raises(BadInputError, match=rf"{part}\.{field}: missing\n    at {part}\[1\]\n"):
        read_ground_truth(save(tree))


@pytest.mark.parametrize("fields", [LISTS[:1], LISTS[1:], LISTS], ids="-".join)
def test_missing_federated_lists_are_one_fault_that_names_the_option(
    save: Save, fields: tuple[str, ...]
) -> None:
    tree = content()
    for field in fields:
        del tree["images"][0][field]
    with pytest.raises(BadInputError, match=f"1 kind of problem\n  images.{', '.join(fields)}: m"):
        read_ground_truth(save(tree))
    with pytest.raises(BadInputError, match=r"(?s)at image 7\n.*give --exhaustive if"):
        read_ground_truth(save(tree))
    assert read_ground_truth(save(tree), exhaustive=True).num_instances == 3


def test_faults_for_evaluation_come_together(save: Save) -> None:
    tree = content()
    del tree["images"][0]["neg_category_ids"]
    tree["images"][1]["id"] = tree["annotations"][1]["image_id"] = 2**53
    tree["annotations"][2] |= {"id": 2**53, "segmentation": None}
    with pytest.raises(BadInputError) as error:
        read_ground_truth(save(tree))
    fields = [line.split(":")[0].strip() for line in str(error.value).split("\n")[1::3]]
    assert fields == [
        "images.neg_category_ids", "images.id", "annotations.id", "annotations.segmentation",
    ]  # fmt: skip


def test_an_annotation_without_area_needs_no_mask(save: Save) -> None:
    tree = content()
    tree["annotations"][1] |= {"area": 0, "segmentation": []}
    assert read_ground_truth(save(tree)).has_masks


def test_an_empty_file_with_a_misspelt_list_is_refused_with_its_key(save: Save) -> None:
    tree = content()
    tree["annotation"] = tree.pop("annotations")
    with pytest.raises(BadInputError, match="the file has 'annotation', which nothing reads"):
        read_ground_truth(save(tree))


def test_what_changes_an_evaluation_is_a_warning_of_it(save: Save) -> None:
    tree = content()
    tree["annotations"][0] |= {"iscrowd": 1, "id": 0}
    tree["annotations"][1]["segmentation"] = [[1, 1, 9, 1, 9, 9], [1, 2, 3, 4]]
    tree["annotations"][2]["bbox"] = [45, 1, 8, 8]
    tree["images"][0]["neg_category_ids"] = [99]
    warnings = read_ground_truth(save(tree)).warnings
    fields = [warning.split(":")[0] for warning in warnings]
    assert fields == [
        "annotations.segmentation",
        "annotations.id",
        "images.neg_category_ids",
        "annotations.iscrowd",
    ]
    assert warnings[0].endswith(
        "passed over (1: annotation 2 of image 3); remove the polygon; an instance without another"
        " one has a box only"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": 1}, "annotations.id: ids that occur twice"),
        ({"id": -1}, r"annotations.id: Expected `int` >= 0\n    at annotations\[1\]"),
        (
            {"image_id": 2**53},
            r"annotations.image_id: unknown id\n    at annotation 2: 90071",
        ),
        ({"id": 2**53}, r"annotations.id: 2\*\*53 or more"),
        ({"category_id": 2**64}, r"annotations.category_id: Expected `int` <="),
        ({"image_id": 4}, r"annotations.image_id: unknown id\n    at annotation 2: 4"),
        ({"category_id": 4}, r"annotations.category_id: unknown id\n    at annotation 2: 4"),
        ({"bbox": [1, 1, -8, 8]}, "annotations.bbox: negative width or height"),
        ({"area": -1}, "annotations.area: negative"),
        (
            {"segmentation": []},
            r"no mask, where other annotations have one\n    at annotation 2",
        ),
    ],
)
def test_contradictory_records_are_refused(save: Save, change: Record, message: str) -> None:
    tree = content()
    tree["annotations"][1] |= change
    with pytest.raises(BadInputError, match=message):
        read_ground_truth(save(tree))


def test_an_empty_list_over_two_lines_is_no_mask(tmp_path: Path) -> None:
    tree = content()
    for annotation in tree["annotations"]:
        annotation["segmentation"] = []
    path = tmp_path / "val.json"
    path.write_text(json.dumps(tree).replace("[]", "[\n ]"))
    assert not read_ground_truth(path).has_masks


def test_categories_that_a_federated_list_alone_has_mean_nothing(save: Save) -> None:
    tree = content()
    tree["images"][0] |= {"neg_category_ids": [99], "not_exhaustive_category_ids": [98]}
    assert read_ground_truth(save(tree)).judged_pairs.tolist() == [0, 1]


def test_boxes_may_leave_their_image_and_have_no_extent(save: Save) -> None:
    tree = content()
    tree["annotations"][0]["bbox"] = [45, 35, 90, 0]
    assert read_ground_truth(save(tree)).num_instances == 3


def test_text_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "val.json"
    path.write_bytes(json.dumps(content()).encode().replace(b'"name": "a"', b'"name": "\xff"'))
    with pytest.raises(BadInputError, match="categories: 'utf-8' codec"):
        read_ground_truth(path)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"images": []}', '{"a": 1e999}', "[" * 100000])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "val.json"
    path.write_text(text)
    with pytest.raises(BadInputError, match=r"val\.json"):
        read_ground_truth(path)


def two_categories(**of_images: list[int]) -> Record:
    tree = content()
    tree["categories"].append(tree["categories"][0] | {"id": 2, "name": "b"})
    sizes = {"height": 40, "width": 50}
    tree["images"] = [{"id": 7, **sizes, **of_images}, {"id": 3, **sizes, **of_images}]
    return tree


@pytest.mark.parametrize(
    "lists",
    [{}, {"neg_category_ids": []}, {"neg_category_ids": [2], "not_exhaustive_category_ids": [1]}],
    ids=["missing", "empty", "complete"],
)
def test_every_pair_is_judged_in_a_file_that_is_labelled_exhaustively(
    save: Save, lists: dict[str, list[int]]
) -> None:
    truth = read_ground_truth(save(two_categories(**lists)), exhaustive=True)
    assert truth.judged_pairs.tolist() == [0, 1, 2, 3]
    assert [truth.absent_ids(rank) for rank in range(2)] == [[2], [2]]
    not_exhaustive = [image.not_exhaustive_category_ids for image in truth.image_records]
    assert not_exhaustive == [lists.get("not_exhaustive_category_ids", [])] * 2


def test_federated_lists_contradict_exhaustive_labels(save: Save) -> None:
    tree = two_categories(neg_category_ids=[])
    tree["categories"].append(tree["categories"][0] | {"id": 3, "name": "c"})
    tree["images"][0]["neg_category_ids"] = [2]
    with pytest.raises(BadInputError, match=r"(?s)neg_category_ids.*image 7.*--exhaustive"):
        read_ground_truth(save(tree), exhaustive=True)


def test_a_category_that_is_not_labelled_completely_may_be_off_the_list_of_absent_ones(
    save: Save,
) -> None:
    tree = two_categories(neg_category_ids=[2], not_exhaustive_category_ids=[1])
    tree["annotations"] = tree["annotations"][:1]
    assert len(read_ground_truth(save(tree), exhaustive=True).judged_pairs) == 4
