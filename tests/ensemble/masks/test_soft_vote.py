"""Averaged soft masks against pasting with torch, the mean, and pycocotools' encoding."""

from itertools import pairwise
from random import Random

import numpy as np
import pycocotools.mask
import pytest
import torch
from numpy.typing import NDArray
from support.references.soft_vote import mean_probability, vote_by_grids_reference

from ensemble.fusion.choices import MaskWeights
from ensemble.fusion.clusters import Clusters
from ensemble.fusion.settings import FusionSettings
from ensemble.masks.final import vote_masks
from ensemble.masks.soft_vote import SOFT_VOTE_BITS, vote_by_grids
from ensemble.masks.vote_weights import VoteWeights, vote_weights_of
from longtail.models.detections.paste import paste_masks
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.soft_masks import FULL, SoftMasks
from longtail.rle.bitmaps import decode_bitmap, encode_bitmap, encode_crop
from longtail.rle.codec import encode, pack

HEIGHT, WIDTH = 60, 90
# Sums are rounded to 2**-30, and both sides compute in float64.
ROUNDING = 2.0**-29


def blob(random: np.random.Generator, side: int = 28) -> NDArray[np.float64]:
    """A soft disc that is off the middle, quantised as a store has it."""
    y, x = np.mgrid[:side, :side] / side - random.normal(0.5, 0.1, (2, 1, 1))
    soft = 1 / (1 + np.exp((np.hypot(y, x) - random.uniform(0.2, 0.5)) * 20))
    return np.rint(soft * FULL) / FULL


def scene(
    seed: int,
    num_rows: int,
    side: int = 28,
    with_grid: float = 1.0,
    size: tuple[int, int] = (HEIGHT, WIDTH),
) -> DetectionColumns:
    """Detections of one object, each with its own grid, or none with the other probability."""
    random = np.random.default_rng(seed)
    height, width = size
    grids = np.stack([blob(random, side) for _ in range(num_rows)])
    corner = random.uniform(0, [width / 3, height / 3], (num_rows, 2))
    sides = random.uniform(0.1, [width / 2, height / 2], (num_rows, 2))
    boxes = np.concatenate([corner, np.minimum(sides, [width, height] - corner)], axis=1)
    return columns_of(grids, boxes, random.random(num_rows) < with_grid, size, random)


def columns_of(
    grids: NDArray[np.float64],
    boxes: NDArray[np.float64],
    has_grid: NDArray[np.bool_],
    size: tuple[int, int],
    random: np.random.Generator,
) -> DetectionColumns:
    height, width = size
    xyxy = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
    crops = paste_masks(torch.from_numpy(grids), torch.from_numpy(xyxy), size, 0.5)
    counts, offsets = pack([encode_crop(c.pixels, c.x0, c.y0, height, width) for c in crops])
    ones, scores = np.ones(len(grids), np.int64), random.uniform(0.1, 1, len(grids))
    soft = SoftMasks.concatenate(
        [
            SoftMasks.of(grid[None]) if has else SoftMasks.none(1)
            for grid, has in zip(grids, has_grid, strict=True)
        ]
    )
    return DetectionColumns(
        ones, ones, scores, scores, boxes, ones * height, ones * width, counts, offsets, soft
    )


def clusters_of(members: list[list[int]]) -> Clusters:
    return Clusters(
        best=np.array([rows[0] for rows in members], np.int64),
        boxes=np.zeros((len(members), 4)),
        scores=np.zeros(len(members)),
        members=np.array([row for rows in members for row in rows], np.int64),
        member_starts=np.cumsum([0, *map(len, members)]),
    )


def settings(mask_thr: float = 0.5, mask_weights: MaskWeights = "equal") -> FusionSettings:
    return FusionSettings("wbf", 0.5, mask="vote", mask_weights=mask_weights, mask_thr=mask_thr)


def voted(
    columns: DetectionColumns, members: list[list[int]], fusion: FusionSettings
) -> list[bytes]:
    weights = np.ones(len(columns))
    found = vote_masks(columns, clusters_of(members), np.arange(len(members)), weights, fusion)
    return [found[0][a:b].tobytes() for a, b in pairwise(found[1].tolist())]


def ballots_of(
    columns: DetectionColumns, members: list[list[int]], fusion: FusionSettings
) -> VoteWeights:
    chosen = np.arange(len(members))
    weights = np.ones(len(columns))
    return vote_weights_of(columns, clusters_of(members), chosen, weights, fusion, SOFT_VOTE_BITS)


def pasted_by_torch(columns: DetectionColumns, row: int) -> NDArray[np.float64]:
    """(H, W) probabilities of a row: grid_sample, as detectron2 pastes masks."""
    height, width = int(columns.heights[row]), int(columns.widths[row])
    assert columns.soft is not None
    if columns.soft.sides[row] == 0:
        return decode_bitmap(columns.rle(row), height, width).astype(np.float64)
    x, y, w, h = columns.boxes[row].tolist()
    across = (torch.arange(width, dtype=torch.float64) + 0.5 - x) / w * 2 - 1
    down = (torch.arange(height, dtype=torch.float64) + 0.5 - y) / h * 2 - 1
    points = torch.stack(
        [across[None, :].expand(height, -1), down[:, None].expand(-1, width)], dim=-1
    )
    grid = torch.from_numpy(columns.soft.grid(row) / FULL)[None, None]
    values = torch.nn.functional.grid_sample(grid, points[None], align_corners=False)[0, 0].numpy()
    touched = np.zeros((height, width), np.bool_)
    touched[int(y) : int(np.ceil(y + h)), int(x) : int(np.ceil(x + w))] = True
    return np.where(touched, values, 0)


def assert_same(found: bytes, mean: NDArray[np.float64], threshold: float) -> None:
    """Byte by byte, unless a pixel's mean is the threshold up to rounding."""
    winners = np.asfortranarray((mean >= threshold).astype(np.uint8))
    if found == pycocotools.mask.encode(winners)["counts"]:
        return
    pixels = decode_bitmap(found, *mean.shape)
    assert np.abs(mean[pixels != (winners > 0)] - threshold).max() < ROUNDING


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("with_grid", [1.0, 0.5])
@pytest.mark.parametrize("mask_weights", ["equal", "score"])
@pytest.mark.parametrize("mask_thr", [0.5, 0.37])
def test_mean_of_pasted_grids_is_that_of_torch(
    seed: int, with_grid: float, mask_weights: MaskWeights, mask_thr: float
) -> None:
    columns = scene(seed, 12, with_grid=with_grid)
    members = [[0], [1, 2], [3, 4, 5], [6, 7, 8, 9, 10, 11]]
    fusion = settings(mask_thr, mask_weights)
    for rows, found in zip(members, voted(columns, members, fusion), strict=True):
        weights = columns.score[rows] if mask_weights == "score" else np.ones(len(rows))
        layers = np.stack([pasted_by_torch(columns, row) for row in rows])
        assert_same(found, np.average(layers, axis=0, weights=weights), mask_thr)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("size", [(60, 90), (1, 50), (50, 1), (200, 37)])
def test_kernel_and_definition_agree(seed: int, size: tuple[int, int]) -> None:
    columns = scene(seed, 7, side=(2, 3, 28, 56)[seed % 4], with_grid=0.6, size=size)
    members = [[0, 1, 2, 3], [4], [5, 6]]
    vote_weights = ballots_of(columns, members, settings(0.3 + 0.1 * (seed % 5)))
    counts, offsets = vote_by_grids(columns, vote_weights)
    for cluster, (start, end) in enumerate(pairwise(offsets.tolist())):
        found = counts[start:end].tobytes()
        if found != vote_by_grids_reference(columns, vote_weights, cluster):
            share = (
                vote_weights.thresholds[cluster]
                / vote_weights.votes[slice(*vote_weights.starts[cluster : cluster + 2])].sum()
            )
            assert_same(found, mean_probability(columns, vote_weights, cluster), float(share))


@pytest.mark.parametrize("with_grid", [1.0, 0.5])
@pytest.mark.parametrize("seed", range(12))
def test_boxes_that_touch_the_borders_of_the_frame(seed: int, with_grid: float) -> None:
    # Two and a half strips of columns; each side of a box lies on the border or does not.
    height, width = 40, 320
    random = np.random.default_rng(seed)
    low = random.uniform(0, [width / 2, height / 2], (8, 2)) * random.integers(0, 2, (8, 2))
    free = np.array([width, height]) - low
    sides = np.where(random.integers(0, 2, (8, 2)) == 1, free, random.uniform(1, free))
    grids = np.stack([blob(random) for _ in range(8)])
    boxes = np.concatenate([low, sides], axis=1)
    has_grid = random.random(8) < with_grid
    columns = columns_of(grids, boxes, has_grid, (height, width), random)
    members = [[row] for row in range(8)] + [[0, 1, 2], [3, 4, 5, 6, 7]]
    found = voted(columns, members, settings())
    assert found[:8] == columns.rles()
    for rows, mask in zip(members[8:], found[8:], strict=True):
        layers = np.stack([pasted_by_torch(columns, row) for row in rows])
        assert_same(mask, layers.mean(axis=0), 0.5)


@pytest.mark.parametrize("seed", range(10))
def test_one_member_is_pasted_as_at_inference(seed: int) -> None:
    # No byte of a grid is half of 255, so that a store of bytes keeps which pixels are set.
    columns = scene(seed, 3)
    assert voted(columns, [[0], [1], [2]], settings()) == columns.rles()


@pytest.mark.parametrize("seed", range(5))
def test_order_of_members_does_not_matter(seed: int) -> None:
    columns = scene(seed, 12, with_grid=0.7)
    order = list(range(12))
    Random(seed).shuffle(order)
    one, other = voted(columns, [list(range(12)), order], settings(mask_weights="score"))
    assert one == other


@pytest.mark.parametrize("seed", range(5))
def test_members_without_grids_get_what_the_vote_of_runs_gives(seed: int) -> None:
    columns = scene(seed, 9, with_grid=0.0)
    vote_weights = ballots_of(columns, [[0, 1], [2], [3, 4, 5, 6], [7, 8]], settings(0.3))
    by_runs = voted(columns, [[0, 1], [2], [3, 4, 5, 6], [7, 8]], settings(0.3))
    counts, offsets = vote_by_grids(columns, vote_weights)
    assert [counts[a:b].tobytes() for a, b in pairwise(offsets.tolist())] == by_runs


def test_mean_of_two_probabilities_by_hand() -> None:
    grids = np.array([np.full((28, 28), 0.8), np.full((28, 28), 0.4)])
    grids = np.rint(grids * FULL) / FULL
    boxes = np.array([[0.0, 0, 10, 10], [0, 0, 10, 10]])
    random = np.random.default_rng(0)
    columns = columns_of(grids, boxes, np.ones(2, np.bool_), (10, 10), random)
    # 0.6 inside; the outermost cells fade towards the nothing around the grid, past their middle.
    (found,) = voted(columns, [[0, 1]], settings())
    assert found == encode_bitmap(np.ones((10, 10), np.bool_))
    (found,) = voted(columns, [[0, 1]], settings(0.61))
    assert found == encode_bitmap(np.zeros((10, 10), np.bool_))


def test_a_mean_of_exactly_the_threshold_is_in_the_mask() -> None:
    grids = np.array([np.ones((28, 28)), np.zeros((28, 28))])
    boxes = np.array([[0.0, 0, 56, 56], [0, 0, 56, 56]])
    random = np.random.default_rng(0)
    columns = columns_of(grids, boxes, np.ones(2, np.bool_), (56, 56), random)
    (found,) = voted(columns, [[0, 1]], settings())
    inner = np.zeros((56, 56), np.bool_)
    # The outermost pixels are a quarter of a cell away from the last middle of a cell.
    inner[1:-1, 1:-1] = True
    assert found == encode_bitmap(inner)


def test_clusters_with_and_without_grids_keep_their_order() -> None:
    columns = scene(3, 8, with_grid=0.4)
    members = [[row] for row in range(8)]
    assert voted(columns, members, settings()) == columns.rles()


def test_a_box_off_the_frame_or_without_size_votes_for_no_pixel() -> None:
    random = np.random.default_rng(0)
    grids = np.ones((5, 28, 28))
    boxes = np.array(
        [
            [5.0, 5, 20, 20],
            [-50, -50, 10, 10],
            [500, 5, 10, 10],
            [3, 3, 1e-300, 5],
            [0, 0, 1e300, 1e300],
        ]
    )
    inside = columns_of(grids, np.tile(boxes[0], (5, 1)), np.ones(5, np.bool_), (40, 40), random)
    columns = DetectionColumns(**{**vars(inside), "boxes": boxes})
    nothing = encode_bitmap(np.zeros((40, 40), np.bool_))
    assert voted(columns, [[0], [1], [2], [3]], settings()) == [inside.rle(0)] + [nothing] * 3
    assert len(voted(columns, [[4], [0, 1, 2, 3, 4]], settings())) == 2


def test_runs_over_whole_columns_are_cut_at_columns() -> None:
    columns = scene(1, 3, with_grid=0.0, size=(6, 7))
    strings = [encode(np.array([0, 42])), encode(np.array([5, 20, 17])), encode(np.array([42]))]
    counts, offsets = pack(strings)
    columns = DetectionColumns(**{**vars(columns), "counts": counts, "counts_offsets": offsets})
    vote_weights = ballots_of(columns, [[0], [1], [2], [0, 1], [1, 2]], settings())
    counts, offsets = vote_by_grids(columns, vote_weights)
    found = [counts[a:b].tobytes() for a, b in pairwise(offsets.tolist())]
    assert found == [strings[0], strings[1], strings[2], strings[0], strings[1]]
