import math
from dataclasses import replace

import pytest
import torch
from support.models.toy_heads import toy_features
from torch import Tensor, nn

from longtail.models.box_heads.regressor import BoxRegressor
from longtail.models.boxes import CodingWeights
from longtail.models.pooling.pyramid import PyramidPooler
from longtail.models.roi_heads.box_stage import BoxStage, StageRules
from longtail.models.roi_heads.sampling import RoISampler, SampledRoIs

K, LARGE = 5, [(1000, 1000)]
SAMPLER = RoISampler(K, rois_per_image=64, positive_fraction=1.0, positive_iou=0.5)
# mmdetection writes the coding of its three stages as standard deviations, cut to three digits.
MMDETECTIONS = [(0.1, 0.1, 0.2, 0.2), (0.05, 0.05, 0.1, 0.1), (0.033, 0.033, 0.067, 0.067)]
OURS = [(10.0, 10.0, 5.0, 5.0), (20.0, 20.0, 10.0, 10.0), (30.0, 30.0, 15.0, 15.0)]
ROI = torch.tensor([[100.0, 200, 120, 240]])
NO_LABEL = torch.zeros(1, dtype=torch.long)


def _stage(weights: CodingWeights = OURS[0], scale: float = 1.0) -> BoxStage:
    torch.manual_seed(0)
    rules = StageRules(SAMPLER, weights, gradient_scale=scale)
    pooler = PyramidPooler(("p2", "p3", "p4", "p5"), (4, 8, 16, 32), 3)
    return BoxStage(rules, pooler, nn.Flatten(), BoxRegressor(8 * 9, 1), None, nn.Dropout(0.0))


def _sampled(boxes: Tensor, labels: list[int], matched_boxes: Tensor) -> SampledRoIs:
    return SampledRoIs(
        boxes=boxes,
        labels=torch.tensor(labels),
        weights=torch.ones(len(boxes)),
        verified=torch.ones(len(boxes), K, dtype=torch.bool),
        matched=torch.zeros(len(matched_boxes), dtype=torch.long),
        matched_boxes=matched_boxes,
        is_annotation=torch.zeros(len(boxes), dtype=torch.bool),
    )


@pytest.mark.parametrize(("stds", "weights"), zip(MMDETECTIONS, OURS, strict=True))
def test_refinement_is_mmdetections_by_its_standard_deviations(
    stds: CodingWeights, weights: CodingWeights
) -> None:
    # Centre (110, 220), 20 x 40 pixels.
    dx, dy, dw, dh = 1.0, -2.0, 0.5, -1.5
    x, y = 110 + dx * stds[0] * 20, 220 + dy * stds[1] * 40
    width, height = 20 * math.exp(dw * stds[2]), 40 * math.exp(dh * stds[3])
    expected = [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
    (refined,) = _stage(weights).refined([ROI], torch.tensor([[[dx, dy, dw, dh]]]), NO_LABEL, LARGE)
    assert refined[0].tolist() == pytest.approx(expected, abs=0.05)


def test_worked_refinement_of_the_first_stage() -> None:
    # dx of 1 is a tenth of 20 pixels, dh of 5 ln 2 doubles 40.
    deltas = torch.tensor([[[1.0, 0, 0, 5 * math.log(2)]]])
    (refined,) = _stage().refined([ROI], deltas, NO_LABEL, LARGE)
    assert refined[0].tolist() == pytest.approx([102, 180, 122, 260], abs=1e-4)


@pytest.mark.parametrize("weights", OURS)
def test_a_stage_learns_deltas_by_its_own_weights(weights: CodingWeights) -> None:
    # The instance lies a quarter of the width to the right and is twice as high; two RoIs share.
    instance = torch.tensor([[105.0, 180, 125, 260]])
    sampled = _sampled(torch.cat([ROI, ROI - 50]), [2, K], instance)
    loss = _stage(weights).loss(torch.zeros(2, 1, 4), [sampled], beta=0.0)
    expected = (weights[0] / 4 + weights[3] * math.log(2)) / 2
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_deltas_learned_are_those_that_refine() -> None:
    instance = torch.tensor([[103.0, 190, 131, 237]])
    for weights in OURS:
        stage = _stage(weights)
        deltas = torch.zeros(1, 1, 4, requires_grad=True)
        loss = stage.loss(deltas, [_sampled(ROI, [1], instance)], beta=1e6)
        # The quadratic part's gradient at zero is -target / beta.
        (gradient,) = torch.autograd.grad(loss, deltas)
        deltas = -1e6 * gradient
        (refined,) = stage.refined([ROI], deltas, NO_LABEL, LARGE)
        torch.testing.assert_close(refined, instance, rtol=0, atol=1e-3)


def test_refined_boxes_are_clipped_to_their_own_image() -> None:
    stage, deltas = _stage(), torch.zeros(2, 1, 4)
    deltas[:, 0, :2] = torch.tensor([5.0, 5.0])
    boxes = [torch.tensor([[10.0, 10, 30, 30]])] * 2
    refined = stage.refined(boxes, deltas, torch.zeros(2, dtype=torch.long), [(35, 25), (50, 100)])
    assert [of_image.tolist() for of_image in refined] == [
        [[20.0, 20.0, 25.0, 35.0]],
        [[20.0, 20.0, 40.0, 40.0]],
    ]


@pytest.mark.parametrize("wild", [math.nan, math.inf, -math.inf])
def test_a_roi_whose_delta_is_no_number_stays(wild: float) -> None:
    deltas = torch.zeros(2, 1, 4)
    deltas[:, 0, 0] = 1.0
    deltas[0, 0, 1] = wild
    (refined,) = _stage().refined([ROI.repeat(2, 1)], deltas, torch.zeros(2).long(), LARGE)
    torch.testing.assert_close(
        refined, ROI + torch.tensor([[0.0], [2.0]]) * torch.tensor([1, 0, 1, 0])
    )


def test_a_wild_size_is_bounded_by_the_picture() -> None:
    deltas = torch.tensor([[[0.0, 0, math.inf, 1e9]]])
    (refined,) = _stage().refined([ROI], deltas, NO_LABEL, LARGE)
    # 62.5 times 20 pixels about 110; the height leaves the picture on both sides.
    assert refined[0].tolist() == pytest.approx([0, 0, 735, 1000])


def test_each_roi_moves_by_the_deltas_of_its_category() -> None:
    deltas = torch.zeros(3, K, 4)
    deltas[:, :, 0] = torch.arange(K)
    rois = ROI.repeat(3, 1)
    (refined,) = _stage().refined([rois], deltas, torch.tensor([4, 0, 2]), LARGE)
    assert (refined - rois)[:, 0].tolist() == pytest.approx([8, 0, 4], abs=1e-4)


def test_refined_boxes_teach_nothing() -> None:
    deltas = torch.zeros(1, 1, 4, requires_grad=True)
    (refined,) = _stage().refined([ROI], deltas, NO_LABEL, LARGE)
    assert not refined.requires_grad


def test_no_rois_are_refined_to_none() -> None:
    none = torch.zeros(0, 4)
    refined = _stage().refined([none, none], torch.zeros(0, K, 4), NO_LABEL[:0], LARGE * 2)
    assert [of_image.shape for of_image in refined] == [(0, 4)] * 2


def test_only_the_features_share_of_the_gradient_is_scaled() -> None:
    boxes, gradients = [torch.tensor([[0.0, 0, 20, 30], [30, 5, 60, 60]])], []
    for scale in (1.0, 0.25):
        stage, features = _stage(scale=scale), toy_features()
        features = {name: level.requires_grad_() for name, level in features.items()}
        outputs = stage(features, boxes, [(64, 64)])
        (outputs.deltas.square().sum() + outputs.hidden.sum()).backward()
        gradients.append((features["p2"].grad, stage.regressor.linear.weight.grad))
    (whole, of_layer), (scaled, same) = gradients
    torch.testing.assert_close(scaled, 0.25 * whole)
    torch.testing.assert_close(same, of_layer, rtol=0, atol=0)


def test_features_that_learn_nothing_are_left_alone() -> None:
    outputs = _stage(scale=0.5)(toy_features(), [ROI / 10], [(64, 64)])
    assert not outputs.pooled.requires_grad


def test_dropout_is_for_the_classifier_and_not_for_the_regressor() -> None:
    stage = _stage()
    features, boxes = toy_features(), [torch.tensor([[4.0, 4, 40, 40]] * 200)]
    plain = stage(features, boxes, LARGE)
    dropping = replace(stage, dropout=nn.Dropout(0.25))
    dropped = dropping(features, boxes, LARGE)
    assert torch.equal(dropped.deltas, plain.deltas) and torch.equal(dropped.pooled, plain.pooled)
    kept = dropped.hidden != 0
    # 14400 draws: 0.02 are more than five standard deviations of their mean.
    assert kept.float().mean().item() == pytest.approx(0.75, abs=0.02)
    torch.testing.assert_close(dropped.hidden[kept], plain.hidden[kept] / 0.75)
    dropping.dropout.eval()
    assert torch.equal(dropping(features, boxes, LARGE).hidden, plain.hidden)


def test_dropout_of_nothing_draws_no_random_numbers() -> None:
    stage, boxes = _stage(), [torch.tensor([[4.0, 4, 40, 40]])]
    before = torch.get_rng_state()
    assert stage.dropout.training
    assert stage(toy_features(), boxes, LARGE).hidden.all()
    assert torch.equal(torch.get_rng_state(), before)
