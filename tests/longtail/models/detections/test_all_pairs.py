"""The fast choice of detections against suppression among all pairs, written plainly."""

import pytest
import torch
from torch import Tensor
from torchvision.ops import clip_boxes_to_image

from longtail.models.boxes import decode_boxes
from longtail.models.detections.select import BoxSelector, FoundBoxes

SIZE = (100, 120)
Detection = tuple[list[float], int, float]


def _overlap(a: list[float], b: list[float]) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0.0) * max(height, 0.0)
    areas = [(x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in (a, b)]
    return both / (sum(areas) - both)


def _plainly(
    select: BoxSelector, proposals: Tensor, scores: Tensor, deltas: Tensor
) -> list[Detection]:
    """All pairs over the threshold by falling score; each stays unless a better one of its
    category that stayed overlaps it; the first `detections_per_image` of those."""
    num_categories = scores.shape[1] - 1
    moves = deltas.expand(-1, num_categories, 4)
    boxes = clip_boxes_to_image(decode_boxes(proposals[:, None], moves), SIZE).tolist()
    pairs = [
        (boxes[row][label], label, score)
        for row, of_row in enumerate(scores[:, :-1].tolist())
        for label, score in enumerate(of_row)
        if score > select.score_threshold
    ]
    kept: list[Detection] = []
    for box, label, score in sorted(pairs, key=lambda pair: -pair[2]):
        if box[2] > box[0] and box[3] > box[1]:
            better = [other for other, of, _ in kept if of == label]
            if all(_overlap(box, other) <= select.nms_iou for other in better):
                kept.append((box, label, score))
    return kept[: select.detections_per_image]


def _listed(found: FoundBoxes) -> list[Detection]:
    columns = found.boxes.tolist(), found.labels.tolist(), found.scores.tolist()
    return list(zip(*columns, strict=True))


def _clusters(num_proposals: int, num_clusters: int) -> Tensor:
    corners = torch.rand(num_clusters, 2) * 80
    sides = 10 + 30 * torch.rand(num_clusters, 2)
    centres = torch.cat([corners, corners + sides], dim=1)
    chosen = centres[torch.arange(num_proposals) % num_clusters]
    return chosen + 0.5 * torch.randn(num_proposals, 4)


@pytest.mark.parametrize("candidates", [1, 4, 33, 5000])
@pytest.mark.parametrize("threshold", [0.0, 0.25])
@pytest.mark.parametrize("levels", [4, 1000])
@pytest.mark.parametrize("num_clusters", [3, 60])
def test_any_number_of_candidates_finds_what_all_pairs_do(
    candidates: int, threshold: float, levels: int, num_clusters: int
) -> None:
    torch.manual_seed(levels + num_clusters)
    proposals = _clusters(60, num_clusters)
    # Few levels make many ties; rows of one column are shared boxes.
    scores = (torch.rand(60, 8) * levels).floor() / levels
    deltas = torch.randn(60, 7 if num_clusters == 3 else 1, 4)
    for most in (5, 40, 1000):
        select = BoxSelector(threshold, 0.5, most, candidates)
        found = select(proposals, scores, deltas, SIZE)
        expected = _plainly(select, proposals, scores, deltas)
        assert _listed(found) == expected
        assert len(expected) == min(most, len(expected)) > 0


def test_clusters_that_share_a_ranking_of_categories_give_as_many_as_asked_for() -> None:
    torch.manual_seed(0)
    proposals = _clusters(1000, 5)
    ranking = torch.linspace(0.9, 0.1, 300)
    scores = torch.zeros(1000, 1204)
    scores[:, :300] = ranking + 1e-4 * torch.rand(1000, 300)
    find = BoxSelector(score_threshold=0.0, nms_iou=0.5, detections_per_image=300)
    found = find(proposals, scores, torch.zeros(1000, 1, 4), SIZE)
    # The 5000 best pairs are the first 5 categories, of which each cluster keeps one box.
    assert len(found.scores) == 300
    assert found.labels.max() > 5000 // 1000


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_proposals_without_numbers_are_dropped_and_counted(value: float) -> None:
    torch.manual_seed(0)
    proposals, scores, deltas = _clusters(30, 30), torch.rand(30, 5), torch.randn(30, 4, 4)
    select = BoxSelector(score_threshold=0.0, nms_iou=0.5, detections_per_image=300)
    sound = select(proposals[3:], scores[3:], deltas[3:], SIZE)
    scores[0], scores[1, 2], deltas[2, 3, 1] = value, value, value
    found = select(proposals, scores, deltas, SIZE)
    assert _listed(found) == _listed(sound)
    assert (found.num_not_finite, sound.num_not_finite) == (3, 0)
    assert found.class_rows.isfinite().all()


def test_an_image_of_nothing_but_nan_has_no_detection() -> None:
    scores = torch.full((4, 3), float("nan"))
    select = BoxSelector(score_threshold=0.0, nms_iou=0.5, detections_per_image=300)
    found = select(_clusters(4, 4), scores, torch.zeros(4, 1, 4), SIZE)
    assert (len(found.scores), found.num_not_finite) == (0, 4)


def test_a_union_counts_the_rows_that_each_detector_dropped() -> None:
    select = BoxSelector(score_threshold=0.0, nms_iou=0.5, detections_per_image=300)
    proposals, good = _clusters(4, 4), torch.rand(4, 3)
    bad = good.clone()
    bad[1] = float("nan")
    stay = torch.zeros(4, 1, 4)
    found = [select(proposals, scores, stay, SIZE) for scores in (good, bad)]
    assert select.unite(found).num_not_finite == 1
