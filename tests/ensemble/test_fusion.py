"""Fusion of a whole block against ensemble-boxes and torchvision, image by image."""

import ensemble_boxes
import numpy as np
import pytest
import torch
import torchvision
from numpy.typing import NDArray

from ensemble.fusion import Clusters, fuse
from ensemble.screening import box_shares
from ensemble.settings import Method
from ensemble.sources import Block
from longtail.predictions.columns import DetectionColumns
from longtail.rle.codec import pack

NUM_IMAGES, NUM_SOURCES, NUM_CATEGORIES = 5, 3, 4
SIZES = np.array([[640, 480], [333, 500], [1000, 17], [640, 480], [51, 52]])
SEEDS = range(6)


def made_up_block(seed: int) -> Block:
    """Detections around five objects an image, boxes in pixels; the last image has none."""
    random = np.random.default_rng(seed)
    size = 400
    sources = np.sort(random.integers(0, NUM_SOURCES, size))
    images = random.integers(0, NUM_IMAGES - 1, size)
    corners = random.uniform(0.05, 0.5, (NUM_IMAGES, 5, 2))
    objects = np.concatenate([corners, corners + random.uniform(0.1, 0.4, corners.shape)], axis=2)
    shares = objects[images, random.integers(0, 5, size)] + random.normal(0, 0.015, (size, 4))
    pixels = np.clip(shares, 0, 1) * np.tile(SIZES[images], 2)
    counts, offsets = pack([b""] * size)
    categories = random.integers(0, NUM_CATEGORIES, size)
    scores = random.uniform(0, 1, size)
    columns = DetectionColumns(
        image_id=images + 1,
        category_id=categories,
        score=scores,
        score_mask=scores,
        boxes=np.concatenate([pixels[:, :2], pixels[:, 2:] - pixels[:, :2]], axis=1),
        heights=SIZES[images, 1],
        widths=SIZES[images, 0],
        counts=counts,
        counts_offsets=offsets,
    )
    return Block(np.arange(1, NUM_IMAGES + 1), columns, sources, images, categories)


def fuse_all(block: Block, weights: list[float], method: Method, iou_thr: float) -> Clusters:
    rows = np.arange(len(block))
    shares = box_shares(block.columns)
    return fuse(block, rows, shares, np.array(weights), NUM_CATEGORIES, method, iou_thr)


def table(
    boxes: NDArray[np.float64], scores: NDArray[np.float64], labels: NDArray[np.int64]
) -> NDArray[np.float64]:
    rows = np.column_stack([labels, scores, boxes])
    return rows[np.lexsort(rows.T)]


@pytest.mark.parametrize("weights", [[1.0, 1.0, 1.0], [0.5, 2.0, 1.5]])
@pytest.mark.parametrize("seed", SEEDS)
def test_wbf_of_a_block_is_that_of_ensemble_boxes_per_image(
    seed: int, weights: list[float]
) -> None:
    block = made_up_block(seed)
    clusters = fuse_all(block, weights, "wbf", 0.55)
    for image in range(NUM_IMAGES):
        width, height = SIZES[image]
        corners = block.columns.boxes.copy()
        corners[:, 2:] += corners[:, :2]
        shares = corners / [width, height, width, height]
        chosen = [(block.images == image) & (block.sources == i) for i in range(NUM_SOURCES)]
        fused, scores, labels = ensemble_boxes.weighted_boxes_fusion(
            *(
                [column[rows] for rows in chosen]
                for column in (np.minimum(shares, 1), block.columns.score, block.categories)
            ),
            weights=weights,
            iou_thr=0.55,
        )
        sides = (fused[:, 2:] - fused[:, :2]) * [width, height]
        theirs = table(np.hstack([fused[:, :2] * [width, height], sides]), scores, labels)
        mine = block.images[clusters.best] == image
        ours = table(
            clusters.boxes[mine], clusters.scores[mine], block.categories[clusters.best[mine]]
        )
        assert ours.shape == theirs.shape
        assert np.abs(ours - theirs).max(initial=0.0) == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_nms_of_a_block_is_that_of_torchvision(seed: int) -> None:
    block = made_up_block(seed)
    clusters = fuse_all(block, [1.0, 1.0, 1.0], "nms", 0.5)
    corners = block.columns.boxes.copy()
    corners[:, 2:] += corners[:, :2]
    expected = torchvision.ops.batched_nms(
        torch.from_numpy(corners),
        torch.from_numpy(block.columns.score),
        torch.from_numpy(block.images * NUM_CATEGORIES + block.categories),
        0.5,
    )
    assert sorted(clusters.best.tolist()) == sorted(expected.tolist())
    assert np.array_equal(clusters.scores, block.columns.score[clusters.best])
    assert np.array_equal(clusters.boxes, block.columns.boxes[clusters.best])
    assert clusters.sizes.sum() == len(block)


@pytest.mark.parametrize("method", ["nms", "wbf"])
def test_best_member_is_chosen_by_weighted_score(method: Method) -> None:
    block = made_up_block(0)
    weights = [0.1, 1.0, 0.1]
    clusters = fuse_all(block, weights, method, 0.0)
    weighted = block.columns.score * np.array(weights)[block.sources]
    segments = block.images * NUM_CATEGORIES + block.categories
    for segment in np.unique(segments):
        first = clusters.best[segments[clusters.best] == segment][0]
        assert weighted[first] == weighted[segments == segment].max()


@pytest.mark.parametrize("method", ["nms", "wbf"])
def test_rows_that_take_no_part_are_in_no_cluster(method: Method) -> None:
    block = made_up_block(1)
    rows = np.flatnonzero(block.sources == 1)
    shares = box_shares(block.columns)
    clusters = fuse(block, rows, shares, np.ones(3), NUM_CATEGORIES, method, 0.5)
    assert clusters.sizes.sum() == len(rows)
    assert (block.sources[clusters.best] == 1).all()


@pytest.mark.parametrize("method", ["nms", "wbf"])
def test_no_rows_make_no_cluster(method: Method) -> None:
    block = made_up_block(2)
    nothing = np.zeros(0, np.int64)
    shares = box_shares(block.columns)
    clusters = fuse(block, nothing, shares, np.ones(3), NUM_CATEGORIES, method, 0.5)
    assert len(clusters.best) == len(clusters.boxes) == len(clusters.sizes) == 0


def test_weights_scale_scores_of_nms_by_the_largest() -> None:
    block = made_up_block(3)
    clusters = fuse_all(block, [1.0, 4.0, 2.0], "nms", 0.5)
    factors = np.array([0.25, 1.0, 0.5])[block.sources[clusters.best]]
    assert np.array_equal(clusters.scores, block.columns.score[clusters.best] * factors)
