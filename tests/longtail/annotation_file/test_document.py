"""A file cut into its lists, and what is said of one that is no annotation file."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from longtail.annotation_file.document import map_annotation_file
from longtail.problems import BadInputError, ProblemReport

SMALL = b'{"info": {}, "images": [{"id": 3}, {"id": 5}], "categories": []}'


def zipped(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "val.json"
    path.write_bytes(content)
    return path


def test_lists_stay_text_until_they_are_asked_for(tmp_path: Path) -> None:
    file = map_annotation_file(written(tmp_path, SMALL))
    assert [bytes(record) for record in file.split("images")] == [b'{"id": 3}', b'{"id": 5}']
    assert bytes(file.text("categories")) == b"[]"
    assert file.categories() == []
    assert file.has("images") and not file.has_annotations


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + SMALL,
        gzip.compress(SMALL),
        zipped({"lvis_v1_val.json": SMALL}),
        gzip.compress(b"\xef\xbb\xbf" + SMALL),
    ],
    ids=["mark", "gzip", "zip", "both"],
)
def test_packed_files_and_marks_are_told_by_content(content: bytes, tmp_path: Path) -> None:
    file = map_annotation_file(written(tmp_path, content))
    assert [bytes(record) for record in file.split("images")] == [b'{"id": 3}', b'{"id": 5}']


@pytest.mark.parametrize("key", ["annotation", "Annotations", "anotations", "ANNOTATION"])
def test_a_misspelt_key_is_told_beside_the_right_one(key: str, tmp_path: Path) -> None:
    content = SMALL.replace(b'"info": {}', b'"info": {}, "%s": []' % key.encode())
    file, report = map_annotation_file(written(tmp_path, content)), ProblemReport("")
    assert file.misspelt("annotations") == key and not file.has_annotations
    file.report_misspelt(report)
    [warning] = report.warnings
    assert warning.field == "annotations" and repr(key) in warning.what
    assert warning.remedy == "write it 'annotations'"


def test_keys_that_mean_something_else_are_not_misspelt(tmp_path: Path) -> None:
    content = SMALL.replace(b'"info": {}', b'"info": {}, "licenses": [], "type": "instances"')
    assert map_annotation_file(written(tmp_path, content)).misspelt("annotations") is None


def test_a_misspelt_list_that_is_needed_is_named(tmp_path: Path) -> None:
    file = map_annotation_file(written(tmp_path, SMALL.replace(b"images", b"image")))
    with pytest.raises(BadInputError, match="`images`; it has 'image': write 'images'"):
        file.split("images")


def test_no_numbers_are_texts_and_texts_stay(tmp_path: Path) -> None:
    content = rb'{"images": [NaN, -Infinity, "a \" NaN", "Infinity"], "x": [Infinity]}'
    file = map_annotation_file(written(tmp_path, content))
    assert [bytes(record) for record in file.split("images")] == [
        b'"NaN"', b'"-Infinity"', rb'"a \" NaN"', b'"Infinity"',
    ]  # fmt: skip


def test_a_list_without_a_record_is_there(tmp_path: Path) -> None:
    assert map_annotation_file(written(tmp_path, b'{"annotations": []}')).has_annotations


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    file = map_annotation_file(written(tmp_path, SMALL))
    with pytest.raises(BadInputError, match=r"val\.json: .* missing required field `annotations`"):
        file.split("annotations")


@pytest.mark.parametrize("text", [b"null", b"{}", b"1"])
def test_a_list_of_another_type_is_named(text: bytes, tmp_path: Path) -> None:
    file = map_annotation_file(written(tmp_path, b'{"annotations": %s}' % text))
    with pytest.raises(BadInputError, match=r"val\.json: annotations: Expected `array`, got `"):
        file.split("annotations")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "the file is empty", id="empty"),
        pytest.param(b"\xef\xbb\xbf", "the file is empty", id="mark alone"),
        pytest.param(gzip.compress(SMALL, mtime=0)[:-9], "damaged gzip", id="gzip"),
        pytest.param(b"PK\x03\x04....", "unusable zip", id="zip"),
        pytest.param(zipped({"a": SMALL, "b": SMALL}), "the zip holds 2 files", id="two files"),
        pytest.param(SMALL.decode().encode("utf-16"), "save it as UTF-8", id="UTF-16"),
        pytest.param(SMALL.replace(b"3", b"Nan"), "not JSON: .* line 1, near", id="Nan"),
        pytest.param(SMALL[:-1], "the file is cut off", id="cut off"),
        pytest.param(b"[" * 100_000, "got `array`", id="a list"),
        pytest.param(b'{"x": ' + b"[" * 100_000, "nested too deeply", id="deep"),
    ],
)
def test_other_files_are_told_with_a_remedy(content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=rf"val\.json: .*{message}"):
        map_annotation_file(written(tmp_path, content))
