from itertools import pairwise

import numpy as np
import pycocotools.mask as coco_mask
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from longtail.rle.codec import decode, decode_many, encode, encode_many, pack, select, unpack

BITMAPS = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=24))


def coco_counts(bitmap: np.ndarray) -> bytes:
    return bytes(coco_mask.encode(np.asfortranarray(bitmap.astype(np.uint8)))["counts"])


@settings(deadline=None)
@given(BITMAPS)
def test_a_string_survives_decoding_and_encoding(bitmap: np.ndarray) -> None:
    counts = coco_counts(bitmap)
    assert encode(decode(counts)) == counts


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=30))
def test_runs_survive_encoding_and_decoding(runs: list[int]) -> None:
    assert decode(encode(np.array(runs, dtype=np.int64))).tolist() == runs


def test_runs_of_a_small_mask_are_those_counted_by_hand() -> None:
    bitmap = np.array([[0, 1, 0], [0, 1, 1]], dtype=bool)
    assert decode(coco_counts(bitmap)).tolist() == [2, 2, 1, 1]


def test_a_mask_that_starts_with_foreground_starts_with_an_empty_run() -> None:
    assert decode(coco_counts(np.ones((2, 2), dtype=bool))).tolist() == [0, 4]


def test_many_strings_decode_like_each_alone() -> None:
    strings = [coco_counts(np.eye(n, dtype=bool)) for n in (1, 2, 7)]
    runs, offsets = decode_many(*pack(strings))
    parts = [runs[a:b].tolist() for a, b in pairwise(offsets)]
    assert parts == [decode(counts).tolist() for counts in strings]
    assert unpack(*encode_many(runs, offsets)) == strings


def test_no_string_at_all_decodes_to_no_run() -> None:
    runs, offsets = decode_many(*pack([]))
    assert (len(runs), offsets.tolist()) == (0, [0])


def test_strings_are_selected_in_the_order_of_the_index() -> None:
    buffer, offsets = pack([b"abc", b"", b"de"])
    selected = select(buffer, offsets, np.array([2, 1, 0, 2]))
    assert unpack(*selected) == [b"de", b"", b"abc", b"de"]
