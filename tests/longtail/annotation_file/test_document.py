"""A file cut into its lists, and what is said of one that is no annotation file."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from longtail.annotation_file.document import (
    AnnotationFile,
    load_annotation_file,
    map_annotation_file,
)
from longtail.problems import BadInputError

READERS = [map_annotation_file, load_annotation_file]
Reader = Callable[[Path], AnnotationFile]
SMALL = b'{"info": {}, "images": [{"id": 3}, {"id": 5}], "categories": []}'


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "val.json"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("reader", READERS)
def test_lists_stay_text_until_they_are_asked_for(reader: Reader, tmp_path: Path) -> None:
    file = reader(written(tmp_path, SMALL))
    assert [bytes(record) for record in file.split("images")] == [b'{"id": 3}', b'{"id": 5}']
    assert bytes(file.text("categories")) == b"[]"
    assert file.categories() == []
    assert file.has("images") and not file.has_annotations


def test_a_list_without_a_record_is_there(tmp_path: Path) -> None:
    assert map_annotation_file(written(tmp_path, b'{"annotations": []}')).has_annotations


def test_a_loaded_file_may_change_before_its_records_are_decoded(tmp_path: Path) -> None:
    path = written(tmp_path, SMALL)
    file = load_annotation_file(path)
    path.write_bytes(b"")
    assert len(file.split("images")) == 2


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    file = map_annotation_file(written(tmp_path, SMALL))
    with pytest.raises(BadInputError, match=r"val\.json: .* missing required field `annotations`"):
        file.split("annotations")


@pytest.mark.parametrize("text", [b"null", b"{}", b"1"])
def test_a_list_of_another_type_is_named(text: bytes, tmp_path: Path) -> None:
    file = map_annotation_file(written(tmp_path, b'{"annotations": %s}' % text))
    with pytest.raises(BadInputError, match=r"val\.json: annotations: Expected `array`, got `"):
        file.split("annotations")


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "the file is empty", id="empty"),
        pytest.param(b"\xef\xbb\xbf" + SMALL, "byte order mark, which stops lvis-api", id="mark"),
        pytest.param(gzip.compress(SMALL, mtime=0), "compressed with gzip: unpack it", id="gzip"),
        pytest.param(b"PK\x03\x04....", "a zip archive: unpack it", id="zip"),
        pytest.param(SMALL.decode().encode("utf-16"), "not JSON: .* line 1, near", id="UTF-16"),
        pytest.param(SMALL.replace(b"3", b"NaN"), "NaN and Infinity are no JSON", id="NaN"),
        pytest.param(SMALL[:-1], "the file is cut off", id="cut off"),
        pytest.param(b"[" * 100_000, "got `array`", id="a list"),
        pytest.param(b'{"x": ' + b"[" * 100_000, "nested too deeply", id="deep"),
    ],
)
def test_other_files_are_told_with_a_remedy(
    reader: Reader, content: bytes, message: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInputError, match=rf"val\.json: .*{message}"):
        reader(written(tmp_path, content))
