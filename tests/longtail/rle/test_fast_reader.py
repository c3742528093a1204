import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from longtail.rle import codec
from longtail.rle.fast_reader import read_number


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(-(2**33), 2**33), min_size=1, max_size=3))
@example([2**31 - 1, -(2**31), 0])
@example([-1, -16, 15])
@example([16, -17, 31])
def test_reads_the_numbers_that_were_written(numbers: list[int]) -> None:
    # The first three numbers of a string are no differences.
    string = np.frombuffer(codec.encode(np.array(numbers)), np.uint8)
    position = np.int64(0)
    for number in numbers:
        found, after = read_number(string, position)
        assert (found, after) == codec.read_number(string, position, len(string))
        assert found == number
        position = np.int64(after)
    assert position == len(string)


@pytest.mark.parametrize("text", [b"0", b"O", b"?", b"@", b"o0", b"P1"])
def test_reads_as_the_checking_reader_does(text: bytes) -> None:
    string = np.frombuffer(text, np.uint8)
    assert read_number(string, np.int64(0)) == codec.read_number(string, 0, len(string))
