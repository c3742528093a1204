"""The fast reader of usual records next to the careful one that it must not differ from."""

import itertools
import json
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from longtail.predictions.result_json.blocks import DecodedBlock, decode_block
from longtail.predictions.result_json.columns import COMPRESSED, RecordColumns
from longtail.predictions.result_json.records import decode_texts
from longtail.predictions.result_json.stream import RecordBlock
from longtail.predictions.result_json.usual_records import read_usual
from longtail.problems import BadInputError

FIRST = 7
SOUND = {
    "image_id": 139,
    "category_id": 1203,
    "score": 0.3254974238456805,
    "bbox": [374.75499185021835, 0.0, 12, 1e-05],
    "segmentation": {"size": [480, 640], "counts": "`Q`51o>1\\O1O0O\\\\2"},
}
INTEGERS = ["1", "0", "139", "-3", "-0", "123456789012345678", "1234567890123456789", "9" * 40]
NO_INTEGERS = ["1.0", "2.5", "1e2", "true", "null", '"1"', "[1]", "01", "+1", ""]
NUMBERS = [
    "0.5",
    "1",
    "-0",
    "-0.0",
    "1e-5",
    "0.1234567890123456",
    "12345678901234567890.5",
    "1E400",
]
NO_NUMBERS = ["NaN", "Infinity", "-Infinity", "null", '"0.5"', "01.5", ".5", "1.", "-", "{}"]
STRINGS = ['"b04h01c0d9"', '"a\\\\b"', '""', '"a\\"b"', '"\\u0030"', '"\\n"', '"\u0663"', '"\x7f"']
NO_STRINGS = ['"a\nb"', '"a\\q"', '"a', "[0, 6]", "[]", "[-1, 7]", "null", "5"]
NOTHING = ["null", "[]", "[ ]", "[\n]", "[[]]", "[,]", "nul", "nulls", "[null]"]
BOXES = ["[1, 2, 3]", "[1, 2, 3, 4, 5]", "[1 2, 3, 4]", "[1, 2, 3, 4,]", "7", "{}"]
MASKS = ["5", "{}", "[[1, 1, 5, 1, 5, 7]]", '{"size": [2, 3]}', '"06"']

spaces = st.sampled_from(["", "", "", " ", "\n\t", "\r", "\x0b", "\xa0"])
ids = st.sampled_from(INTEGERS) | st.integers(0, 600_000).map(str) | st.sampled_from(NO_INTEGERS)
numbers = (
    st.floats(0, 700).map(repr)
    | st.floats(allow_nan=False).map(repr)
    | st.sampled_from(NUMBERS)
    | st.sampled_from(NO_NUMBERS)
)
run_lengths = st.text(st.characters(min_codepoint=48, max_codepoint=111)).map(json.dumps)
strings = run_lengths | st.sampled_from(STRINGS) | st.sampled_from(NO_STRINGS)


@st.composite
def lists(draw: st.DrawFn, items: st.SearchStrategy[str], size: int) -> str:
    around = [draw(spaces) + draw(items) + draw(spaces) for _ in range(size)]
    return f"[{','.join(around)}]"


@st.composite
def objects(draw: st.DrawFn, values: dict[str, st.SearchStrategy[str]]) -> str:
    """Some or all of the keys, in any order; now and then one twice, or an unknown one."""
    optional = draw(st.lists(st.sampled_from(list(values)), max_size=1))
    chosen = [key for key in values if draw(st.integers(0, 9)) or key == "score"]
    chosen += optional if draw(st.integers(0, 9)) == 0 else []
    items = []
    for key in draw(st.permutations(chosen)):
        name = draw(st.sampled_from([key] * 30 + ["extra", key + " ", key[:-1], "\\u0073core"]))
        items.append(
            draw(spaces) + f'"{name}"' + draw(spaces) + ":" + draw(spaces) + draw(values[key])
        )
    return "{" + ",".join(item + draw(spaces) for item in items) + "}"


masks = objects({"size": lists(ids, 2), "counts": strings})
records = objects(
    {
        "image_id": ids,
        "category_id": ids,
        "score": numbers,
        "bbox": lists(numbers, 4) | st.sampled_from(BOXES + NOTHING),
        "segmentation": masks | st.sampled_from(MASKS + NOTHING),
    }
)


@st.composite
def usual_records(draw: st.DrawFn) -> str:
    """What json.dumps writes, in one of its layouts."""
    whole = st.integers(-(10**12), 10**12)
    number = st.floats(-(10.0**9), 10.0**9).filter(lambda value: value == 0 or abs(value) > 1e-9)
    record: dict[str, Any] = {key: draw(whole) for key in ("image_id", "category_id")}
    record["score"] = draw(number)
    nothing = st.sampled_from([None, []])
    if draw(st.booleans()):
        box = st.lists(number | st.integers(0, 10**6), min_size=4, max_size=4)
        record["bbox"] = draw(box | nothing)
    if draw(st.booleans()):
        counts = draw(st.text(st.characters(min_codepoint=48, max_codepoint=111)))
        mask = {"size": [draw(whole), draw(whole)], "counts": counts}
        record["segmentation"] = draw(st.just(mask) | nothing)
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " :\t")]))
    for key in ("id", "area", "is crowd"):
        if draw(st.integers(0, 4)) == 0:
            record[key] = draw(number)
    shuffled = {key: record[key] for key in draw(st.permutations(list(record)))}
    indent = draw(st.none() | st.just(2))
    return json.dumps(shuffled, indent=indent, separators=separators)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A usual record with a character changed, removed or doubled, and its brackets kept."""
    text = draw(usual_records())
    position = draw(st.integers(0, len(text) - 1))
    if text[position] in '[]{}"\\,':
        return text
    new = draw(st.sampled_from(["", text[position] * 2, "0", "-", ".", "e", " ", "x", "\x00"]))
    return text[:position] + new + text[position + 1 :]


def block_of(texts: list[str]) -> RecordBlock:
    parts = [text.encode() for text in texts]
    ends = np.cumsum([len(part) + 1 for part in parts]) - 1
    return RecordBlock(FIRST, b",".join(parts) + b"]\n [", ends, 0)


def assert_equal(a: RecordColumns, b: RecordColumns) -> None:
    for field in fields(RecordColumns):
        found, expected = getattr(a, field.name), getattr(b, field.name)
        if field.name == "shapes":
            assert found == expected
        else:
            assert found.dtype == expected.dtype, field.name
            # Bytes, so that NaN equals NaN and -0.0 is not 0.0.
            assert found.tobytes() == expected.tobytes(), field.name


def assert_read_as_carefully(texts: list[str]) -> None:
    block = block_of(texts)
    numbers = range(FIRST, FIRST + len(texts))
    try:
        carefully = decode_texts([text.encode() for text in texts], numbers, "a.json")
    except BadInputError as error:
        with pytest.raises(BadInputError) as found:
            decode_block(block, "a.json")
        assert str(found.value) == str(error)
        return
    expected, found_block = DecodedBlock.of(carefully, 0), decode_block(block, "a.json")
    assert_equal(found_block.columns, expected.columns)
    assert found_block.indices.tolist() == expected.indices.tolist()
    assert found_block.misfits == expected.misfits
    assert found_block.num_records == len(texts)


def is_cut_alike(text: str) -> bool:
    """Whether no bracket or quote of a text is open at its end, as `json_stream` makes sure."""
    inside = escaped = False
    depth = 0
    for character in text:
        if inside:
            inside, escaped = escaped or character != '"', not escaped and character == "\\"
        elif character == '"':
            inside = True
        else:
            depth += (character in "[{") - (character in "]}")
            if depth == 0 and character == ",":
                return False
    return depth == 0 and not inside


@settings(deadline=None, max_examples=400)
@given(
    st.lists((records | usual_records() | mutated()).filter(is_cut_alike), min_size=1, max_size=4)
)
@example([json.dumps(SOUND), json.dumps({**SOUND, "extra": 1}), json.dumps(SOUND)])
@example([json.dumps({**SOUND, "extra": {"a": "]"}}), json.dumps(SOUND)])
@example(['{"image_id": 1, "a": 1, "a": 2, "category_id": 1, "score": 1, "": 0}'])
@example([json.dumps(SOUND).replace('"score"', '"\\u0073core"'), json.dumps(SOUND)])
@example([json.dumps(SOUND).replace("0.32", '0.1, "score": 0.32')])
@example([json.dumps(SOUND), ""])
@example([""])
@example([json.dumps(SOUND) + " {}"])
@example([json.dumps(SOUND)[:-1] + "]"])
@example([json.dumps({**SOUND, "score": True}), json.dumps(SOUND)])
def test_any_records_are_read_as_by_the_careful_reader(texts: list[str]) -> None:
    assert_read_as_carefully(texts)


@settings(deadline=None, max_examples=300)
@given(st.lists(usual_records(), min_size=1, max_size=4))
def test_usual_records_are_read_fast_and_as_by_the_careful_reader(texts: list[str]) -> None:
    assert read_usual(block_of(texts))[1].all()
    assert_read_as_carefully(texts)


def test_records_of_other_writers_are_left_to_the_careful_reader() -> None:
    unusual = [
        {**SOUND, "extra": "text"},
        {**SOUND, "segmentation": [[]]},
        {**SOUND, "segmentation": [[1, 1, 5, 1, 5, 7]]},
        {**SOUND, "segmentation": {"size": [2, 3], "counts": [0, 6]}},
        {**SOUND, "image_id": 1.0},
        {key: value for key, value in SOUND.items() if key != "score"},
    ]
    texts = [json.dumps(SOUND), *map(json.dumps, unusual)]
    columns, is_usual = read_usual(block_of(texts))
    assert is_usual.tolist() == [True] + [False] * len(unusual)
    assert columns.image_id.tolist() == [139]


def test_null_and_an_empty_list_stand_for_no_box_and_no_mask_in_both_readers() -> None:
    values = [*itertools.product([None, []], [None, [], SOUND["segmentation"]]), (None, [[]])]
    texts = [json.dumps({**SOUND, "bbox": box, "segmentation": mask}) for box, mask in values]
    texts += [json.dumps({**SOUND, "segmentation": mask}) for mask in (None, [], [[]], [[], []])]
    texts += [text[:-1] + ', "category_name": "text"}' for text in texts]
    assert_read_as_carefully(texts)
    columns = decode_block(block_of(texts), "a.json").columns
    no_boxes, only_boxes = [True] * len(values), [False] * 4
    assert columns.empty_box.tolist() == (no_boxes + only_boxes) * 2
    assert columns.has_box.tolist() == np.logical_not(columns.empty_box).tolist()
    with_masks = [i for i, (_, mask) in enumerate(values) if mask == SOUND["segmentation"]]
    assert np.flatnonzero(columns.form == COMPRESSED).tolist() == [
        *with_masks,
        *(len(texts) // 2 + i for i in with_masks),
    ]
    assert not columns.shapes


@settings(deadline=None)
@given(st.lists(usual_records() | st.just(json.dumps({**SOUND, "segmentation": [[1, 2]]}))))
def test_rows_can_be_put_one_behind_the_other_and_taken_again(texts: list[str]) -> None:
    whole = DecodedBlock.of(
        decode_texts([t.encode() for t in texts], range(len(texts)), "a"), 0
    ).columns
    rows = np.arange(len(whole))
    parts = whole.take(rows[: len(rows) // 2]), whole.take(rows[len(rows) // 2 :])
    assert_equal(parts[0].followed_by(parts[1]), whole)
    assert_equal(whole.take(rows[::-1]).take(rows[::-1]), whole)
