from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import pytest
import torch
from support.models.full_masks import all_ious, all_outputs, own_of, trunk
from support.models.largest_tensor import LargestTensor
from support.models.toy_heads import (
    DETECTOR,
    SIZE,
    K,
    LeftHalves,
    always,
    toy_features,
    toy_heads,
    toy_mask_heads,
)
from torch import Tensor
from torch.nn import functional as F

from longtail.config.roi_stages import Cascade, HybridTaskCascade, OneStage, RoIStages
from longtail.losses.masks.boundary import boundary_loss
from longtail.losses.masks.mask_iou import mask_iou_loss, mask_iou_targets
from longtail.models.roi_heads.heads import RoIHeads
from longtail.models.roi_heads.mask_branch import FoundMasks
from longtail.models.roi_heads.sampling import SampledRoIs
from longtail.models.roi_heads.targets import RoITargets

TargetsMaker = Callable[..., RoITargets]

INSTANCE = [4.0, 4.0, 24.0, 24.0]
OTHER = [30.0, 30.0, 60.0, 62.0]
NEAR = [4.0, 4.0, 24.0, 22.0]
BOXES = [torch.tensor([NEAR, OTHER, [0.0, 0, 50, 60]]), torch.tensor([OTHER])]
LABELS = [torch.tensor([2, 0, 4]), torch.tensor([1])]
EVERYTHING = DETECTOR.mask_head.replace(boundary=True, scoring=True)


def _targets(make_targets: TargetsMaker) -> RoITargets:
    boxes = [INSTANCE, OTHER]
    return make_targets(boxes, [2, 0], masks=LeftHalves(torch.tensor(boxes)))


def _learned(heads: RoIHeads, targets: RoITargets) -> list[SampledRoIs]:
    """The RoIs that the masks of each stage learn from, in the one image."""
    torch.manual_seed(2)
    proposals = [torch.tensor([NEAR, [33.0, 30, 60, 62], [0.0, 40, 9, 60]])]
    branch = heads.box_branch
    return [
        rois for (rois,) in branch.losses(toy_features(), proposals, [SIZE], [targets]).for_masks
    ]


def _found(heads: RoIHeads) -> list[FoundMasks]:
    with torch.no_grad():
        return heads.eval().masks_for(toy_features(2), BOXES, LABELS)


def _by_hand(
    heads: RoIHeads, stage: int, features: Mapping[str, Tensor], rois: SampledRoIs, masks: Any
) -> dict[str, Tensor]:
    count = rois.num_foreground
    boxes, labels, ones = rois.boxes[:count], rois.labels[:count], torch.ones(count)
    branch = heads.mask_branch
    pooled = branch.pooler(features, [boxes])
    fine = branch.fine_pooler(features, [boxes]) if branch.fine_pooler is not None else None
    hidden = trunk(branch.heads, stage, pooled)
    every, boundaries = all_outputs(branch.heads[stage], hidden, fine)
    logits = own_of(every, labels)
    grids = masks.crop_to_grid(rois.matched, boxes, logits.shape[-1])
    losses = {"mask": F.binary_cross_entropy_with_logits(logits, grids)}
    if boundaries is not None:
        losses["boundary"] = boundary_loss(own_of(boundaries, labels), grids, ones)
    if branch.scorer is not None and stage == len(branch.heads) - 1:
        wanted = mask_iou_targets(logits, grids, masks.areas()[rois.matched], boxes)
        predicted = own_of(all_ious(branch.scorer, pooled, logits), labels)
        losses["mask_iou"] = mask_iou_loss(predicted, wanted, ones)
    return losses


@pytest.mark.parametrize("class_specific", [True, False])
@pytest.mark.parametrize(
    "stages", [OneStage(), Cascade(), HybridTaskCascade()], ids=lambda s: s.name
)
def test_own_categories_give_the_losses_and_gradients_of_the_full_computation(
    stages: RoIStages, class_specific: bool, make_targets: TargetsMaker
) -> None:
    heads = toy_mask_heads(stages, EVERYTHING.replace(class_specific=class_specific))
    targets = _targets(make_targets)
    sampled = _learned(heads, targets)
    for stage, rois in enumerate(sampled):
        features = {name: level.requires_grad_() for name, level in toy_features().items()}
        fast = heads.mask_branch.losses(stage, features, [rois], [targets])
        slow = _by_hand(heads, stage, features, rois, targets.masks)
        assert fast.keys() == slow.keys() and all(loss > 0 for loss in fast.values())
        torch.testing.assert_close(fast, slow)
        leaves = [*features.values(), *heads.parameters()]
        gradients = [
            torch.autograd.grad(torch.stack(list(losses.values())).sum(), leaves, allow_unused=True)
            for losses in (fast, slow)
        ]
        torch.testing.assert_close(*map(_zeros_for_none, gradients), rtol=1e-4, atol=1e-5)
    assert ("mask_iou" in fast) and len(sampled) == len(heads.rules.stages)


def _zeros_for_none(gradients: Sequence[Tensor | None]) -> list[Tensor]:
    return [torch.zeros(1) if gradient is None else gradient for gradient in gradients]


@pytest.mark.parametrize("class_specific", [True, False])
@pytest.mark.parametrize(
    "stages",
    [OneStage(), Cascade(), HybridTaskCascade(), HybridTaskCascade(mask_information_flow=False)],
    ids=["standard", "cascade", "htc", "htc without flow"],
)
@torch.no_grad()
def test_masks_found_are_the_mean_of_the_heads_and_scored_by_the_last(
    stages: RoIStages, class_specific: bool
) -> None:
    heads = toy_mask_heads(stages, EVERYTHING.replace(class_specific=class_specific))
    branch, features, labels = heads.mask_branch, toy_features(2), torch.cat(LABELS)
    assert branch.fine_pooler is not None
    pooled, fine = branch.pooler(features, BOXES), branch.fine_pooler(features, BOXES)
    logits = [
        own_of(all_outputs(head, trunk(branch.heads, stage, pooled), fine)[0], labels)
        for stage, head in enumerate(branch.heads)
    ]
    expected = torch.stack([of_head.sigmoid() for of_head in logits]).mean(dim=0)
    ious = own_of(all_ious(branch.scorer, pooled, logits[-1]), labels).clamp(0, 1)
    found = _found(heads)
    assert [len(of_image.probabilities) for of_image in found] == [3, 1]
    torch.testing.assert_close(torch.cat([f.probabilities for f in found]), expected)
    torch.testing.assert_close(torch.cat([f.quality for f in found]), ious)
    assert ((ious > 0) & (ious < 1)).any() and len(ious.unique()) > 1


def test_worked_mean_of_three_heads() -> None:
    heads = toy_heads(HybridTaskCascade())
    for stage, logit in enumerate((0.0, torch.log(torch.tensor(3.0)).item(), -100.0)):
        always(heads, f"mask_head.{stage}.predictor", [logit] * K)
    # Probabilities 1 / 2, 3 / 4 and 0; without a scorer masks are as good as their boxes.
    (first, _) = _found(heads)
    torch.testing.assert_close(first.probabilities, torch.full((3, 8, 8), 5 / 12))
    assert first.quality.tolist() == [1, 1, 1]


@pytest.mark.parametrize("interleaved", [True, False])
def test_masks_of_a_hybrid_task_cascade_learn_on_what_their_own_stage_has_refined(
    interleaved: bool, make_targets: TargetsMaker
) -> None:
    heads = toy_heads(HybridTaskCascade(interleaved=interleaved))
    # A tenth, a fifth and a thirtieth of a RoI's width.
    for stage, dx in enumerate((1.0, 4.0, 1.0)):
        always(heads, f"box_regressor.{stage}.linear", [dx, 0, 0, 0])
    targets = make_targets([INSTANCE], [2])
    torch.manual_seed(2)
    heads(toy_features(), [torch.tensor([NEAR])], [SIZE], [targets])
    calls = cast(Any, targets.masks).calls
    asked = [sorted(boxes[:, 0].tolist()) for _, boxes, _ in calls]
    # NEAR is 20 pixels wide; at an IoU of 0.9, 0.8 and 0.6 it moves by 2 and 4 pixels. The own
    # box stays where it is.
    by_stage = ([4, 4], [4, 6], [4]) if not interleaved else ([4, 6], [4], [4])
    assert asked == [pytest.approx(of_stage) for of_stage in by_stage]


def test_every_stage_of_a_hybrid_task_cascade_asks_for_its_own_overlap_of_masks(
    make_targets: TargetsMaker,
) -> None:
    heads = toy_heads(HybridTaskCascade())
    for stage in range(3):
        always(heads, f"box_regressor.{stage}.linear", [0.0] * 4)
    # IoU 0.55 and 0.65, and the own box.
    targets = make_targets([INSTANCE], [2])
    proposals = torch.tensor([[4.0, 4, 15, 24], [4.0, 4, 17, 24]])
    heads(toy_features(), [proposals], [SIZE], [targets])
    assert [len(index) for index, _, _ in cast(Any, targets.masks).calls] == [3, 2, 1]


def test_heads_before_learn_through_the_flow(make_targets: TargetsMaker) -> None:
    heads, targets = toy_mask_heads(HybridTaskCascade()), _targets(make_targets)
    rois = _learned(heads, targets)[2]
    heads.mask_branch.losses(2, toy_features(), [rois], [targets])["mask"].backward()
    touched = [n for n, p in heads.mask_head.named_parameters() if p.grad is not None]
    assert {name.split(".")[1] for name in touched if name[0] in "01"} == {"convolutions", "flow"}
    assert all(p.grad is not None for n, p in heads.mask_head.named_parameters() if n[0] == "2")


def test_no_tensor_grows_with_rois_times_categories(make_targets: TargetsMaker) -> None:
    heads = toy_mask_heads(HybridTaskCascade(), EVERYTHING)
    targets = _targets(make_targets)
    sampled = _learned(heads, targets)
    many = 50 * K
    for head in heads.mask_branch.heads:
        assert head.boundary is not None
        head.predictor = torch.nn.Conv2d(8, many, 1)
        head.boundary.predictor = torch.nn.Conv2d(8, many, 1)
    assert heads.mask_scorer is not None
    heads.mask_scorer.predictor = torch.nn.Linear(heads.mask_scorer.fc2.out_features, many)
    most = max(parameter.numel() for parameter in heads.parameters())
    for stage, rois in enumerate(sampled):
        with LargestTensor() as learning:
            losses = heads.mask_branch.losses(stage, toy_features(), [rois], [targets])
            torch.stack(list(losses.values())).sum().backward()
        # The noise of the features, the widest activations of R RoIs, or the largest layer.
        count = rois.num_foreground
        assert learning.elements <= max(8 * 16 * 16, count * 9 * 8 * 8, most)
        assert learning.elements < count * many * 8 * 8
    with LargestTensor() as finding:
        _found(heads)
    assert finding.elements <= max(2 * 8 * 16 * 16, 4 * 9 * 8 * 8, most) < 4 * many * 8 * 8
