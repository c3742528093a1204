"""Strings of rows that come block after block."""

import numpy as np

from ensemble.tuning.objective.detections import Strings


def test_rows_keep_their_strings_or_lose_them() -> None:
    strings = Strings()
    data = np.frombuffer(b"aabccc", np.uint8)
    strings.add(data, np.array([0, 2, 3, 3, 6]), np.array([True, False, True, True]))
    strings.add_none(2)
    strings.add(data[:2], np.array([0, 2]), np.array([True]))
    offsets = strings.offsets()
    assert offsets.tolist() == [0, 2, 2, 2, 5, 5, 5, 7]
    assert strings.data().tobytes() == b"aacccaa"


def test_no_blocks_make_an_empty_buffer() -> None:
    assert Strings().offsets().tolist() == [0] and len(Strings().data()) == 0
