from collections.abc import Callable

import torch

from longtail.models.matching import RoISampler, best_overlap, ignore_factors
from longtail.models.targets import RoITargets

K = 5
INSTANCE = [0.0, 0.0, 10.0, 10.0]
# IoU with INSTANCE: 0.5, 0.4, 0.
PROPOSALS = torch.tensor([[0, 0, 10, 5], [0, 0, 10, 4], [50, 50, 60, 60]], dtype=torch.float32)
SAMPLE_ALL = RoISampler(K, rois_per_image=512, positive_fraction=0.25, positive_iou=0.5)

TargetsMaker = Callable[..., RoITargets]


def _by_box(boxes: torch.Tensor, values: torch.Tensor) -> dict[tuple[float, ...], object]:
    return {tuple(box): value for box, value in zip(boxes.tolist(), values.tolist(), strict=True)}


def test_iou_at_the_threshold_is_foreground_and_below_is_background(
    make_targets: TargetsMaker,
) -> None:
    sampled = SAMPLE_ALL(PROPOSALS, make_targets([INSTANCE], [3]))
    labels = _by_box(sampled.boxes, sampled.labels)
    assert labels == {(0, 0, 10, 10): 3, (0, 0, 10, 5): 3, (0, 0, 10, 4): K, (50, 50, 60, 60): K}
    assert sampled.num_foreground == 2
    assert (sampled.labels[:2] == 3).all()


def test_instances_are_proposals_themselves(make_targets: TargetsMaker) -> None:
    sampled = SAMPLE_ALL(torch.zeros(0, 4), make_targets([INSTANCE], [2]))
    assert sampled.boxes.tolist() == [INSTANCE]
    assert sampled.matched.tolist() == [0]
    assert sampled.matched_boxes.tolist() == [INSTANCE]


def test_foreground_takes_its_share_and_background_fills_the_rest(
    make_targets: TargetsMaker,
) -> None:
    sampler = RoISampler(K, rois_per_image=8, positive_fraction=0.25, positive_iou=0.5)
    near = torch.tensor([INSTANCE]).repeat(20, 1)
    far = torch.tensor([[50.0, 50.0, 60.0, 60.0]]).repeat(20, 1)
    sampled = sampler(torch.cat([near, far]), make_targets([INSTANCE], [3]))
    assert (sampled.num_foreground, len(sampled.boxes)) == (2, 8)
    few = sampler(near[:0], make_targets([INSTANCE], [3]))
    assert (few.num_foreground, len(few.boxes)) == (1, 1)


def test_same_seed_draws_the_same_rois(make_targets: TargetsMaker) -> None:
    sampler = RoISampler(K, rois_per_image=8, positive_fraction=0.25, positive_iou=0.5)
    proposals = torch.rand(100, 4).cumsum(dim=1) * 10
    draws = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        draws.append(sampler(proposals, make_targets([INSTANCE], [3])).boxes)
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_image_without_instances_gives_background_only(make_targets: TargetsMaker) -> None:
    sampled = SAMPLE_ALL(PROPOSALS, make_targets([], []))
    assert sampled.labels.tolist() == [K, K, K]
    assert sampled.num_foreground == 0
    assert sampled.matched_boxes.shape == (0, 4)


def test_image_without_instances_or_proposals_gives_nothing(make_targets: TargetsMaker) -> None:
    sampled = SAMPLE_ALL(torch.zeros(0, 4), make_targets([], []))
    assert len(sampled.boxes) == len(sampled.weights) == len(sampled.verified) == 0


def test_only_background_on_an_ignore_box_is_weighted_down(make_targets: TargetsMaker) -> None:
    targets = make_targets(
        [INSTANCE],
        [3],
        ignore_boxes=torch.tensor([INSTANCE, [50.0, 50.0, 60.0, 60.0]]),
        ignore_weights=torch.tensor([0.0, 0.5]),
    )
    sampled = SAMPLE_ALL(PROPOSALS, targets)
    weights = _by_box(sampled.boxes, sampled.weights)
    # The RoI of IoU 0.4 with the first ignore box stays under the limit of 0.5.
    assert weights == {(0, 0, 10, 10): 1, (0, 0, 10, 5): 1, (0, 0, 10, 4): 1, (50, 50, 60, 60): 0.5}


def test_report_example_of_ignored_background(make_targets: TargetsMaker) -> None:
    # Background RoIs of IoU 0.9, 0.7 -> below, 0.3 and 0 with their boxes; EQL 2019 report, 3.1.
    boxes = torch.tensor([[0, 0, 10, 9], [20, 0, 30, 5], [40, 0, 50, 3], [80, 0, 90, 10]]).float()
    ignore = torch.tensor([[0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10]]).float()
    targets = make_targets([], [], ignore_boxes=ignore, ignore_weights=torch.full((3,), 0.5))
    assert ignore_factors(boxes, targets).tolist() == [0.5, 1.0, 1.0, 1.0]


def test_loss_weight_multiplies_every_roi(make_targets: TargetsMaker) -> None:
    targets = make_targets(
        [INSTANCE],
        [3],
        loss_weight=0.2,
        ignore_boxes=torch.tensor([[50.0, 50.0, 60.0, 60.0]]),
        ignore_weights=torch.tensor([0.5]),
    )
    sampled = SAMPLE_ALL(PROPOSALS, targets)
    torch.testing.assert_close(sampled.weights.sort().values, torch.tensor([0.1, 0.2, 0.2, 0.2]))


def test_verified_categories_follow_the_source_of_the_matched_instance(
    make_targets: TargetsMaker,
) -> None:
    verified = torch.zeros(2, K, dtype=torch.bool)
    verified[0, 1], verified[1, 2] = True, True
    targets = make_targets(
        [INSTANCE, [50.0, 50.0, 60.0, 60.0]],
        [1, 2],
        verified=verified,
        source=torch.tensor([0, 1]),
    )
    sampled = SAMPLE_ALL(torch.zeros(0, 4), targets)
    rows = {int(label): row for label, row in zip(sampled.labels, sampled.verified, strict=True)}
    assert rows[1].tolist() == verified[0].tolist()
    assert rows[2].tolist() == verified[1].tolist()


def test_best_overlap_without_references_is_zero() -> None:
    iou, index = best_overlap(PROPOSALS, torch.zeros(0, 4))
    assert iou.tolist() == [0, 0, 0]
    assert index.tolist() == [0, 0, 0]
