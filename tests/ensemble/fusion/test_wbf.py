import ensemble_boxes
import numpy as np
import pytest
from numpy.typing import NDArray
from support.references.fusion import fuse_boxes_reference

from ensemble.fusion.wbf import FusedBoxes, fuse_boxes

Floats = NDArray[np.float64]
SEEDS = range(12)


def random_sources(
    seed: int, num_sources: int, num_labels: int
) -> tuple[list[Floats], list[Floats], list[NDArray[np.int64]]]:
    """Boxes (xyxy in [0, 1]), scores and labels of every source, jittered around objects."""
    random = np.random.default_rng(seed)
    corner = random.uniform(0.05, 0.5, (15, 2))
    objects = np.concatenate([corner, corner + random.uniform(0.1, 0.4, (15, 2))], axis=1)
    boxes, scores, labels = [], [], []
    for _ in range(num_sources):
        chosen = random.integers(0, len(objects), random.integers(0, 60))
        boxes.append(np.clip(objects[chosen] + random.normal(0, 0.02, (len(chosen), 4)), 0, 1))
        scores.append(random.uniform(0, 1, len(chosen)))
        labels.append(chosen % num_labels)
    return boxes, scores, labels


def fuse(
    boxes: list[Floats],
    scores: list[Floats],
    labels: list[NDArray[np.int64]],
    weights: Floats,
    iou_thr: float,
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Boxes, scores and labels of our clusters, called as ensemble-boxes is."""
    weighted = np.concatenate([s * w for s, w in zip(scores, weights, strict=True)])
    label = np.concatenate(labels).astype(np.int64)
    order = np.lexsort((-weighted, label))
    starts = np.searchsorted(label[order], np.arange(label.max(initial=0) + 2))
    fused = fuse_boxes(np.concatenate(boxes)[order], weighted[order], starts, iou_thr)
    agreed = fused.means * np.minimum(len(weights), fused.sizes) / weights.sum()
    return fused.boxes, agreed, label[order][fused.first]


def rows(boxes: Floats, scores: Floats, labels: Floats) -> Floats:
    """One row per cluster in an order that both sides share."""
    table = np.column_stack([labels, scores, boxes])
    return table[np.lexsort(table.T)]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("iou_thr", [0.3, 0.55])
def test_every_bit_is_that_of_ensemble_boxes(seed: int, weighted: bool, iou_thr: float) -> None:
    num_sources = 1 + seed % 5
    boxes, scores, labels = random_sources(seed, num_sources, num_labels=4)
    weights = np.random.default_rng(seed).uniform(0.5, 2, num_sources)
    weights = weights if weighted else np.ones(num_sources)
    ours = rows(*fuse(boxes, scores, labels, weights, iou_thr))
    theirs = rows(
        *ensemble_boxes.weighted_boxes_fusion(
            [b.tolist() for b in boxes],
            [s.tolist() for s in scores],
            [k.tolist() for k in labels],
            weights=weights.tolist(),
            iou_thr=iou_thr,
        )
    )
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max(initial=0.0) == 0


def one_group(boxes: Floats, scores: Floats) -> FusedBoxes:
    return fuse_boxes(boxes, scores, np.array([0, len(boxes)]), iou_threshold=0.55)


@pytest.mark.parametrize("seed", SEEDS)
def test_kernel_finds_the_clusters_of_its_definition(seed: int) -> None:
    boxes, scores, _ = random_sources(seed, num_sources=3, num_labels=1)
    order = np.argsort(-np.concatenate(scores))
    box, score = np.concatenate(boxes)[order], np.concatenate(scores)[order]
    fused = one_group(box, score)
    plain = fuse_boxes_reference(box.tolist(), score.tolist(), iou_threshold=0.55)
    assert fused.first.tolist() == [members[0] for _, _, members in plain]
    assert fused.sizes.tolist() == [len(members) for _, _, members in plain]
    for cluster, (_, _, members) in enumerate(plain):
        assert np.flatnonzero(fused.cluster_of == cluster).tolist() == members
    np.testing.assert_allclose(fused.boxes, [mean for mean, _, _ in plain], atol=1e-6)
    np.testing.assert_allclose(fused.means, [mean for _, mean, _ in plain], atol=1e-6)


def test_hand_computed_mean() -> None:
    # Means weighted 0.6 and 0.2: right edge (0.6 * 0.4 + 0.2 * 0.5) / 0.8 = 0.425.
    boxes = np.array([[0.0, 0.0, 0.4, 0.4], [0.0, 0.0, 0.5, 0.4]])
    fused = one_group(boxes, np.array([0.6, 0.2]))
    np.testing.assert_allclose(fused.boxes, [[0.0, 0.0, 0.425, 0.4]], atol=1e-7)
    np.testing.assert_allclose(fused.means, [0.4], atol=1e-7)
    assert fused.sizes.tolist() == [2]


def test_members_of_score_zero_give_no_nan() -> None:
    boxes = np.array([[0.0, 0.0, 0.5, 0.5], [0.0, 0.0, 0.5, 0.5]])
    fused = one_group(boxes, np.zeros(2))
    assert fused.boxes.tolist() == [[0.0, 0.0, 0.5, 0.5]]
    assert fused.means.tolist() == [0.0]


def test_no_boxes() -> None:
    assert len(one_group(np.empty((0, 4)), np.empty(0)).first) == 0
