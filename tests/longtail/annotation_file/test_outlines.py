"""The form of polygons and run-length masks of an image of 4 x 5 pixels."""

import numpy as np
import pytest

from longtail.annotation_file.outlines import drawable, find_fault_of_rings, find_fault_of_rle
from longtail.annotation_file.records import Rle
from longtail.rle.codec import encode

TRIANGLE = [0.0, 0.0, 4.0, 0.0, 4.0, 3.0]


def test_sound_outlines_have_no_fault() -> None:
    assert find_fault_of_rings([TRIANGLE, [*TRIANGLE, 0.0, 3.0]]) is None
    assert find_fault_of_rle(Rle((4, 5), [3, 2, 15]), 4, 5) is None
    assert find_fault_of_rle(Rle((4, 5), encode(np.array([20])).decode()), 4, 5) is None


def test_a_polygon_of_odd_length_is_a_fault_even_beside_a_short_one() -> None:
    fault = find_fault_of_rings([TRIANGLE[:4], TRIANGLE[:5]])
    assert fault is not None and fault.what == "a polygon of odd length"


def test_polygons_of_three_points_remain() -> None:
    assert drawable([[], TRIANGLE[:4], TRIANGLE, TRIANGLE[:2]]) == [TRIANGLE]
    assert drawable([TRIANGLE[:4]]) == drawable([]) == []


@pytest.mark.parametrize(
    ("rle", "what"),
    [
        (Rle((5, 4), [20]), "another size than its image"),
        (Rle((4, 5), [19]), "add up to height x width"),
        (Rle((4, 5), [25, -5]), "of 0 pixels or more"),
        (Rle((4, 5), []), "add up to height x width"),
        (Rle((4, 5), ""), "counts is empty"),
        (Rle((4, 5), "\u00e9"), "counts is truncated or holds characters"),
    ],
)
def test_a_faulty_run_length_mask_is_told(rle: Rle, what: str) -> None:
    fault = find_fault_of_rle(rle, 4, 5)
    assert fault is not None and what in fault.what
