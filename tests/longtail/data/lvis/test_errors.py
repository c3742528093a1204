"""Malformed annotation files and what is said of them."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from longtail.data.lvis.annotations import Annotations, open_annotations
from longtail.problems import BadInputError

Content = dict[str, Any]
Change = Callable[[Content], object]

SOUND: Content = {
    "images": [
        {
            "id": image,
            "height": 60,
            "width": 80,
            "file_name": f"{image}.jpg",
            "neg_category_ids": [],
            "not_exhaustive_category_ids": [],
        }
        for image in (3, 8)
    ],
    "annotations": [
        {
            "id": annotation,
            "image_id": 3,
            "category_id": 5,
            "bbox": [10, 10, 20, 20],
            "area": 100,
            "segmentation": [[10, 10, 20, 10, 15, 20]],
        }
        for annotation in (1, 2)
    ],
    "categories": [
        {
            "id": 5,
            "name": "five",
            "frequency": "f",
            "image_count": 200,
            "instance_count": 300,
        }
    ],
}


def image(**fields: Any) -> Change:
    return lambda content: content["images"][0].update(fields)


def annotation(**fields: Any) -> Change:
    return lambda content: content["annotations"][0].update(fields)


def rle(counts: Any, size: Any = (60, 80)) -> Change:
    return annotation(segmentation={"size": size, "counts": counts})


def without(table: str, field: str) -> Change:
    return lambda content: content[table][1].pop(field)


def repeated(table: str) -> Change:
    return lambda content: content[table].append(content[table][0])


def replaced(field: str, value: Any) -> Change:
    return lambda content: content.update({field: value})


def opened(content: Content, tmp_path: Path) -> Annotations:
    path = tmp_path / "train.json"
    path.write_text(json.dumps(content))
    return open_annotations(path, tmp_path / "cache")


# Situation: (change of a sound file, field, fault, offenders, remedy).
FAULTS: dict[str, tuple[Change, str, str, str, str]] = {
    "two images with one id": (
        repeated("images"), "images.id", "ids that occur twice", "3", "renumber the records",
    ),
    "an image without a size": (
        without("images", "height"), "images.height", "missing", "images[1]", "add the field",
    ),
    "an image of height 0": (
        image(height=0), "images.height", "Expected `int` >= 1", "images[0]", "correct the value",
    ),
    "an image too wide for any memory": (
        image(width=10**9), "images.width", "Expected `int` <= 65535", "images[0]", "correct",
    ),
    "an image too large for a mask": (
        image(width=65_535, height=65_535), "images", "2**31 pixels or more", "image 3",
        "height and width are right",
    ),
    "an image with a text for an id": (
        image(id="3"), "images.id", "a text in place of a whole number", "images[0]",
        "write the whole number without quotes",
    ),
    "an image id over 64 bits": (
        image(id=2**70), "images.id", "Expected `int` <= 9223372036854775807", "images[0]", "corr",
    ),
    "two annotations with one id": (
        repeated("annotations"), "annotations.id", "ids that occur twice", "1", "renumber",
    ),
    "an annotation of an unknown image": (
        annotation(image_id=4), "annotations.image_id", "unknown id", "annotation 1: 4",
        "remove the annotation, or add the record it names",
    ),
    "an annotation of an unknown category": (
        annotation(category_id=1), "annotations.category_id", "unknown id", "annotation 1: 1",
        "remove the annotation, or add the record it names",
    ),
    "an annotation without a box": (
        without("annotations", "bbox"), "annotations.bbox", "missing", "annotations[1]", "add the",
    ),
    "an annotation without an area": (
        without("annotations", "area"), "annotations.area", "missing", "annotations[1]", "add the",
    ),
    "a negative area": (
        annotation(area=-1), "annotations.area", "negative", "annotation 1 of image 3", "area is",
    ),
    "a box of three numbers": (
        annotation(bbox=[1, 2, 3]), "annotations.bbox", "Expected `array` of length 4",
        "annotations[0]", "correct the value",
    ),
    "a box of negative width": (
        annotation(bbox=[10, 10, -1, 5]), "annotations.bbox", "negative width or height",
        "annotation 1 of image 3", "[x, y, width, height]",
    ),
    "an area that is a text": (
        annotation(area="80"), "annotations.area", "a text in place of a number",
        "annotations[0]", "write the number without quotes",
    ),
    "a box with NaN": (
        annotation(bbox=[1, 2, float("nan"), 4]), "annotations.bbox[]",
        "NaN or Infinity in place of a number", "annotations[0]", "write a number, or leave",
    ),
    "a polygon with half a point": (
        annotation(segmentation=[[1, 1, 2, 2, 3, 3, 4]]), "annotations.segmentation",
        "a polygon of odd length", "annotation 1 of image 3", "give x and y of every point",
    ),
    "a polygon with a text for a number": (
        annotation(segmentation=[[1, 1, 2, 2, 3, "3"]]), "annotations.segmentation[][]",
        "a text in place of a number", "annotations[0]", "write the number without quotes",
    ),
    "a polygon that is not nested in a list": (
        annotation(segmentation=[1, 1, 2, 2, 3, 3]), "annotations.segmentation[]",
        "Expected `array`, got `int`", "annotations[0]", "correct the value",
    ),
    "a polygon with a point far outside": (
        annotation(segmentation=[[1, 1, 2, 2, 3, 1e9]]), "annotations.segmentation",
        "a vertex over 4 image sides outside", "annotation 1 of image 3", "remove the annotation",
    ),
    "a run-length mask of another size": (
        rle("l1", (80, 60)), "annotations.segmentation",
        "a run-length mask of another size than its image", "annotation 1 of image 3",
        "encode the mask at the image's [height, width]",
    ),
    "a truncated run-length mask": (
        rle("PPP"), "annotations.segmentation", "malformed run-length mask: counts is truncated",
        "annotation 1 of image 3", "encode the mask again",
    ),
    "a run-length mask of other characters": (
        rle("\u00e9"), "annotations.segmentation", "malformed run-length mask",
        "annotation 1 of image 3", "encode the mask again",
    ),
    "runs that do not fill the image": (
        rle([4000, 700]), "annotations.segmentation", "malformed run-length mask: the runs",
        "annotation 1 of image 3", "encode the mask again",
    ),
    "a run-length mask without counts": (
        annotation(segmentation={"size": [60, 80]}), "annotations.segmentation.counts", "missing",
        "annotations[0]", "add the field",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "field", "fault", "offenders", "remedy"), FAULTS.values(), ids=FAULTS.keys()
)
def test_a_faulty_record_is_refused_with_field_offender_and_remedy(
    change: Change, field: str, fault: str, offenders: str, remedy: str, tmp_path: Path
) -> None:
    content = copy.deepcopy(SOUND)
    change(content)
    with pytest.raises(BadInputError) as error:
        opened(content, tmp_path)
    head, first, at, fix = str(error.value).split("\n")
    assert head == f"{tmp_path / 'train.json'}: 1 kind of problem"
    assert first.startswith(f"  {field}: {fault}")
    assert at == f"    at {offenders}"
    assert fix.startswith("    fix: ") and remedy in fix


TEXTS: dict[str, tuple[str | bytes, str]] = {
    "an empty file": ("", "the file is empty; fetch or write it again"),
    "a file that is no JSON": ("id,name\n", "not JSON: .* line 1, near 'id,name"),
    "a damaged compressed file": (b"\x1f\x8b\x08\x00", "damaged gzip"),
    "a file that was cut off": ('{"images": [{"id": 1}', "the file is cut off"),
    "a list of annotations": ("[]", "Expected `object`, got `array`; an LVIS file is one JSON"),
    "no images": ('{"annotations": [], "categories": []}', "missing required field `images`"),
    "no categories": ('{"images": []}', "missing required field `categories`"),
    "categories that are no list": (
        '{"images": [], "categories": {}}', "categories: Expected `array`, got `object`",
    ),
    "images that are no list": (
        json.dumps(SOUND | {"images": {}}), "images: Expected `array`, got `object`",
    ),
    "annotations that are null": (
        json.dumps(SOUND | {"annotations": None}), "annotations: Expected `array`, got `null`",
    ),
    "NaN in place of a list": ('{"images": NaN, "categories": []}', "images: Expected `array`"),
    "a trailing comma": ('{"images": [],\n "categories": [],}', "not JSON: .* line 2"),
    "lists without end": ('{"images": ' + "[" * 100_000, "lists nested too deeply"),
    "broken text in a name": (
        json.dumps(SOUND).encode().replace(b"3.jpg", b"\xff.jpg"),
        r"images: 'utf-8' codec can't decode .*\n    at images\[0\]",
    ),
    "a number over every double": (
        json.dumps(SOUND).replace("100", "1e999"),
        r"annotations.area: Number out of range\n    at annotations\[0\], annotations\[1\]\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), TEXTS.values(), ids=TEXTS.keys())
def test_a_file_that_is_not_in_the_format_is_refused(
    text: str | bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "train.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BadInputError, match=message) as error:
        open_annotations(path, tmp_path / "cache")
    assert str(error.value).startswith(f"{path}: ")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"train\.json"):
        open_annotations(tmp_path / "train.json", tmp_path / "cache")


def test_faults_of_a_category_are_those_of_the_category_table(tmp_path: Path) -> None:
    content = copy.deepcopy(SOUND)
    del content["categories"][0]["image_count"]
    with pytest.raises(BadInputError, match=r"categories\.image_count: missing"):
        opened(content, tmp_path)


def test_faults_of_every_list_are_told_at_once_with_the_most_frequent_first(tmp_path: Path) -> None:
    content = copy.deepcopy(SOUND)
    del content["categories"][0]["image_count"]
    content["images"][1]["height"] = 0
    annotation(image_id=4, segmentation=[[1, 2, 3]])(content)
    content["annotations"][1].update(image_id=8, area="1")
    sound = SOUND["annotations"][0]
    content["annotations"] += [sound | {"id": i, "bbox": [0, 0, -1, 2]} for i in (7, 8, 9)]
    with pytest.raises(BadInputError) as error:
        opened(content, tmp_path)
    fields = [line.split(":")[0].strip() for line in str(error.value).split("\n")[1::3]]
    assert fields == [
        "annotations.bbox",
        "categories.image_count",
        "images.height",
        "annotations.area",
        "annotations.segmentation",
        "annotations.image_id",
    ]


def test_what_refers_to_a_faulty_record_is_not_told_again(tmp_path: Path) -> None:
    content = copy.deepcopy(SOUND)
    image(height=0)(content)
    content["categories"].append({"id": "6", "name": "six"})
    content["annotations"][0]["category_id"] = 6
    with pytest.raises(BadInputError) as error:
        opened(content, tmp_path)
    assert "annotations" not in str(error.value)


def test_a_few_of_many_offenders_are_named_and_all_are_counted(tmp_path: Path) -> None:
    record = SOUND["annotations"][0]
    many = [record | {"id": i, "bbox": [0, 0, -1, 1]} for i in range(1, 26)]
    with pytest.raises(BadInputError) as error:
        opened(SOUND | {"annotations": many}, tmp_path)
    offenders = str(error.value).split("\n")[2]
    assert offenders.count("of image 3") == 5
    assert offenders.endswith("... (25 in all)")


def test_a_faulty_file_leaves_no_cache_and_is_refused_again(tmp_path: Path) -> None:
    content = SOUND | {"annotations": [SOUND["annotations"][0]] * 2}
    for _ in range(2):
        with pytest.raises(BadInputError, match="ids that occur twice"):
            opened(content, tmp_path)
    assert not [path for path in (tmp_path / "cache").iterdir() if path.is_dir()]


WARNINGS: dict[str, tuple[Change, str, str, str]] = {
    "a category both absent and annotated": (
        image(neg_category_ids=[5]), "images.neg_category_ids",
        "lists a category of which the image has instances", "image 3",
    ),
    "no list of absent categories": (
        without("images", "neg_category_ids"), "images.neg_category_ids",
        "missing: read as empty in training, refused by evaluation", "image 8",
    ),
    "no list of categories that are labelled incompletely": (
        without("images", "not_exhaustive_category_ids"), "images.not_exhaustive_category_ids",
        "missing: read as empty in training, refused by evaluation", "image 8",
    ),
    "an unknown category in neg_category_ids": (
        image(neg_category_ids=[6, -1, 6]), "images.neg_category_ids",
        "unknown category ids, which mean nothing", "image 3: category 6",
    ),
    "an unknown category in not_exhaustive_category_ids": (
        image(not_exhaustive_category_ids=[0]), "images.not_exhaustive_category_ids",
        "unknown category ids, which mean nothing", "image 3: category 0",
    ),
    "an annotation id of 0": (
        annotation(id=0), "annotations.id",
        "id 0: lvis-api takes a match with it for a false positive; here it is a match", "0",
    ),
    "a box without width": (
        annotation(bbox=[10, 10, 0, 5]), "annotations.bbox",
        "width or height 0: left out of training, evaluated if area is over 0",
        "annotation 1 of image 3",
    ),
    "a box that leaves the image": (
        annotation(bbox=[-2.01, 0, 5, 5]), "annotations.bbox",
        "over 2 pixels outside the image: clipped in training", "annotation 1 of image 3",
    ),
    "a box beyond every number": (
        annotation(bbox=[0, 0, 1e308, 1e308]), "annotations.bbox",
        "over 2 pixels outside the image: clipped in training", "annotation 1 of image 3",
    ),
    "a box wholly outside": (
        annotation(bbox=[80, 0, 5, 5]), "annotations.bbox",
        "wholly outside the image: left out of training, evaluated as it is",
        "annotation 1 of image 3",
    ),
    "a polygon that leaves the image": (
        annotation(segmentation=[[1, 1, 2, 2, 3, 63]]), "annotations.segmentation",
        "over 2 pixels outside the image: clipped in training", "annotation 1 of image 3",
    ),
    "a polygon wholly outside": (
        annotation(segmentation=[[-9, 1, 0, 2, -9, 63]]), "annotations.segmentation",
        "wholly outside the image: left out of training, evaluated as it is",
        "annotation 1 of image 3",
    ),
    "a polygon of two points": (
        annotation(segmentation=[[1, 1, 2, 2], [1, 1, 2, 2, 3, 3]]), "annotations.segmentation",
        "a polygon of under 3 points, which is passed over", "annotation 1 of image 3",
    ),
    "a crowd": (
        annotation(iscrowd=True), "annotations.iscrowd",
        "crowds: left out of training, as in detectron2; ordinary instances in evaluation, as in"
        " lvis-api", "annotation 1 of image 3",
    ),
    "a rare category with more images than a frequent one": (
        lambda content: content["categories"].append(
            SOUND["categories"][0]
            | {"id": 6, "name": "six", "frequency": "c", "image_count": 201}
        ),
        "categories.frequency", "c, with a larger image_count than the smallest of f",
        "category 6",
    ),
    "two categories of one name": (
        lambda content: content["categories"].append(SOUND["categories"][0] | {"id": 6}),
        "categories.name", "empty, or the name of another category too", "category 5: 'five'",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "field", "what", "offender"), WARNINGS.values(), ids=WARNINGS.keys()
)
def test_an_odd_file_is_read_with_a_warning(
    change: Change, field: str, what: str, offender: str, tmp_path: Path
) -> None:
    content = copy.deepcopy(SOUND)
    change(content)
    for _ in range(2):
        [warning] = opened(content, tmp_path).warnings
        assert (warning.field, warning.what, warning.offenders[0]) == (field, what, offender)


def test_warnings_are_logged_when_the_file_is_parsed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    content = copy.deepcopy(SOUND)
    image(neg_category_ids=[5])(content)
    opened(content, tmp_path)
    assert "images.neg_category_ids: lists a category" in caplog.text
    caplog.clear()
    opened(content, tmp_path)
    assert caplog.text == ""


def test_a_sound_file_has_no_warnings(tmp_path: Path) -> None:
    assert opened(SOUND, tmp_path).warnings == ()
