import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemble.sources.valid_area import (
    EVERY_SIZE,
    ValidArea,
    box_sides,
    check_coverage,
    first_gap,
    within_valid_areas,
)

LONGEST = 1000.0


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("0:512", ValidArea(0, 512)),
        (":512", ValidArea(0, 512)),
        ("64:", ValidArea(64)),
        ("64:inf", ValidArea(64)),
        (":", EVERY_SIZE),
    ],
)
def test_either_bound_may_be_left_out(text: str, area: ValidArea) -> None:
    assert ValidArea.parse(text) == area
    assert ValidArea.parse(str(area)) == area


@pytest.mark.parametrize("text", ["", "5", "a:b", "5:5", "-1:5", "nan:5", "5:nan", "inf:", "1:2:3"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="valid_area"):
        ValidArea.parse(text)


def test_neighbouring_areas_share_no_side() -> None:
    sides = np.array([0.0, 63.9, 64.0, 1e9])
    assert ValidArea(0, 64).holds(sides).tolist() == [True, True, False, False]
    assert ValidArea(64).holds(sides).tolist() == [False, False, True, True]


def test_side_is_the_root_of_the_area() -> None:
    assert box_sides(np.array([[5.0, 5.0, 4.0, 9.0], [0, 0, 0, 5]])).tolist() == [6, 0]


def test_gap_is_named() -> None:
    assert first_gap([ValidArea(0, 64), ValidArea(128)], LONGEST) == ValidArea(64, 128)
    assert first_gap([ValidArea(8)], LONGEST) == ValidArea(0, 8)
    assert first_gap([ValidArea(0, 512)], LONGEST) == ValidArea(512)
    assert first_gap([ValidArea(0, 1001)], LONGEST) is None
    assert first_gap([ValidArea(0, 1000)], LONGEST) == ValidArea(1000)


bounds = st.integers(0, 20)
ranges = st.lists(st.tuples(bounds, bounds).filter(lambda pair: pair[0] < pair[1]), max_size=6)


@given(ranges)
def test_gap_is_what_a_ruler_finds(pairs: list[tuple[int, int]]) -> None:
    covered = {side for low, high in pairs for side in range(low, high)}
    missing = [side for side in range(16) if side not in covered]
    gap = first_gap([ValidArea(low, high) for low, high in pairs], 15.0)
    assert (gap is None) == (not missing)
    if gap is not None:
        assert gap.low == missing[0]
        ends = [side for side in range(missing[0], 21) if side in covered]
        assert gap.high == (ends[0] if ends else math.inf)


def check(areas: list[ValidArea], trusted: list[list[int]]) -> None:
    names, categories = ["a", "b", "c"][: len(areas)], ["cup", "mug"]
    check_coverage(areas, np.array(trusted, np.bool_), names, categories, LONGEST)


def test_sizes_may_be_shared_out() -> None:
    check([ValidArea(0, 100), ValidArea(50)], [[1, 1], [1, 1]])


def test_a_size_that_is_left_to_nobody_is_an_error() -> None:
    message = "from 100 to 200 pixels of 2 categories (cup, ...); their sources are a 0:100, b 200:"
    with pytest.raises(ValueError, match=re.escape(message)):
        check([ValidArea(0, 100), ValidArea(200)], [[1, 1], [1, 1]])


def test_an_expert_does_not_cover_what_it_does_not_know() -> None:
    with pytest.raises(ValueError, match=r"of 1 categories \(mug, "):
        check([ValidArea(0, 100), EVERY_SIZE], [[1, 1], [1, 0]])


def test_a_category_without_any_source_is_no_gap() -> None:
    check([EVERY_SIZE, ValidArea(0, 5)], [[1, 0], [1, 0]])


def test_boxes_are_held_by_the_area_of_their_source() -> None:
    boxes = np.array([[0.0, 0.0, 4.0, 9.0], [0, 0, 4, 9], [3, 3, 80, 20]])
    sources = np.array([0, 1, 1])
    everything = within_valid_areas([EVERY_SIZE] * 2, sources, boxes)
    assert everything.tolist() == [True, True, True]
    # Sides are 6, 6 and 40; a range holds its low end and not its high one.
    assert within_valid_areas([ValidArea(0, 6), EVERY_SIZE], sources, boxes).tolist() == [
        False,
        True,
        True,
    ]
    assert within_valid_areas([ValidArea(6), ValidArea(0, 40)], sources, boxes).tolist() == [
        True,
        True,
        False,
    ]
