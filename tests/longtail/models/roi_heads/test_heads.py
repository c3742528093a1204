import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.statistics_of import statistics_of
from torch import Tensor

from longtail.config.classifiers import Calibrated, Classifier, Equalization, Sigmoid, Softmax
from longtail.config.detector import BoxHead, Detector, MaskHead
from longtail.config.scores import HeadMerge, LogitAdjustment, NorCal, ScoreAdjustment
from longtail.config.variant import Inference
from longtail.models.roi_heads import mask_branch
from longtail.models.roi_heads.build import build_roi_heads
from longtail.models.roi_heads.heads import RoIHeads
from longtail.models.roi_heads.targets import RoITargets

K = 5
SIDE = 64
DETECTOR = Detector(
    neck_channels=8,
    box_head=BoxHead(rois_per_image=16, channels=12, class_specific_boxes=False),
    mask_head=MaskHead(channels=8, convolutions=1, class_specific=False),
)
INSTANCE = [0.0, 0.0, 10.0, 10.0]
NEAR = [0.0, 0.0, 10.0, 8.0]
FAR = [40.0, 40.0, 50.0, 50.0]

TargetsMaker = Callable[..., RoITargets]


def _heads(
    classifier: Classifier | None = None, detector: Detector = DETECTOR, **inference_changes: Any
) -> RoIHeads:
    torch.manual_seed(0)
    inference = Inference(score_threshold=0.0, detections_per_image=20).replace(**inference_changes)
    return build_roi_heads(detector, classifier or Softmax(), inference, statistics_of(K, 3))


def _features(images: int = 1) -> dict[str, Tensor]:
    torch.manual_seed(1)
    return {
        name: torch.randn(images, 8, SIDE // stride, SIDE // stride)
        for name, stride in (("p2", 4), ("p3", 8), ("p4", 16), ("p5", 32))
    }


def _losses(heads: RoIHeads, *targets: RoITargets) -> dict[str, Tensor]:
    proposals = [torch.tensor([NEAR, FAR])] * len(targets)
    torch.manual_seed(2)
    _, losses = heads(_features(len(targets)), proposals, [(SIDE, SIDE)] * len(targets), targets)
    return losses


def test_box_loss_is_the_l1_distance_over_all_sampled_rois(make_targets: TargetsMaker) -> None:
    heads = _heads()
    torch.nn.init.zeros_(heads.box_regressor.linear.weight)
    # The instance itself is at distance 0; NEAR must rise by an eighth and grow by 10 / 8.
    expected = (10 / 8 + 5 * math.log(10 / 8)) / 3
    loss = _losses(heads, make_targets([INSTANCE], [2]))["box"]
    torch.testing.assert_close(loss, torch.tensor(expected))


def test_undecided_masks_cost_log_2(make_targets: TargetsMaker) -> None:
    heads = _heads()
    torch.nn.init.zeros_(heads.mask_head.predictor.weight)
    loss = _losses(heads, make_targets([INSTANCE], [2]))["mask"]
    torch.testing.assert_close(loss, torch.tensor(math.log(2)))


def test_mask_targets_are_asked_for_foreground_rois_on_the_heads_grid(
    make_targets: TargetsMaker,
) -> None:
    targets = make_targets([FAR, INSTANCE], [2, 1])
    _losses(_heads(), targets)
    ((index, boxes, side),) = targets.masks.calls  # type: ignore[attr-defined]
    assert side == 28
    asked = sorted(zip(index.tolist(), boxes.tolist(), strict=True))
    assert asked == [(0, FAR), (0, FAR), (1, NEAR), (1, INSTANCE)]


def test_box_only_image_has_no_mask_loss_but_keeps_the_head_in_the_graph(
    make_targets: TargetsMaker,
) -> None:
    heads = _heads()
    loss = _losses(heads, make_targets([INSTANCE], [2], has_masks=False))["mask"]
    loss.backward()
    assert loss.item() == 0
    assert all(p.grad is not None for p in heads.mask_head.parameters())


def test_box_only_image_does_not_dilute_the_masks_of_others(make_targets: TargetsMaker) -> None:
    heads = _heads()
    with_masks = make_targets([INSTANCE], [2])
    alone = _losses(heads, with_masks)["mask"]
    beside = _losses(heads, with_masks, make_targets([FAR], [1], has_masks=False))["mask"]
    torch.testing.assert_close(alone, beside)


@pytest.mark.parametrize("classifier", [Softmax(), Sigmoid(), Equalization()])
def test_loss_weight_scales_every_loss_of_an_image(
    classifier: Classifier, make_targets: TargetsMaker
) -> None:
    heads = _heads(classifier)
    whole = _losses(heads, make_targets([INSTANCE], [2]))
    half = _losses(heads, make_targets([INSTANCE], [2], loss_weight=0.5))
    for name, loss in whole.items():
        assert loss > 0
        torch.testing.assert_close(half[name], loss / 2)


def test_class_specific_heads_learn_the_matched_category_only(make_targets: TargetsMaker) -> None:
    detector = DETECTOR.replace(
        box_head=DETECTOR.box_head.replace(class_specific_boxes=True),
        mask_head=DETECTOR.mask_head.replace(class_specific=True),
    )
    heads = _heads(detector=detector)
    losses = _losses(heads, make_targets([INSTANCE], [2]))
    (losses["box"] + losses["mask"]).backward()
    box, mask = heads.box_regressor.linear.weight.grad, heads.mask_head.predictor.weight.grad
    assert box is not None and mask is not None
    touched = [label for label in range(K) if box.view(K, 4, -1)[label].any()]
    assert touched == [label for label in range(K) if mask[label].any()] == [2]


def test_challenge_form_uses_what_is_verified_in_the_image(make_targets: TargetsMaker) -> None:
    everything = torch.ones(1, K, dtype=torch.bool)
    heads = _heads(Equalization(form="challenge"))
    spared = _losses(heads, make_targets([INSTANCE], [0]))["classification"]
    verified = _losses(heads, make_targets([INSTANCE], [0], verified=everything))["classification"]
    assert spared < verified


@pytest.mark.parametrize("classifier", [Softmax(), Calibrated(), Calibrated(head="2fc_rand")])
@pytest.mark.parametrize("proposals", [torch.tensor([NEAR, FAR]), torch.zeros(0, 4)])
def test_batch_without_instances_gives_every_learning_parameter_a_gradient(
    make_targets: TargetsMaker, proposals: Tensor, classifier: Classifier
) -> None:
    heads = _heads(classifier)
    targets = [make_targets([], [])] * 2
    _, losses = heads(_features(2), [proposals] * 2, [(SIDE, SIDE)] * 2, targets)
    sum(losses.values(), torch.zeros(())).backward()
    assert losses["box"].item() == losses["mask"].item() == 0
    assert all((p.grad is not None) == p.requires_grad for p in heads.parameters())


@torch.no_grad()
def test_detections_have_consistent_shapes_and_fall_in_score() -> None:
    heads = _heads()
    proposals = [torch.tensor([NEAR, FAR]), torch.zeros(0, 4)]
    (first, second), losses = heads(_features(2), proposals, [(SIDE, SIDE)] * 2)
    assert losses == {}
    count = len(first.found.boxes)
    assert 0 < count <= 20
    assert first.mask_probabilities.shape == (count, 28, 28)
    assert first.found.class_rows.shape == (count, K + 1)
    assert (first.found.scores.diff() <= 0).all()
    assert len(second.found.boxes) == len(second.mask_probabilities) == 0


@torch.no_grad()
@pytest.mark.parametrize("rule", ["cat", "det", "cat_scale"])
def test_batch_without_any_proposal_gives_no_detections(rule: str) -> None:
    heads = _heads(Calibrated(), head_merge=HeadMerge(rule=rule, scale_images=0))
    detections, _ = heads(_features(2), [torch.zeros(0, 4)] * 2, [(SIDE, SIDE)] * 2)
    assert [len(d.mask_probabilities) for d in detections] == [0, 0]


@torch.no_grad()
def test_masks_of_given_boxes_are_those_of_the_detections() -> None:
    heads, features = _heads(), _features()
    (detected,), _ = heads(features, [torch.tensor([NEAR, FAR])], [(SIDE, SIDE)])
    (masks,) = heads.masks_for(features, [detected.found.boxes], [detected.found.labels])
    torch.testing.assert_close(masks.probabilities, detected.mask_probabilities)


@torch.no_grad()
def test_masks_do_not_depend_on_how_many_are_computed_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heads, features = _heads(), _features(2)
    boxes = [torch.tensor([NEAR, FAR, INSTANCE]), torch.tensor([FAR, NEAR])]
    labels = [torch.tensor([0, 1, 2]), torch.tensor([3, 4])]
    whole = heads.masks_for(features, boxes, labels)
    monkeypatch.setattr(mask_branch, "MASKS_AT_ONCE", 2)
    parts = heads.masks_for(features, boxes, labels)
    assert [len(masks.probabilities) for masks in parts] == [3, 2]
    torch.testing.assert_close(
        [masks.probabilities for masks in parts], [masks.probabilities for masks in whole]
    )


@torch.no_grad()
def _detected(heads: RoIHeads) -> Any:
    proposals = [torch.tensor([NEAR, FAR]), torch.tensor([FAR])]
    detections, _ = heads(_features(2), proposals, [(SIDE, SIDE)] * 2)
    return [vars(d.found) | {"masks": d.mask_probabilities} for d in detections]


@pytest.mark.parametrize("adjustment", [NorCal(gamma=0), LogitAdjustment(tau=0)])
def test_an_adjustment_of_zero_detects_the_same_bit_for_bit(adjustment: ScoreAdjustment) -> None:
    found = _detected(_heads(score_adjustment=adjustment))
    torch.testing.assert_close(found, _detected(_heads()), rtol=0, atol=0)


@pytest.mark.parametrize("adjustment", [NorCal(), LogitAdjustment()])
def test_class_rows_of_detections_are_the_adjusted_ones(adjustment: ScoreAdjustment) -> None:
    (first, _), (plain, _) = _detected(_heads(score_adjustment=adjustment)), _detected(_heads())
    rows, labels = first["class_rows"], first["labels"]
    torch.testing.assert_close(rows[torch.arange(len(labels)), labels], first["scores"])
    torch.testing.assert_close(rows.sum(dim=1), torch.ones(len(rows)))
    # Category 0 is in 32 images, category 4 in 2; all logits are near 0.
    assert (rows[:, 4] > rows[:, 0]).all()
    assert not torch.allclose(rows[0], plain["class_rows"][0])


def test_cat_takes_new_scores_for_the_tail_by_instances_and_the_original_background() -> None:
    only, cat, few = (
        _heads(Calibrated(), head_merge=HeadMerge(rule=rule, tail_below=below))
        for rule, below in (("only", 100), ("cat", 100), ("cat", 10))
    )
    # The instance counts are 96, 48, 24, 12 and 6.
    assert few.score_rows.tail.tolist() == [False] * 4 + [True]  # type: ignore[attr-defined]
    new, merged = (_detected(heads)[0]["class_rows"][0] for heads in (only, cat))
    torch.testing.assert_close(merged[:K], new[:K])
    assert merged[K] != new[K]


def test_det_is_the_union_of_what_both_heads_detect_by_themselves() -> None:
    heads = _heads(Calibrated(), head_merge=HeadMerge(rule="det"))
    torch.nn.init.normal_(heads.classifier.new.linear.bias)  # type: ignore[attr-defined]
    united = _detected(heads)
    only_new = _detected(_with_rows(heads, "only"))
    tail_of_none = _with_rows(heads, "cat")
    only_original = _detected(tail_of_none)
    for found, new, original in zip(united, only_new, only_original, strict=True):
        candidates = torch.cat([new["scores"], original["scores"]])
        assert set(found["scores"].tolist()) <= set(candidates.tolist())
        assert found["scores"][0] == candidates.max()
        assert (found["scores"].diff() <= 0).all() and len(found["scores"]) <= 20
        assert found["masks"].shape == (len(found["scores"]), 28, 28)


def _with_rows(heads: RoIHeads, rule: Any) -> RoIHeads:
    """The same weights; `cat` over no category at all is the original head."""
    other = _heads(Calibrated(), head_merge=HeadMerge(rule=rule, tail_below=1))
    other.load_state_dict(heads.state_dict(), strict=True)
    return other
