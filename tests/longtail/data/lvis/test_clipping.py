from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from longtail.data.lvis.clipping import clip_boxes, clip_ring, cut_ring, xyxy_from_xywh

SIZE = (60, 80)
Points = list[tuple[float, float]]


def test_corners_are_the_sum_of_corner_and_sides() -> None:
    boxes = np.array([[10.0, 10.5, 20.0, 5.0], [-2.0, 0.0, 3.0, 0.0]])
    assert xyxy_from_xywh(boxes).tolist() == [[10, 10.5, 30, 15.5], [-2, 0, 1, 0]]
    assert boxes[0].tolist() == [10, 10.5, 20, 5]


def test_boxes_are_cut_to_height_and_width() -> None:
    assert clip_boxes(np.array([[-4.0, 3.0, 90.0, 61.0]]), (60, 80)).tolist() == [[0, 3, 80, 60]]


def test_a_triangle_is_cut_where_its_edges_cross_the_border() -> None:
    ring = np.array([[-10.0, 0.0], [10.0, 0.0], [-10.0, 20.0]])
    clipped = clip_ring(ring, (60, 80))
    assert clipped.min() == 0
    x, y = clipped.T
    area = 0.5 * abs(x @ np.roll(y, -1) - y @ np.roll(x, -1))
    assert area == 50


def test_a_ring_inside_is_the_same_ring() -> None:
    ring = np.array([[0.0, 0.0], [80.0, 0.0], [80.0, 60.0]])
    assert clip_ring(ring, (60, 80)) is ring


@pytest.mark.parametrize(
    ("ring", "box"),
    [
        # A spike to the left of the picture is folded up along its border.
        ([(10, 10), (30, 10), (30, 40), (-20, 70), (-20, 5), (10, 20)], [0, 10, 30, 58]),
        # Only a corner reaches in: the rest runs down the whole left border.
        ([(-50, 0), (10, 20), (-50, 60), (-60, 60), (-60, 0)], [0, 16.667, 10, 26.667]),
        # Around a corner: outside along two borders, inside by the corner's triangle.
        ([(-30, -30), (50, -30), (-30, 50)], [0, 0, 20, 20]),
        # Around a corner that it does not hold: a frame around the upper left.
        ([(-30, -30), (70, -30), (70, -10), (-10, -10), (-10, 50), (-30, 50)], None),
        # All of the picture, none of it, and what touches a border only.
        ([(-100, -100), (300, -100), (300, 300), (-100, 300)], [0, 0, 80, 60]),
        ([(-30, 5), (-10, 5), (-10, 50)], None),
        ([(-30, 5), (0, 5), (0, 50)], None),
        # Two parts of which one vanishes below; the fold to it is left out.
        ([(20, 20), (40, 20), (40, 90), (75, 90), (75, 100), (20, 100)], [20, 20, 40, 60]),
    ],
)
def test_bounds_are_those_of_what_is_seen(ring: Points, box: list[float] | None) -> None:
    for turn in (1, -1):
        cut = cut_ring(np.array(ring[::turn], np.float64), SIZE)
        if box is None:
            assert cut.shape == (0, 2)
        else:
            assert bounds(cut) == pytest.approx(box, abs=1e-3)


def test_a_folded_spike_would_make_the_box_too_large() -> None:
    ring = np.array([[-50.0, 0], [10, 20], [-50, 60], [-60, 60], [-60, 0]])
    assert bounds(clip_ring(ring, SIZE)) == [0, 0, 10, 60]


def test_a_ring_that_stays_inside_is_not_copied() -> None:
    ring = np.array([[0.0, 0.0], [80.0, 0.0], [80.0, 60.0]])
    assert cut_ring(ring, SIZE) is ring


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_random_outlines_keep_what_is_seen_of_them_and_nothing_else(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ring = star(rng)
    cut = cut_ring(ring, SIZE)
    expected = [seen_along_x(ring, SIZE), seen_along_x(ring[:, ::-1], SIZE[::-1])]
    if None in expected:
        assert cut.shape == (0, 2)
        return
    (x0, x1), (y0, y1) = expected  # type: ignore[misc]
    assert bounds(cut) == pytest.approx([x0, y0, x1, y1], abs=1e-6)
    assert area(cut) == pytest.approx(area(clip_ring(ring, SIZE)), rel=1e-9, abs=1e-6)
    for point in rng.uniform(0, SIZE[::-1], (20, 2)):
        assert holds(cut, point) == holds(ring, point)


def star(rng: np.random.Generator) -> NDArray[np.float64]:
    """An outline without crossings around a point in or near the picture."""
    number = int(rng.integers(3, 12))
    angles = np.sort(rng.uniform(0, 2 * np.pi, number))
    radii = rng.uniform(2, 120, number)
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    around: NDArray[np.float64] = rng.uniform(-20, [100, 80]) + radii[:, None] * directions
    return around


def bounds(ring: NDArray[np.float64]) -> list[float]:
    lowest: list[float] = ring.min(axis=0).tolist()
    highest: list[float] = ring.max(axis=0).tolist()
    return lowest + highest


def area(ring: NDArray[np.float64]) -> float:
    x, y = ring.T
    return 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))


def heights_at(ring: NDArray[np.float64], x: float) -> list[float]:
    """Where edges pass a vertical line, from above."""
    found = []
    for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        if (x0 > x) != (x1 > x):
            found.append(y0 + (x - x0) / (x1 - x0) * (y1 - y0))
    return sorted(found)


def holds(ring: NDArray[np.float64], point: NDArray[np.float64]) -> bool:
    return sum(height < point[1] for height in heights_at(ring, point[0])) % 2 == 1


def seen_along_x(ring: NDArray[np.float64], size: tuple[int, int]) -> tuple[float, float] | None:
    """From where to where something is seen, slab by slab between all places of a change."""
    height, width = size
    places = {0.0, float(width), *ring[:, 0].tolist()}
    for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        for border in (0, height):
            if (y0 > border) != (y1 > border):
                places.add(float(x0 + (border - y0) / (y1 - y0) * (x1 - x0)))
    within = sorted(place for place in places if 0 <= place <= width)
    seen = []
    for left, right in pairwise(within):
        edges = heights_at(ring, (left + right) / 2)
        parts = zip(edges[::2], edges[1::2], strict=True)
        if any(min(below, height) > max(above, 0) for above, below in parts):
            seen += [left, right]
    return (seen[0], seen[-1]) if seen else None
