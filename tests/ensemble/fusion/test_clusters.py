"""Fusion of a whole block, image by image: ensemble-boxes, torchvision, definitions."""

from dataclasses import replace

import ensemble_boxes
import numpy as np
import pytest
import torch
import torchvision
from numpy.typing import NDArray
from support.references.fusion import iou, soften_reference

from ensemble.fusion.choices import Match
from ensemble.fusion.clusters import Clusters, fuse
from ensemble.fusion.methods import METHODS
from ensemble.fusion.settings import FusionSettings
from ensemble.sources.blocks import Block
from ensemble.sources.filters import box_shares
from longtail.predictions.columns import DetectionColumns
from longtail.rle.bitmaps import encode_bitmap
from longtail.rle.codec import pack

NUM_IMAGES, NUM_SOURCES, NUM_CATEGORIES = 5, 3, 4
SIZES = np.array([[640, 480], [333, 500], [1000, 17], [640, 480], [51, 52]])
SEEDS = range(6)


def box_mask(box: NDArray[np.float64], width: int, height: int) -> bytes:
    """A mask like its box without the upper left corner."""
    mask = np.zeros((height, width), np.bool_)
    left, top, right, bottom = np.rint(box).astype(int)
    mask[top:bottom, left:right] = True
    mask[top : top + (bottom - top) // 3, left : left + (right - left) // 3] = False
    return encode_bitmap(mask)


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
    counts, offsets = pack(
        [box_mask(box, *SIZES[i]) for box, i in zip(pixels, images, strict=True)]
    )
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


def some_rows(block: Block, rows: NDArray[np.int64]) -> Block:
    """A block of some rows of another."""
    return Block(
        block.image_ids,
        block.columns.take(rows),
        block.sources[rows],
        block.images[rows],
        block.categories[rows],
    )


def fuse_with(
    block: Block, settings: FusionSettings, allowed: NDArray[np.bool_] | None = None
) -> Clusters:
    rows, shares = np.arange(len(block)), box_shares(block.columns)
    return fuse(block, rows, shares, np.ones(NUM_SOURCES), NUM_CATEGORIES, settings, allowed)


def fuse_all(block: Block, weights: list[float], method: str, iou_thr: float) -> Clusters:
    rows = np.arange(len(block))
    shares = box_shares(block.columns)
    settings = FusionSettings(method, iou_thr)
    return fuse(block, rows, shares, np.array(weights), NUM_CATEGORIES, settings)


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


@pytest.mark.parametrize("method", METHODS)
def test_best_member_is_chosen_by_weighted_score(method: str) -> None:
    block = made_up_block(0)
    weights = [0.1, 1.0, 0.1]
    clusters = fuse_all(block, weights, method, 0.0)
    weighted = block.columns.score * np.array(weights)[block.sources]
    keys = block.images * NUM_CATEGORIES + block.categories
    for key in np.unique(keys):
        first = clusters.best[keys[clusters.best] == key][0]
        assert weighted[first] == weighted[keys == key].max()


@pytest.mark.parametrize("method", ["nms", "wbf"])
def test_rows_that_take_no_part_are_in_no_cluster(method: str) -> None:
    block = made_up_block(1)
    rows = np.flatnonzero(block.sources == 1)
    shares = box_shares(block.columns)
    clusters = fuse(block, rows, shares, np.ones(3), NUM_CATEGORIES, FusionSettings(method, 0.5))
    assert clusters.sizes.sum() == len(rows)
    assert (block.sources[clusters.best] == 1).all()


@pytest.mark.parametrize("match", ["box", "mask"])
@pytest.mark.parametrize("method", METHODS)
def test_no_rows_make_no_cluster(method: str, match: Match) -> None:
    block = made_up_block(2)
    nothing = np.zeros(0, np.int64)
    shares = box_shares(block.columns)
    settings = FusionSettings(method, 0.5, match)
    clusters = fuse(block, nothing, shares, np.ones(3), NUM_CATEGORIES, settings)
    assert clusters.member_starts.tolist() == [0]
    assert len(clusters.best) == len(clusters.boxes) == len(clusters.sizes) == 0


def test_weights_scale_scores_of_nms_by_the_largest() -> None:
    block = made_up_block(3)
    clusters = fuse_all(block, [1.0, 4.0, 2.0], "nms", 0.5)
    factors = np.array([0.25, 1.0, 0.5])[block.sources[clusters.best]]
    assert np.array_equal(clusters.scores, block.columns.score[clusters.best] * factors)


@pytest.mark.parametrize("match", ["box", "mask"])
@pytest.mark.parametrize("method", METHODS)
def test_members_are_of_one_image_and_category_and_the_best_is_first(
    method: str, match: Match
) -> None:
    block = made_up_block(4)
    clusters = fuse_with(block, FusionSettings(method, 0.5, match))
    keys = block.images * NUM_CATEGORIES + block.categories
    assert len(set(clusters.members.tolist())) == len(clusters.members)
    if method in ("nms", "wbf"):
        assert len(clusters.members) == len(block)
    assert (np.diff(keys[clusters.best]) >= 0).all()
    for cluster, best in enumerate(clusters.best):
        start, end = clusters.member_starts[cluster : cluster + 2]
        members = clusters.members[start:end]
        assert members[0] == best
        assert (keys[members] == keys[best]).all()
        assert (np.diff(block.columns.score[members]) <= 0).all()


@pytest.mark.parametrize("match", ["box", "mask"])
@pytest.mark.parametrize("method", METHODS)
def test_order_of_detections_does_not_matter(method: str, match: Match) -> None:
    block = made_up_block(5)
    order = np.random.default_rng(0).permutation(len(block))
    shuffled = some_rows(block, order)
    settings = FusionSettings(method, 0.5, match)
    one, other = fuse_with(block, settings), fuse_with(shuffled, settings)
    assert np.array_equal(one.best, order[other.best])
    assert np.array_equal(one.members, order[other.members])
    assert np.array_equal(one.member_starts, other.member_starts)
    assert np.array_equal(one.scores, other.scores)
    assert np.array_equal(one.boxes, other.boxes)


def test_soft_nms_of_a_block_is_its_definition_per_segment() -> None:
    block = made_up_block(0)
    clusters = fuse_with(block, FusionSettings("soft-nms", 0.5, soft_nms="linear"))
    keys = block.images * NUM_CATEGORIES + block.categories
    shares = box_shares(block.columns)
    expected: list[tuple[int, float]] = []
    for key in np.unique(keys):
        rows = np.flatnonzero(keys == key)
        rows = rows[np.argsort(-block.columns.score[rows])]
        boxes = shares[rows].tolist()
        taken = soften_reference(
            block.columns.score[rows].tolist(),
            lambda i, j, boxes=boxes: iou(boxes[i], boxes[j]),  # type: ignore[misc]
            lambda shared: 1 - shared if shared > 0.5 else 1.0,
            1e-3,
        )
        expected += [(int(rows[i]), score) for i, score in taken]
    assert clusters.best.tolist() == [row for row, _ in expected]
    np.testing.assert_allclose(clusters.scores, [score for _, score in expected], rtol=1e-12)
    assert (clusters.sizes == 1).all()


@pytest.mark.parametrize("match", ["box", "mask"])
def test_nms_then_soft_nms_lowers_the_scores_of_what_nms_leaves(match: Match) -> None:
    block = made_up_block(1)
    both = FusionSettings("nms+soft-nms", 0.5, match, first_iou_thr=0.7, min_score=0.0)
    hard = fuse_with(block, FusionSettings("nms", 0.7, match))
    clusters = fuse_with(block, both)
    assert sorted(clusters.best.tolist()) == sorted(hard.best.tolist())
    assert clusters.sizes.sum() == len(block)
    left = some_rows(block, hard.best)
    soft = fuse_with(left, replace(both, method="soft-nms"))
    assert np.array_equal(hard.best[soft.best], clusters.best)
    assert np.array_equal(soft.scores, clusters.scores)
    assert (clusters.scores < block.columns.score[clusters.best]).any()


def test_a_cluster_that_soft_nms_drops_takes_its_members_along() -> None:
    block = made_up_block(2)
    kept = fuse_with(block, FusionSettings("nms+soft-nms", 0.5, min_score=0.3))
    every = fuse_with(block, FusionSettings("nms+soft-nms", 0.5, min_score=0.0))
    stays = every.scores >= 0.3
    assert 0 < stays.sum() < len(stays)
    assert np.array_equal(kept.best, every.best[stays])
    assert np.array_equal(kept.sizes, every.sizes[stays])


@pytest.mark.parametrize("match", ["box", "mask"])
@pytest.mark.parametrize("method", METHODS)
def test_images_do_not_see_one_another(method: str, match: Match) -> None:
    block = made_up_block(3)
    settings = FusionSettings(method, 0.5, match)
    clusters = fuse_with(block, settings)
    for image in range(NUM_IMAGES):
        rows = np.flatnonzero(block.images == image)
        alone = fuse_with(some_rows(block, rows), settings)
        mine = np.flatnonzero(block.images[clusters.best] == image)
        assert np.array_equal(clusters.best[mine], rows[alone.best])
        assert np.array_equal(clusters.sizes[mine], alone.sizes)
        assert np.array_equal(clusters.scores[mine], alone.scores)
        assert np.array_equal(clusters.boxes[mine], alone.boxes)


def test_wbf_counts_only_the_sources_allowed() -> None:
    block = made_up_block(4)
    allowed = np.ones((len(block), NUM_SOURCES), np.bool_)
    settings = FusionSettings("wbf", 0.55)
    every = fuse_with(block, settings, allowed)
    assert np.array_equal(every.scores, fuse_with(block, settings).scores)
    allowed[:, 1:] = False
    some = fuse_with(block, settings, allowed)
    alone = some.sizes == 1
    # Judged by its own source, and by source 0 where that is another.
    by_two = block.sources[some.best[alone]] != 0
    expected = block.columns.score[some.best[alone]] / np.where(by_two, 2, 1)
    assert np.array_equal(some.scores[alone], expected)
    assert np.array_equal(some.boxes, every.boxes)
