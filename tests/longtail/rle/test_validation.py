import resource

import numpy as np
import psutil
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from longtail.rle.bitmaps import encode_bitmap
from longtail.rle.codec import decode, encode, pack, read_number
from longtail.rle.validation import (
    EMPTY,
    FAULT_TEXTS,
    MALFORMED,
    NEGATIVE_RUN,
    OK,
    TOO_LONG,
    TOO_MANY_RUNS,
    TOO_SHORT,
    find_fault,
    find_faults,
)


def string_of(*runs: int) -> bytes:
    return encode(np.array(runs, dtype=np.int64))


@settings(deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 2**32))
def test_strings_of_real_masks_are_sound(height: int, width: int, seed: int) -> None:
    bitmap = np.random.default_rng(seed).random((height, width)) < 0.5
    assert find_fault(encode_bitmap(bitmap), height, width) is None


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        pytest.param(b"", "empty", id="no counts"),
        pytest.param(b"/", "characters", id="character below the range"),
        pytest.param(b"p", "characters", id="character above the range"),
        pytest.param(b"\xff", "characters", id="byte that is no ASCII"),
        pytest.param(string_of(100)[:-1] + b"P", "truncated", id="last number goes on"),
        pytest.param(b"PPPPPPPP0", "truncated", id="number of nine digits"),
        pytest.param(b"O", "negative", id="first run below zero"),
        pytest.param(string_of(40, 59), "fewer pixels", id="one pixel short"),
        pytest.param(string_of(40, 61), "more pixels", id="one pixel long"),
        pytest.param(b"0" * 102, "more runs", id="a hundred empty runs"),
    ],
)
def test_faults_of_a_10_by_10_mask_are_named(counts: bytes, text: str) -> None:
    assert text in str(find_fault(counts, 10, 10))


@pytest.mark.parametrize("size", [(0, 5), (5, -1), (2**16, 2**16), (10**30, 1), (2**62, 4)])
def test_sizes_that_no_image_has_are_refused_without_allocating(size: tuple[int, int]) -> None:
    assert "size" in str(find_fault(b"1", *size))


def test_a_huge_claimed_size_allocates_nothing() -> None:
    expected = FAULT_TEXTS[TOO_SHORT]
    assert find_fault(b"1", 40_000, 40_000) == expected
    # The second time nothing is compiled; pixels of one bit each would take 200 MB.
    limits = resource.getrlimit(resource.RLIMIT_AS)
    allowed = psutil.Process().memory_info().vms + 100 * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (allowed, limits[1]))
    try:
        assert find_fault(b"1", 40_000, 40_000) == expected
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)


def test_zero_runs_in_the_middle_are_legal() -> None:
    assert find_fault(string_of(3, 0, 2, 4), 3, 3) is None


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_arbitrary_bytes_are_refused_or_decode_to_exactly_the_size(counts: bytes) -> None:
    if find_fault(counts, 6, 7) is None:
        runs = decode(counts)
        assert runs.sum() == 42 and runs.min() >= 0


def obvious_fault(counts: bytes, num_pixels: int) -> int:
    """The same check, run by run with the decoder's own reader of numbers."""
    buffer = np.frombuffer(counts, dtype=np.uint8)
    runs: list[int] = []
    position = 0
    while position < len(counts):
        value, position = read_number(buffer, position, len(counts))
        if position < 0:
            return MALFORMED
        runs.append(int(value) + (runs[-2] if len(runs) > 2 else 0))
        if runs[-1] < 0:
            return NEGATIVE_RUN
        if sum(runs) > num_pixels:
            return TOO_LONG
    if not runs:
        return EMPTY
    if len(runs) > num_pixels + 1:
        return TOO_MANY_RUNS
    return OK if sum(runs) == num_pixels else TOO_SHORT


@settings(deadline=None, max_examples=400)
@given(
    counts=st.binary(max_size=20)
    | st.lists(st.integers(48, 111), max_size=40).map(bytes)
    | st.lists(st.integers(0, 40), max_size=12).map(lambda runs: string_of(*runs)),
    num_pixels=st.integers(1, 300),
)
@example(b"PPPPPPP0", 5)
@example(b"PPPPPP0", 5)
@example(b"ooooooO", 2**31 - 1)
def test_a_fault_is_the_first_that_the_obvious_way_meets(counts: bytes, num_pixels: int) -> None:
    sides = np.array([num_pixels]), np.ones(1, dtype=np.int64)
    [code] = find_faults(*pack([counts]), *sides).tolist()
    assert code == obvious_fault(counts, num_pixels)


def test_a_batch_gives_each_string_its_own_code() -> None:
    strings = [string_of(4), string_of(3), string_of(0, 4)]
    sides = np.full(3, 2, dtype=np.int64)
    assert find_faults(*pack(strings), sides, sides).tolist() == [0, TOO_SHORT, 0]
