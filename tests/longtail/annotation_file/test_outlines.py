"""The form of polygons and run-length masks of an image of 4 x 5 pixels."""

import numpy as np
import pytest

from longtail.annotation_file.outlines import find_fault_of_rings, find_fault_of_rle
from longtail.annotation_file.records import CompressedRle, Rings, Rle
from longtail.rle.codec import encode

TRIANGLE = [0.0, 0.0, 4.0, 0.0, 4.0, 3.0]


def test_sound_outlines_have_no_fault() -> None:
    assert find_fault_of_rings([TRIANGLE, [*TRIANGLE, 0.0, 3.0]]) is None
    assert find_fault_of_rle(Rle((4, 5), [3, 2, 15]), 4, 5) is None
    assert find_fault_of_rle(CompressedRle((4, 5), encode(np.array([20])).decode()), 4, 5) is None


@pytest.mark.parametrize(
    ("rings", "what", "detail"),
    [
        ([], "an empty list", ""),
        ([[]], "a polygon of under 3 points", "0 numbers"),
        ([TRIANGLE, TRIANGLE[:4]], "a polygon of under 3 points", "4 numbers"),
        ([TRIANGLE[:4], TRIANGLE[:5]], "a polygon of odd length", "5 numbers"),
    ],
)
def test_a_faulty_polygon_is_told(rings: Rings, what: str, detail: str) -> None:
    fault = find_fault_of_rings(rings)
    assert fault is not None
    assert (fault.what, fault.detail) == (what, detail)


@pytest.mark.parametrize(
    ("rle", "what"),
    [
        (Rle((5, 4), [20]), "another size than its image"),
        (Rle((4, 5), [19]), "add up to 20 pixels"),
        (Rle((4, 5), [25, -5]), "non-negative"),
        (Rle((4, 5), []), "add up to 20 pixels"),
        (CompressedRle((4, 5), ""), "counts is empty"),
        (CompressedRle((4, 5), "\u00e9"), "counts is truncated or holds characters"),
    ],
)
def test_a_faulty_run_length_mask_is_told(rle: Rle, what: str) -> None:
    fault = find_fault_of_rle(rle, 4, 5)
    assert fault is not None and what in fault.what
