"""Overlaps of masks against pycocotools, and the methods that use them."""

import numpy as np
import pycocotools.mask
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from support.references.fusion import soften_reference

from ensemble.fusion.nms import suppress
from ensemble.fusion.overlap import Shapes, mask_overlap, mask_shapes
from ensemble.fusion.soft_nms import soften
from ensemble.fusion.wbf import fuse_boxes
from longtail.rle.bitmaps import encode_bitmap
from longtail.rle.codec import encode, pack
from longtail.rle.geometry import areas, boxes

HEIGHT, WIDTH = 7, 9
MASKS = arrays.arrays(np.bool_, st.tuples(st.integers(1, 8), st.just(HEIGHT), st.just(WIDTH)))


def shapes_of(masks: NDArray[np.bool_]) -> Shapes:
    counts, offsets = pack([encode_bitmap(mask) for mask in masks])
    heights = np.full(len(masks), masks.shape[1])
    return mask_shapes(counts, offsets, heights, np.arange(len(masks)))


def their_iou(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
    encoded = pycocotools.mask.encode(np.asfortranarray(masks.transpose(1, 2, 0).astype(np.uint8)))
    overlaps: NDArray[np.float64] = pycocotools.mask.iou(encoded, encoded, [0] * len(masks))
    return overlaps


def blobs(seed: int, num_masks: int = 40, side: int = 60) -> NDArray[np.bool_]:
    """Lumpy discs around three places of an image."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side]
    centres = random.uniform(15, 45, (3, 2))[random.integers(0, 3, num_masks)]
    centres = centres + random.normal(0, 2, centres.shape)
    radii = random.uniform(5, 20, num_masks)
    far = np.hypot(x - centres[:, 0, None, None], y - centres[:, 1, None, None])
    return np.asarray(far + random.normal(0, 1, far.shape) < radii[:, None, None])


@settings(max_examples=300, deadline=None)
@given(MASKS, st.sampled_from([0.0, 0.3, 0.5, 0.9]))
def test_every_bit_of_an_overlap_is_that_of_pycocotools(
    masks: NDArray[np.bool_], floor: float
) -> None:
    shapes, expected = shapes_of(masks), their_iou(masks)
    for i in range(len(masks)):
        for j in range(len(masks)):
            found = mask_overlap(shapes, i, j, floor)
            if expected[i, j] > floor:
                assert found == expected[i, j]
            else:
                assert found in (0.0, expected[i, j])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 40) | st.just(0), max_size=30), st.integers(1, 12))
def test_boxes_and_areas_are_those_of_the_runs(runs: list[int], height: int) -> None:
    # Runs of no pixels are allowed anywhere, and runs over many columns.
    width = sum(runs) // height + 1
    mask = np.array([*runs, height * width - sum(runs)])
    shapes = mask_shapes(*pack([encode(mask)]), np.array([height]), np.array([0]))
    offsets = np.array([0, len(mask)])
    expected = boxes(mask, offsets, np.array([height]))
    expected[:, 2:] += expected[:, :2]
    assert shapes.boxes.tolist() == expected.tolist()
    assert shapes.areas.tolist() == areas(mask, offsets).tolist()
    assert shapes.runs.tolist() == mask.tolist()


@pytest.mark.parametrize("seed", range(4))
def test_nms_by_masks_keeps_what_their_overlaps_leave(seed: int) -> None:
    masks = blobs(seed)
    overlaps = their_iou(masks)
    kept: list[int] = []
    for row in range(len(masks)):
        if all(overlaps[row, better] <= 0.5 for better in kept):
            kept.append(row)
    keeper = suppress(shapes_of(masks), np.array([0, len(masks)]), 0.5)
    assert np.flatnonzero(keeper == np.arange(len(masks))).tolist() == kept
    assert 1 < len(kept) < len(masks)


@pytest.mark.parametrize("is_gaussian", [False, True])
def test_soft_nms_by_masks_is_that_of_its_definition(is_gaussian: bool) -> None:
    masks = blobs(7)
    overlaps, scores = their_iou(masks), np.linspace(0.9, 0.1, len(masks))

    def factor(shared: float) -> float:
        if is_gaussian:
            return float(np.exp(-(shared**2) / 0.5))
        return 1 - shared if shared > 0.3 else 1.0

    starts = np.array([0, len(masks)])
    rows = np.arange(len(masks))
    taken, lowered = soften(shapes_of(masks), rows, starts, scores, is_gaussian, 0.3, 0.5, 1e-3)
    slow = soften_reference(scores.tolist(), lambda i, j: float(overlaps[i, j]), factor, 1e-3)
    assert taken.tolist() == [row for row, _ in slow]
    np.testing.assert_allclose(lowered, [score for _, score in slow], rtol=1e-12)


def test_wbf_by_masks_joins_the_cluster_whose_first_mask_is_most_alike() -> None:
    masks = blobs(3)
    overlaps = their_iou(masks)
    boxes = np.tile([0.1, 0.1, 0.2, 0.2], (len(masks), 1))
    scores = np.linspace(0.9, 0.1, len(masks))
    fused = fuse_boxes(boxes, scores, np.array([0, len(masks)]), 0.4, shapes_of(masks))
    first: list[int] = []
    for row in range(len(masks)):
        best = max(range(len(first)), key=lambda c: overlaps[row, first[c]], default=-1)
        if best < 0 or overlaps[row, first[best]] <= 0.4:
            best = len(first)
            first.append(row)
        assert fused.cluster_of[row] == best
    assert fused.first.tolist() == first
    np.testing.assert_allclose(fused.boxes, boxes[: len(first)], atol=1e-7)


def test_boxes_alike_do_not_make_masks_alike() -> None:
    # Two halves of one square, each with a pixel in the corner of the other.
    masks = np.zeros((2, 6, 6), np.bool_)
    masks[0, :, :3] = masks[0, 5, 5] = masks[1, :, 3:] = masks[1, 0, 0] = True
    keeper = suppress(shapes_of(masks), np.array([0, 2]), 0.5)
    assert keeper.tolist() == [0, 1]


def test_rows_are_taken_in_the_order_given() -> None:
    masks = blobs(5, num_masks=6)
    counts, offsets = pack([encode_bitmap(mask) for mask in masks])
    rows = np.array([4, 1, 3])
    shapes = mask_shapes(counts, offsets, np.full(6, 60), rows)
    assert shapes.areas.tolist() == masks[rows].sum(axis=(1, 2)).tolist()
