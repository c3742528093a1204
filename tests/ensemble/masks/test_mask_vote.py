"""Voted masks against pycocotools: decode all members, take the mean, encode; byte by byte."""

from itertools import pairwise
from random import Random

import numpy as np
import pycocotools.mask
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ensemble.fusion.choices import MaskWeights
from ensemble.fusion.clusters import Clusters
from ensemble.fusion.settings import FusionSettings
from ensemble.masks.final import vote_masks
from ensemble.masks.vote_weights import whole_votes
from longtail.predictions.columns import DetectionColumns
from longtail.rle.bitmaps import encode_bitmap
from longtail.rle.codec import encode, pack

Bitmaps = NDArray[np.bool_]
HEIGHT, WIDTH = 5, 7
ALL = 2 ** (HEIGHT * WIDTH) - 1
# A mask is a number whose bits are the pixels.
MASK = st.integers(0, ALL) | st.sampled_from([0, ALL])
SCORE = st.sampled_from([0.0, 0.25, 0.5, 1.0])
CLUSTER = st.lists(st.tuples(MASK, SCORE), min_size=1, max_size=8)


def encoded(number: int) -> bytes:
    pixels = [number >> i & 1 for i in range(HEIGHT * WIDTH)]
    return encode_bitmap(np.array(pixels, np.bool_).reshape(HEIGHT, WIDTH))


def columns_of(
    masks: list[bytes], scores: list[float], height: int, width: int
) -> DetectionColumns:
    ones = np.ones(len(masks), np.int64)
    counts, offsets = pack(masks)
    return DetectionColumns(
        image_id=ones,
        category_id=ones,
        score=np.array(scores, np.float64),
        score_mask=np.array(scores, np.float64),
        boxes=np.zeros((len(masks), 4)),
        heights=ones * height,
        widths=ones * width,
        counts=counts,
        counts_offsets=offsets,
    )


def clusters_of(members: list[list[int]]) -> Clusters:
    return Clusters(
        best=np.array([rows[0] for rows in members], np.int64),
        boxes=np.zeros((len(members), 4)),
        scores=np.zeros(len(members)),
        members=np.array([row for rows in members for row in rows], np.int64),
        member_starts=np.cumsum([0, *map(len, members)]),
    )


def voted(
    columns: DetectionColumns,
    members: list[list[int]],
    source_weights: list[float] | None = None,
    mask_weights: MaskWeights = "equal",
    mask_thr: float = 0.5,
) -> list[bytes]:
    weights = np.ones(len(columns)) if source_weights is None else np.array(source_weights)
    counts, offsets = vote_masks(
        columns,
        clusters_of(members),
        np.arange(len(members)),
        weights,
        FusionSettings("wbf", 0.5, mask="vote", mask_weights=mask_weights, mask_thr=mask_thr),
    )
    ends = offsets.tolist()
    return [counts[a:b].tobytes() for a, b in pairwise(ends)]


def mean_mask(
    masks: list[bytes], weights: list[float], height: int, width: int, mask_thr: float = 0.5
) -> bytes:
    """What pycocotools makes of it; weights of sum 0 are equal ones."""
    if sum(weights) == 0:
        weights = [1.0] * len(weights)
    votes = np.zeros((height, width))
    for mask, weight in zip(masks, weights, strict=True):
        votes += weight * pycocotools.mask.decode({"size": [height, width], "counts": mask})
    winners = (votes >= mask_thr * sum(weights)) & (votes > 0)
    counts = pycocotools.mask.encode(np.asfortranarray(winners.astype(np.uint8)))["counts"]
    assert isinstance(counts, bytes)
    return counts


@settings(max_examples=100, deadline=None)
@given(st.lists(CLUSTER, max_size=4), st.sampled_from(["equal", "score"]))
def test_every_byte_is_that_of_decode_mean_encode(
    clusters: list[list[tuple[int, float]]], mask_weights: MaskWeights
) -> None:
    rows = [row for cluster in clusters for row in cluster]
    masks, scores = [encoded(mask) for mask, _ in rows], [score for _, score in rows]
    ends = np.cumsum([0, *map(len, clusters)]).tolist()
    members = [list(range(a, b)) for a, b in pairwise(ends)]
    weights = scores if mask_weights == "score" else [1.0] * len(rows)
    expected = [
        mean_mask([masks[i] for i in rows], [weights[i] for i in rows], HEIGHT, WIDTH)
        for rows in members
    ]
    assert voted(columns_of(masks, scores, HEIGHT, WIDTH), members, None, mask_weights) == expected


@settings(max_examples=100, deadline=None)
@given(CLUSTER, st.lists(st.integers(1, 9), min_size=10, max_size=10), st.floats(0.01, 1.0))
def test_weights_of_sources_and_threshold_count(
    cluster: list[tuple[int, float]], weights: list[int], mask_thr: float
) -> None:
    masks = [encoded(mask) for mask, _ in cluster]
    chosen = [float(weights[i % 10]) for i in range(len(masks))]
    expected = mean_mask(masks, chosen, HEIGHT, WIDTH, mask_thr)
    columns = columns_of(masks, [0.5] * len(masks), HEIGHT, WIDTH)
    assert voted(columns, [list(range(len(masks)))], chosen, mask_thr=mask_thr) == [expected]


def discs(seed: int, num_masks: int, height: int, width: int) -> Bitmaps:
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    centre = random.normal([height / 2, width / 2], 4, (num_masks, 2))
    far = np.hypot(y - centre[:, 0, None, None], x - centre[:, 1, None, None])
    return np.asarray(far + random.normal(0, 2, far.shape) < height / 3)


@pytest.mark.parametrize("size", [(90, 160), (481, 640), (1, 300), (300, 1), (64, 64)])
@pytest.mark.parametrize("seed", range(2))
def test_frames_of_any_size(size: tuple[int, int], seed: int) -> None:
    masks = [encode_bitmap(mask) for mask in discs(seed, 15, *size)]
    scores = np.random.default_rng(seed).uniform(0.01, 1, 15).tolist()
    columns = columns_of(masks, scores, *size)
    members = [[0, 3, 4, 7], [1], [2, 5, 6, 8, 9, 10, 11, 12, 13, 14]]
    for mask_weights, weights in (("equal", [1.0] * 15), ("score", scores)):
        expected = [
            mean_mask([masks[i] for i in rows], [weights[i] for i in rows], *size)
            for rows in members
        ]
        assert voted(columns, members, None, mask_weights) == expected  # type: ignore[arg-type]


def test_half_of_the_votes_is_enough() -> None:
    left, right = np.zeros((2, 4, 6), np.bool_)
    left[:, :3] = right[:, 3:] = True
    masks = [encode_bitmap(left), encode_bitmap(right)]
    assert voted(columns_of(masks, [0.5, 0.5], 4, 6), [[0, 1]]) == [
        encode_bitmap(np.ones((4, 6), np.bool_))
    ]
    # 1 + 1 + 1 against 3, where 2**30 / 6 is no whole number.
    columns = columns_of([masks[0]] * 3 + [masks[1]], [0.5] * 4, 4, 6)
    both = voted(columns, [[0, 1, 2, 3]], source_weights=[1, 1, 1, 3])
    assert both == [encode_bitmap(np.ones((4, 6), np.bool_))]


def test_a_mask_that_no_pixel_wins_is_empty() -> None:
    apart = np.eye(3, dtype=np.bool_).reshape(3, 1, 3)
    masks = [encode_bitmap(mask) for mask in apart]
    assert voted(columns_of(masks, [0.9, 0.8, 0.7], 1, 3), [[0, 1, 2]]) == [
        encode_bitmap(np.zeros((1, 3), np.bool_))
    ]


def test_members_of_score_zero_are_equal() -> None:
    masks = [encode_bitmap(mask) for mask in discs(0, 3, 30, 40)]
    columns = columns_of(masks, [0.0] * 3, 30, 40)
    expected = mean_mask(masks, [1.0] * 3, 30, 40)
    assert voted(columns, [[0, 1, 2]], mask_weights="score") == [expected]


@pytest.mark.parametrize("score", [5e-324, 1e-300, 1.0])
def test_the_unit_of_the_weights_does_not_matter(score: float) -> None:
    masks = [encode_bitmap(mask) for mask in discs(1, 5, 30, 40)]
    columns = columns_of(masks, [score] * 5, 30, 40)
    expected = mean_mask(masks, [1.0] * 5, 30, 40)
    assert voted(columns, [list(range(5))], mask_weights="score") == [expected]


def test_strings_with_runs_of_no_pixels_count_as_what_they_show() -> None:
    # 2 background, 3 foreground, then 0 background and 2 more of foreground, 5 background.
    broken = encode(np.array([2, 3, 0, 2, 5]))
    whole = encode(np.array([2, 5, 5]))
    columns = columns_of([broken, whole, broken], [0.5] * 3, 4, 3)
    assert voted(columns, [[0], [0, 1], [0, 2]]) == [whole, whole, whole]


def test_members_without_a_mask_vote_for_no_pixel() -> None:
    mask = encode_bitmap(np.ones((4, 3), np.bool_))
    columns = columns_of([mask, b"", b""], [0.5] * 3, 4, 3)
    assert voted(columns, [[0, 1], [0, 1, 2]]) == [mask, encode_bitmap(np.zeros((4, 3), bool))]


@pytest.mark.parametrize("seed", range(5))
def test_order_of_members_does_not_matter(seed: int) -> None:
    masks = [encode_bitmap(mask) for mask in discs(seed, 20, 50, 50)]
    scores = np.random.default_rng(seed).uniform(0, 1, 20).tolist()
    columns = columns_of(masks, scores, 50, 50)
    order = list(range(20))
    Random(seed).shuffle(order)
    one, other = voted(columns, [list(range(20)), order], mask_weights="score")
    assert one == other


def test_only_the_chosen_clusters_are_voted_in_their_order() -> None:
    masks = [encode_bitmap(mask) for mask in discs(4, 6, 20, 20)]
    columns = columns_of(masks, [0.5] * 6, 20, 20)
    clusters = clusters_of([[0, 1], [2], [3, 4, 5]])
    fusion = FusionSettings("wbf", 0.5, mask="vote")
    counts, offsets = vote_masks(columns, clusters, np.array([2, 1]), np.ones(6), fusion)
    assert counts[offsets[1] : offsets[2]].tobytes() == masks[2]
    assert counts[: offsets[1]].tobytes() == mean_mask(masks[3:], [1.0] * 3, 20, 20)
    counts, offsets = vote_masks(columns, clusters, np.zeros(0, np.int64), np.ones(6), fusion)
    assert len(counts) == 0 and offsets.tolist() == [0]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.integers(0, 2**20), min_size=1, max_size=8), max_size=5))
def test_whole_weights_stay_what_they_are_to_one_another(clusters: list[list[int]]) -> None:
    starts = np.cumsum([0, *map(len, clusters)])
    flat = np.array([weight for cluster in clusters for weight in cluster], np.float64)
    votes = whole_votes(flat, starts)
    for start, cluster in zip(starts.tolist(), clusters, strict=False):
        found = votes[start : start + len(cluster)]
        weights = np.array(cluster) if any(cluster) else np.ones(len(cluster), np.int64)
        assert np.array_equal(found * weights.sum(), weights * found.sum())
        assert found.sum() <= 2**30
