import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longtail.predictions.result_json import stream as json_stream
from longtail.predictions.result_json.stream import read_blocks
from longtail.problems import BadInputError

Write = Callable[[Any], Path]
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


def values_of(path: Path, block_bytes: int) -> list[Any]:
    return [
        json.loads(block.record(row))
        for block in read_blocks(path, block_bytes)
        for row in range(len(block.ends))
    ]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(JSON_VALUES, max_size=6),
    indent=st.none() | st.integers(0, 3),
    block_bytes=st.integers(1, 60),
)
def test_any_list_is_cut_at_its_own_commas(
    write: Write, values: list[Any], indent: int | None, block_bytes: int
) -> None:
    path = write(json.dumps(values, indent=indent, ensure_ascii=False).encode())
    assert values_of(path, block_bytes) == values


@pytest.mark.parametrize("block_bytes", [1, 2, 3, 5, 1000])
def test_brackets_quotes_and_backslashes_in_strings_cut_nothing(
    write: Write, block_bytes: int
) -> None:
    values = ['a],["', "\\", '\\"', "}{,", {"k\\": ["]", "\\\\"]}]
    assert values_of(write(values), block_bytes) == values


def test_records_are_numbered_through_all_blocks(write: Write) -> None:
    blocks = list(read_blocks(write([1] * 10), block_bytes=7))
    assert len(blocks) > 2
    numbers = [block.first + i for block in blocks for i in range(len(block.ends))]
    assert numbers == list(range(10))


def test_gzip_is_known_by_its_first_bytes(write: Write) -> None:
    assert values_of(write(gzip.compress(b"[1, [2]]")), 3) == [1, [2]]


def test_white_space_and_a_byte_order_mark_are_skipped(write: Write) -> None:
    assert values_of(write(b"\xef\xbb\xbf" + b" \n" * 3000 + b"[ 1 ]\n \n"), 7) == [1]


@pytest.mark.parametrize("content", [b"[]", b" [ ] ", b"[\n\n\n]"])
def test_an_empty_list_has_no_record(write: Write, content: bytes) -> None:
    assert list(read_blocks(write(content), 1)) == []


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(b"", "the file is empty", id="empty file"),
        pytest.param(b"  \n ", "the file is empty", id="white space only"),
        pytest.param(b'{"a": []}', "an object, not a list", id="object"),
        pytest.param(b'"a"', "not a list", id="string"),
        pytest.param(b"[1, [2", "ends inside record 1; it is truncated", id="truncated"),
        pytest.param(b"[1, 2", "ends inside record 1", id="no closing bracket"),
        pytest.param(b'[1, "2]', "ends inside record 1", id="open string"),
        pytest.param(b"[1] [2]", "something follows the list", id="two lists"),
        pytest.param(b"[1, " + b"[" * 40, "record 1 is nested more than 32 deep", id="deep"),
        pytest.param(gzip.compress(b"[1]")[:-9], "damaged gzip", id="truncated gzip"),
        pytest.param(b"\x1f\x8bnothing", "damaged gzip", id="no gzip"),
        pytest.param(
            gzip.compress(b"[1, 2, 3]" * 9)[:12] + b"\xff" * 20, "damaged gzip", id="bad gzip"
        ),
    ],
)
def test_what_is_no_list_is_refused(write: Write, content: bytes, text: str) -> None:
    with pytest.raises(BadInputError, match=text) as error:
        list(read_blocks(write(content), 4))
    assert "result.json" in str(error.value)


def test_a_record_beyond_any_sense_is_not_gathered(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_stream, "MAX_RECORD_BYTES", 100)
    with pytest.raises(BadInputError, match="record 1 is longer than"):
        list(read_blocks(write([0, "x" * 1000]), 16))
