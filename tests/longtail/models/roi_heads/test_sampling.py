from collections.abc import Callable

import pytest
import torch

from longtail.losses.reduction import mean_over_rois
from longtail.models.roi_heads.sampling import (
    RoISampler,
    SampledRoIs,
    background_wanted,
    best_overlap,
    ignore_factors,
)
from longtail.models.roi_heads.targets import RoITargets

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


def test_report_example_of_weighted_and_doubled_losses() -> None:
    # One foreground RoI and three of background with those IoUs; EQL 2019 report, 3.1.
    losses, weights = torch.tensor([1.0, 0.6, 0.4, 0.2]), torch.tensor([1.0, 0.5, 1.0, 1.0])
    torch.testing.assert_close(2 * mean_over_rois(losses, weights), torch.tensor(0.95))
    torch.testing.assert_close(mean_over_rois(losses, torch.ones(4)), torch.tensor(0.55))


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


DRAWN = [0.0, 0.0, 10.0, 10.0]
OTHER = [100.0, 0.0, 110.0, 10.0]
FAR = [50.0, 50.0, 60.0, 60.0]


def select(
    targets: RoITargets, counts: tuple[int, int, int], sampler: RoISampler = SAMPLE_ALL
) -> SampledRoIs:
    """Sample from so many proposals on DRAWN, on OTHER and on nothing."""
    boxes = [box for box, n in zip((DRAWN, OTHER, FAR), counts, strict=True) for _ in range(n)]
    return sampler(torch.tensor(boxes).view(-1, 4), targets)


def test_only_rois_of_the_drawn_category_are_foreground_and_others_are_dropped(
    make_targets: TargetsMaker,
) -> None:
    targets = make_targets([OTHER, DRAWN], [2, 3], drawn_category=3)
    sampled = select(targets, (4, 6, 20))
    # Four proposals and the instance's own box; as much background; nothing of the other instance.
    assert sampled.labels.tolist() == [3] * 5 + [K] * 5
    assert sampled.boxes.tolist() == [DRAWN] * 5 + [FAR] * 5
    assert sampled.matched.tolist() == [1] * 5
    assert sampled.matched_boxes.tolist() == [DRAWN] * 5
    assert select(make_targets([OTHER, DRAWN], [2, 3]), (4, 6, 20)).num_foreground == 12


def test_every_instance_of_the_drawn_category_counts(make_targets: TargetsMaker) -> None:
    targets = make_targets([OTHER, DRAWN], [3, 3], drawn_category=3)
    assert select(targets, (4, 6, 0)).num_foreground == 12


@pytest.mark.parametrize(
    ("per_foreground", "available", "background"),
    [(1.0, 50, 5), (1.0, 3, 3), (3.0, 50, 15), (0.5, 50, 2), (0.01, 50, 1), (1.0, 0, 0)],
)
def test_background_follows_the_foreground_that_is_kept(
    make_targets: TargetsMaker, per_foreground: float, available: int, background: int
) -> None:
    targets = make_targets([DRAWN], [3], drawn_category=3, background_per_foreground=per_foreground)
    sampled = select(targets, (4, 0, available))
    assert (sampled.num_foreground, len(sampled.boxes)) == (5, 5 + background)


def test_background_rois_of_a_drawn_image_are_random(make_targets: TargetsMaker) -> None:
    far = torch.tensor([FAR]).repeat(100, 1) + torch.arange(100)[:, None]
    targets = make_targets([DRAWN], [3], drawn_category=3, background_per_foreground=10.0)
    draws = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        draws.append(SAMPLE_ALL(far, targets).boxes[1:, 0].tolist())
    assert draws[0] == draws[1] != draws[2]
    assert len(set(draws[0])) == 10 and draws[0] != far[:10, 0].tolist()


def test_limits_of_an_image_hold_for_a_drawn_category(make_targets: TargetsMaker) -> None:
    sampler = RoISampler(K, rois_per_image=8, positive_fraction=0.25, positive_iou=0.5)
    targets = make_targets([OTHER, DRAWN], [2, 3], drawn_category=3, background_per_foreground=9.0)
    sampled = select(targets, (20, 20, 20), sampler)
    # The other category takes none of the 2 places for foreground.
    assert sampled.labels.tolist() == [3] * 2 + [K] * 6


def test_drawn_category_that_augmentation_removed_teaches_nothing(
    make_targets: TargetsMaker,
) -> None:
    for targets in (
        make_targets([OTHER], [2], drawn_category=3),
        make_targets([], [], drawn_category=3),
    ):
        sampled = select(targets, (0, 3, 5))
        assert len(sampled.boxes) == len(sampled.weights) == sampled.num_foreground == 0


def test_roi_nearer_to_another_category_is_not_taken_for_the_drawn_one(
    make_targets: TargetsMaker,
) -> None:
    # IoU 0.7 with the box of category 2, 0.6 with that of category 3.
    targets = make_targets([[0, 0, 10, 7], [0, 4, 10, 10]], [2, 3], drawn_category=3)
    both = torch.tensor([[0.0, 0.0, 10.0, 10.0]])
    assert SAMPLE_ALL(both, targets).boxes.tolist() == [[0, 4, 10, 10]]


def test_selection_keeps_the_weights_of_image_and_ignore_boxes(make_targets: TargetsMaker) -> None:
    targets = make_targets(
        [DRAWN],
        [3],
        drawn_category=3,
        loss_weight=0.2,
        ignore_boxes=torch.tensor([FAR]),
        ignore_weights=torch.tensor([0.5]),
    )
    torch.testing.assert_close(select(targets, (0, 0, 4)).weights, torch.tensor([0.2, 0.1]))


def test_background_is_at_least_one_where_there_is_foreground() -> None:
    assert [background_wanted(n, 1.0) for n in (0, 1, 7)] == [0, 1, 7]
    assert [background_wanted(n, 0.2) for n in (0, 1, 7, 8)] == [0, 1, 1, 2]


def test_only_instances_own_boxes_are_annotations(make_targets: TargetsMaker) -> None:
    # The first proposal is as good as the instance's box, and still a proposal.
    proposals = torch.cat([torch.tensor([INSTANCE]), PROPOSALS])
    sampled = SAMPLE_ALL(proposals, make_targets([INSTANCE, FAR], [3, 1]))
    assert sampled.is_annotation.shape == (6,) and sampled.is_annotation.sum() == 2
    own = sorted(sampled.boxes[sampled.is_annotation].tolist())
    assert own == [INSTANCE, FAR]
    assert not SAMPLE_ALL(PROPOSALS, make_targets([], [])).is_annotation.any()


def test_a_drawn_categorys_own_boxes_are_annotations(make_targets: TargetsMaker) -> None:
    sampled = select(make_targets([OTHER, DRAWN], [2, 3], drawn_category=3), (4, 6, 20))
    assert sampled.boxes[sampled.is_annotation].tolist() == [DRAWN]


def test_all_of_takes_every_box_and_no_instances_own(make_targets: TargetsMaker) -> None:
    sampler = RoISampler(K, rois_per_image=1, positive_fraction=0.25, positive_iou=0.5)
    targets = make_targets([INSTANCE, FAR], [3, 1], loss_weight=0.2)
    before = torch.get_rng_state()
    sampled = sampler.all_of(PROPOSALS, targets)
    assert torch.equal(torch.get_rng_state(), before), "nothing is drawn"
    # IoU 0.5 with the first and 1 with the second; 0.4 is background.
    assert sampled.boxes.tolist() == PROPOSALS[[0, 2, 1]].tolist()
    assert sampled.labels.tolist() == [3, 1, K] and sampled.matched.tolist() == [0, 1]
    assert sampled.matched_boxes.tolist() == [INSTANCE, FAR]
    torch.testing.assert_close(sampled.weights, torch.full((3,), 0.2))
    assert not sampled.is_annotation.any()


def test_all_of_and_a_draw_without_bounds_differ_in_the_own_boxes_alone(
    make_targets: TargetsMaker,
) -> None:
    torch.manual_seed(0)
    corners = torch.rand(60, 2) * 12
    proposals = torch.cat([corners, corners + 4 + torch.rand(60, 2) * 8], dim=1)
    everything = RoISampler(K, rois_per_image=512, positive_fraction=1.0, positive_iou=0.3)
    targets = make_targets(
        [INSTANCE, [6.0, 5, 16, 17]],
        [3, 1],
        ignore_boxes=torch.tensor([[9.0, 9, 19, 19]]),
        ignore_weights=torch.tensor([0.5]),
    )
    drawn, taken = everything(proposals, targets), everything.all_of(proposals, targets)
    columns = []
    for rois in (drawn, taken):
        proposed = ~rois.is_annotation
        facts = torch.cat([rois.boxes, rois.labels[:, None], rois.weights[:, None]], dim=1)
        columns.append(sorted(facts[proposed].tolist()))
    assert columns[0] == columns[1] and len(columns[1]) == 60
    assert 0 < taken.num_foreground < 60 and (taken.weights == 0.5).any()


def test_all_of_nothing_is_nothing(make_targets: TargetsMaker) -> None:
    for targets in (make_targets([], []), make_targets([INSTANCE], [3])):
        sampled = SAMPLE_ALL.all_of(torch.zeros(0, 4), targets)
        assert len(sampled.boxes) == sampled.num_foreground == len(sampled.is_annotation) == 0
    assert SAMPLE_ALL.all_of(PROPOSALS, make_targets([], [])).labels.tolist() == [K] * 3


@pytest.mark.parametrize(("per_foreground", "background"), [(1.0, 4), (0.1, 1), (9.0, 20)])
def test_all_of_a_drawn_category_keeps_its_share_of_background(
    make_targets: TargetsMaker, per_foreground: float, background: int
) -> None:
    targets = make_targets(
        [OTHER, DRAWN], [2, 3], drawn_category=3, background_per_foreground=per_foreground
    )
    boxes = torch.tensor([DRAWN] * 4 + [OTHER] * 6 + [FAR] * 20)
    sampled = RoISampler(K, 8, 0.25, 0.5).all_of(boxes, targets)
    # The other instance's boxes are neither; no bound of a draw holds.
    assert sampled.labels.tolist() == [3] * 4 + [K] * background
    assert OTHER not in sampled.boxes.tolist() and sampled.matched.tolist() == [1] * 4


def test_ignore_box_of_a_category_spares_that_category_alone_and_background_alone(
    make_targets: TargetsMaker,
) -> None:
    far = [50.0, 50.0, 60.0, 60.0]
    targets = make_targets(
        [INSTANCE],
        [3],
        ignore_boxes=torch.tensor([far, INSTANCE, far]),
        ignore_weights=torch.tensor([0.25, 0.0, 0.5]),
        ignore_labels=torch.tensor([1, 2, -1]),
    )
    sampled = SAMPLE_ALL(PROPOSALS, targets)
    assert sampled.category_weights is not None
    found = _by_box(sampled.boxes, sampled.category_weights)
    # Foreground on the box of category 2 keeps all, and so does a RoI of IoU 0.4 with it.
    assert found == {
        (0, 0, 10, 10): [1.0] * 5,
        (0, 0, 10, 5): [1.0] * 5,
        (0, 0, 10, 4): [1.0] * 5,
        (50, 50, 60, 60): [1.0, 0.25, 1.0, 1.0, 1.0],
    }
    assert _by_box(sampled.boxes, sampled.weights)[50, 50, 60, 60] == 0.5


def test_without_ignore_boxes_of_a_category_there_are_no_factors(
    make_targets: TargetsMaker,
) -> None:
    assert SAMPLE_ALL(PROPOSALS, make_targets([INSTANCE], [3])).category_weights is None
