from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.models.toy_heads import DETECTOR, SIZE, K, always, toy_features, toy_heads
from torch import Tensor
from torch.nn import functional as F

from longtail.config.classifiers import (
    BalancedGroupSoftmax,
    Calibrated,
    Classifier,
    Softmax,
)
from longtail.config.roi_stages import Cascade, HybridTaskCascade, OneStage
from longtail.models.boxes import encode_boxes
from longtail.models.roi_heads.box_branch import BoxLosses
from longtail.models.roi_heads.heads import RoIHeads
from longtail.models.roi_heads.sampling import SampledRoIs
from longtail.models.roi_heads.targets import RoITargets

TargetsMaker = Callable[..., RoITargets]

INSTANCE = [4.0, 4.0, 24.0, 24.0]
NEAR = [4.0, 4.0, 24.0, 22.0]
FAR = [40.0, 40.0, 50.0, 60.0]
EDGE = [56.0, 8.0, 64.0, 12.0]
PROPOSALS = torch.tensor([NEAR, FAR, EDGE])
ONE = {"positive_ious": (0.5,), "coding_weights": ((10, 10, 5, 5),)}


def _moving(heads: RoIHeads, *dx: float) -> RoIHeads:
    """The same heads, whose stages move a RoI to the right by so many units of their coding."""
    for stage, of_stage in enumerate(dx):
        always(heads, f"box_regressor.{stage}.linear", [of_stage, 0, 0, 0])
    return heads


def _learned(heads: RoIHeads, *targets: RoITargets, proposals: Tensor = PROPOSALS) -> BoxLosses:
    torch.manual_seed(2)
    count = len(targets)
    return heads.box_branch.losses(
        toy_features(count), [proposals] * count, [SIZE] * count, targets
    )


def _boxes(rois: SampledRoIs) -> list[list[float]]:
    return sorted([round(x, 3) for x in box] for box in rois.boxes.tolist())


def _everything(heads: RoIHeads, targets: RoITargets) -> list[Any]:
    torch.manual_seed(2)
    _, losses = heads(toy_features(), [PROPOSALS], [SIZE], [targets])
    torch.stack(list(losses.values())).sum().backward()
    gradients = {name: p.grad for name, p in heads.named_parameters() if p.requires_grad}
    with torch.no_grad():
        (found,), _ = heads.eval()(toy_features(), [PROPOSALS], [SIZE])
    return [losses, gradients, vars(found.found), found.mask_probabilities, found.mask_quality]


@pytest.mark.parametrize(
    "stages",
    [
        Cascade(**ONE, loss_weights=(1,)),
        HybridTaskCascade(**ONE, loss_weights=(1,), interleaved=False),
    ],
    ids=["cascade", "htc"],
)
@pytest.mark.parametrize("classifier", [Softmax(), BalancedGroupSoftmax(), Calibrated()])
@pytest.mark.parametrize("class_specific", [True, False])
def test_a_cascade_of_one_stage_is_a_plain_detector_to_the_bit(
    stages: Cascade | HybridTaskCascade,
    classifier: Classifier,
    class_specific: bool,
    make_targets: TargetsMaker,
) -> None:
    box_head = DETECTOR.box_head.replace(class_specific_boxes=class_specific)
    mask_head = DETECTOR.mask_head.replace(boundary=True, scoring=True, level="area_and_ratio")
    detector = DETECTOR.replace(box_head=box_head, mask_head=mask_head)
    plain = toy_heads(OneStage(), classifier, detector)
    staged = toy_heads(stages.replace(class_specific_boxes=class_specific), classifier, detector)
    assert list(plain.state_dict()) == list(staged.state_dict())
    torch.testing.assert_close(dict(staged.state_dict()), dict(plain.state_dict()), rtol=0, atol=0)
    of_plain, of_staged = (
        _everything(heads, make_targets([INSTANCE], [2])) for heads in (plain, staged)
    )
    torch.testing.assert_close(of_staged, of_plain, rtol=0, atol=0)


@pytest.mark.parametrize("kind", [Cascade, HybridTaskCascade])
def test_the_weight_of_an_only_stage_counts_in_all_its_losses(
    kind: Any, make_targets: TargetsMaker
) -> None:
    mask_head = DETECTOR.mask_head.replace(boundary=True, scoring=True)
    detector = DETECTOR.replace(mask_head=mask_head)
    whole, half = (
        _everything(
            toy_heads(kind(**ONE, loss_weights=(w,)), None, detector), make_targets([INSTANCE], [2])
        )[0]
        for w in (1.0, 0.5)
    )
    assert whole.keys() == {"classification", "box", "mask", "boundary", "mask_iou"}
    torch.testing.assert_close(half, {name: loss / 2 for name, loss in whole.items()})


def _by_hand(heads: RoIHeads, stage: int, sampled: SampledRoIs) -> tuple[Tensor, Tensor]:
    """Softmax cross-entropy and L1 of a stage's RoIs, from the layers themselves."""
    pooled = heads.get_submodule(f"box_pooler.{stage}")(toy_features(), [sampled.boxes])
    hidden = heads.get_submodule(f"box_head.{stage}")(pooled)
    logits = heads.get_submodule(f"classifier.{stage}.linear")(hidden)
    deltas = heads.get_submodule(f"box_regressor.{stage}.linear")(hidden)
    count = sampled.num_foreground
    weights = heads.rules.stages[stage].coding_weights
    wanted = encode_boxes(sampled.boxes[:count], sampled.matched_boxes, weights)
    distance = (deltas[:count] - wanted).abs().sum() / len(sampled.boxes)
    return F.cross_entropy(logits, sampled.labels), distance


@pytest.mark.parametrize("later_rois", ["sampled", "all"])
@pytest.mark.parametrize("weights", [(1.0, 0.5, 0.25), (0.0, 2.0, 1.0)])
def test_losses_are_the_weighted_sums_of_the_stages(
    weights: tuple[float, float, float], later_rois: Any, make_targets: TargetsMaker
) -> None:
    heads = toy_heads(Cascade(loss_weights=weights, later_rois=later_rois))
    learned = _learned(heads, make_targets([INSTANCE], [2]))
    assert len(learned.for_masks) == 3
    of_stages = [_by_hand(heads, t, rois) for t, (rois,) in enumerate(learned.for_masks)]
    classification, box = (
        sum((w * loss for w, loss in zip(weights, losses, strict=True)), torch.zeros(()))
        for losses in zip(*of_stages, strict=True)
    )
    torch.testing.assert_close(learned.classification, classification)
    torch.testing.assert_close(learned.box, box)
    assert all(loss > 0 for losses in of_stages for loss in losses)


def test_masks_of_every_stage_are_weighted_as_its_boxes_are(make_targets: TargetsMaker) -> None:
    def mask_loss(*weights: float) -> Tensor:
        heads = toy_heads(Cascade(loss_weights=weights))
        torch.manual_seed(2)
        _, losses = heads(toy_features(), [PROPOSALS], [SIZE], [make_targets([INSTANCE], [2])])
        return losses["mask"]

    alone = [mask_loss(*(float(i == t) for i in range(3))) for t in range(3)]
    expected = alone[0] + 0.5 * alone[1] + 0.25 * alone[2]
    torch.testing.assert_close(mask_loss(1.0, 0.5, 0.25), expected)
    assert len({round(loss.item(), 6) for loss in alone}) == 3


@pytest.mark.parametrize("later_rois", ["sampled", "all"])
def test_later_stages_learn_from_refined_rois(later_rois: Any, make_targets: TargetsMaker) -> None:
    # The coding weights divide these by 10 and 20: RoIs move by a tenth and a fifth of their width.
    heads = _moving(toy_heads(Cascade(later_rois=later_rois)), 1.0, 4.0, 0.0)
    learned = _learned(heads, make_targets([INSTANCE], [2]), proposals=torch.tensor([NEAR, FAR]))
    first, second, third = (_boxes(rois) for (rois,) in learned.for_masks)
    assert first == [NEAR, INSTANCE, FAR]
    # Own boxes move with the others, or are dropped and join anew.
    own = {"all": ([6.0, 4, 26, 24], [10.0, 4, 30, 24]), "sampled": (INSTANCE, INSTANCE)}
    assert second == sorted([[6.0, 4, 26, 22], [41.0, 40, 51, 60], own[later_rois][0]])
    assert third == sorted([[10.0, 4, 30, 22], [43.0, 40, 53, 60], own[later_rois][1]])
    is_own = [rois.is_annotation.sum().item() for (rois,) in learned.for_masks]
    assert is_own == ([1, 0, 0] if later_rois == "all" else [1, 1, 1])


@pytest.mark.parametrize("later_rois", ["sampled", "all"])
def test_every_stage_asks_for_its_own_overlap(later_rois: Any, make_targets: TargetsMaker) -> None:
    # IoU 0.55 and 0.65 of RoIs that do not move.
    proposals = torch.tensor([[4.0, 4, 15, 24], [4.0, 4, 17, 24]])
    heads = _moving(toy_heads(Cascade(later_rois=later_rois)), 0.0, 0.0, 0.0)
    learned = _learned(heads, make_targets([INSTANCE], [2]), proposals=proposals)
    # Those two and the instance's own box.
    assert [rois.num_foreground for (rois,) in learned.for_masks] == [3, 2, 1]
    assert [len(rois.boxes) for (rois,) in learned.for_masks] == [3, 3, 3]


def test_sampled_draws_no_more_than_in_the_first_stage(make_targets: TargetsMaker) -> None:
    box_head = DETECTOR.box_head.replace(rois_per_image=4, positive_fraction=0.25)
    heads = toy_heads(Cascade(), None, DETECTOR.replace(box_head=box_head))
    crowded = make_targets([INSTANCE, [4.0, 4, 24, 25], [4.0, 4, 25, 24]], [0, 1, 2])
    far = torch.tensor([FAR]).repeat(9, 1)
    learned = _learned(_moving(heads, 0, 0, 0), crowded, proposals=far)
    assert [rois.num_foreground for (rois,) in learned.for_masks] == [1, 1, 1]
    # Three of the first stage's four are left; instances are no background.
    assert [len(rois.boxes) for (rois,) in learned.for_masks] == [4, 4, 4]


@pytest.mark.parametrize("later_rois", ["sampled", "all"])
def test_rois_that_clipping_left_without_area_are_dropped(
    later_rois: Any, make_targets: TargetsMaker
) -> None:
    # EDGE moves by its width, out of the picture.
    heads = _moving(toy_heads(Cascade(later_rois=later_rois)), 10.0, 0.0, 0.0)
    targets = make_targets([INSTANCE], [2]), make_targets([], [])
    learned = _learned(heads, *targets, proposals=torch.tensor([EDGE, FAR]))
    for first, second, _ in zip(*learned.for_masks, strict=True):
        assert EDGE in _boxes(first) and [64.0, 8, 64, 12] not in _boxes(second)
        assert [50.0, 40, 60, 60] in _boxes(second)
        assert (second.boxes[:, 2:] > second.boxes[:, :2]).all()


def test_a_proposal_without_area_in_between_finds_nothing_and_moves_no_other_row() -> None:
    heads = _moving(toy_heads(), 10.0, 0.0, 0.0).eval()
    with torch.no_grad():
        (found,), _ = heads(toy_features(), [torch.tensor([EDGE, FAR])], [SIZE])
        (alone,), _ = heads(toy_features(), [torch.tensor([FAR])], [SIZE])
    torch.testing.assert_close(vars(found.found), vars(alone.found))
    assert (found.found.boxes[0]).tolist() == pytest.approx([50, 40, 60, 60])


def test_later_rois_of_a_drawn_category_are_its_own(make_targets: TargetsMaker) -> None:
    for later_rois in ("sampled", "all"):
        heads = _moving(toy_heads(Cascade(later_rois=later_rois)), 0, 0, 0)
        targets = make_targets([INSTANCE, FAR], [2, 3], drawn_category=3)
        learned = _learned(heads, targets)
        for (rois,) in learned.for_masks:
            assert set(rois.labels.tolist()) == {3, K} and NEAR not in _boxes(rois)


def _class_specific() -> RoIHeads:
    """Category c moves a RoI by c tenths of its width in the first stage; all are taken for 3."""
    heads = toy_heads(Cascade(class_specific_boxes=True))
    for stage in range(3):
        moves = [[float(c), 0, 0, 0] if stage == 0 else [0.0] * 4 for c in range(K)]
        always(heads, f"box_regressor.{stage}.linear", [x for deltas in moves for x in deltas])
        always(heads, f"classifier.{stage}.linear", [0.0, 0, 0, 1.0, 0, 5.0])
    return heads


def test_foreground_moves_by_its_label_and_background_by_what_it_is_taken_for(
    make_targets: TargetsMaker,
) -> None:
    learned = _learned(_class_specific(), make_targets([INSTANCE], [2]))
    (second,) = learned.for_masks[1]
    # NEAR is 20 wide and of category 2; FAR is 10 wide; background itself is never taken.
    assert {(8.0, 4, 28, 22), (43.0, 40, 53, 60)} < {tuple(box) for box in _boxes(second)}


def test_in_inference_rois_move_by_what_they_are_taken_for() -> None:
    heads = _class_specific().eval()
    with torch.no_grad():
        last = heads.box_branch.outputs(
            toy_features(), [torch.tensor([NEAR, FAR])], [SIZE], heads.score_rows
        )
    assert last.boxes[0][:, 0].tolist() == pytest.approx([10, 43])


def test_stages_of_a_picture_without_proposals_give_no_rows() -> None:
    heads, none = toy_heads().eval(), torch.zeros(0, 4)
    with torch.no_grad():
        last = heads.box_branch.outputs(toy_features(2), [none, none], [SIZE] * 2, heads.score_rows)
    assert [len(of_image) for of_image in last.boxes] == [0, 0]
    assert [row.shape for row in last.rows] == [(0, K + 1)]
