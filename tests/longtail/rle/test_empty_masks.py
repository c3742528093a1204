"""Masks without a pixel, however they are written."""

import numpy as np
import pytest

from longtail.rle.codec import encode, pack
from longtail.rle.geometry import have_pixels


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([100], False),
        ([0, 100], True),
        ([40, 1, 59], True),
        ([40, 0, 60], False),
        ([10, 0, 20, 0, 30, 0, 40], False),
        ([10, 0, 20, 0, 30, 5, 35], True),
        ([99, 1], True),
    ],
)
def test_a_mask_has_pixels_where_an_odd_run_is_not_zero(runs: list[int], expected: bool) -> None:
    strings = [encode(np.array(r)) for r in (runs, [100], [0, 100])]
    assert have_pixels(*pack(strings)).tolist() == [expected, False, True]


def test_no_string_is_a_mask_without_a_pixel() -> None:
    assert have_pixels(*pack([b"", encode(np.array([0, 4]))])).tolist() == [False, True]
    assert have_pixels(*pack([])).tolist() == []
