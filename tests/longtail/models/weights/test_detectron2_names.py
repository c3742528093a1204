import pytest
import torch
from torch import Tensor

from longtail.models.weights.detectron2_names import (
    NO_COUNTERPART,
    OTHER_LAYERS,
    OTHER_NETWORK,
    neutral_name,
    origin_of,
    to_neutral,
)


def _named(*names: str) -> dict[str, Tensor]:
    return {name: torch.full((1,), float(number)) for number, name in enumerate(names)}


STANDARD = (
    "backbone.bottom_up.res2.0.conv1.norm.running_mean",
    "backbone.fpn_lateral2.weight",
    "proposal_generator.rpn_head.conv.bias",
    "roi_heads.box_head.fc1.weight",
    "roi_heads.box_predictor.cls_score.weight",
    "roi_heads.mask_head.mask_fcn1.weight",
)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("backbone.bottom_up.stem.conv1.weight", "backbone.body.stem.conv1.weight"),
        ("backbone.bottom_up.res5.2.conv2_offset.bias", "backbone.body.res5.2.conv2_offset.bias"),
        ("backbone.fpn_lateral2.weight", "neck.pyramid.inner_blocks.0.0.weight"),
        ("backbone.fpn_output5.bias", "neck.pyramid.layer_blocks.3.0.bias"),
        ("proposal_generator.rpn_head.anchor_deltas.bias", "rpn.head.anchor_deltas.bias"),
        ("roi_heads.box_head.fc2.weight", "roi_heads.box_head.fc2.weight"),
        ("roi_heads.box_predictor.cls_score.bias", "roi_heads.classifier.linear.bias"),
        ("roi_heads.box_predictor.bbox_pred.weight", "roi_heads.box_regressor.linear.weight"),
        ("roi_heads.mask_head.mask_fcn4.weight", "roi_heads.mask_head.convolutions.3.weight"),
        ("roi_heads.mask_head.deconv.bias", "roi_heads.mask_head.deconvolution.bias"),
        ("roi_heads.mask_head.predictor.weight", "roi_heads.mask_head.predictor.weight"),
        ("roi_heads.box_head.0.fc1.weight", "roi_heads.box_head.0.fc1.weight"),
        ("roi_heads.box_predictor.2.cls_score.bias", "roi_heads.classifier.2.linear.bias"),
        ("roi_heads.box_predictor.1.bbox_pred.bias", "roi_heads.box_regressor.1.linear.bias"),
        ("roi_heads.box_head.0.conv1.weight", None),
        ("backbone.fpn_lateral2.norm.weight", None),
        ("pixel_mean", None),
    ],
)
def test_layers_of_a_detector_are_renamed(theirs: str, ours: str | None) -> None:
    assert neutral_name(theirs, "detectron2") == ours


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("conv1_w", "stem.conv1.weight"),
        ("res_conv1_bn_s", "stem.conv1.norm.weight"),
        ("res_conv1_bn_riv", "stem.conv1.norm.running_var"),
        ("res2_0_branch1_w", "res2.0.shortcut.weight"),
        ("res2_0_branch1_bn_b", "res2.0.shortcut.norm.bias"),
        ("res4_22_branch2a_bn_rm", "res4.22.conv1.norm.running_mean"),
        ("res5_2_branch2b_gn_s", "res5.2.conv2.norm.weight"),
        ("res3_1_branch2c_w", "res3.1.conv3.weight"),
        ("res3.1.conv3.weight", "res3.1.conv3.weight"),
        ("stem.conv1.norm.running_var", "stem.conv1.norm.running_var"),
        ("fc1000_w", None),
        ("pred_b", None),
        ("stem.fc.weight", None),
    ],
)
def test_layers_of_a_bottom_up_network_are_renamed(theirs: str, ours: str | None) -> None:
    expected = f"backbone.body.{ours}" if ours else None
    assert neutral_name(theirs, "detectron2 backbone") == expected


@pytest.mark.parametrize(
    ("names", "origin"),
    [
        (STANDARD, "detectron2"),
        (("fc1000_b", "conv1_w"), "detectron2 backbone"),
        (("stem.fc.weight", "res2.0.conv1.weight"), "detectron2 backbone"),
        (("backbone.body.res2.0.conv1.weight", "neck.pyramid.x", "rpn.head.x"), "longtail"),
        (("backbone.bottom_up.body.x", "backbone.neck.pyramid.x"), "longtail in detectron2"),
        (("roi_heads.box_head.0.fc1.weight", "roi_heads.classifier.0.linear.bias"), "longtail"),
        (("roi_heads.box_head.0.fc1.weight", "proposal_generator.rpn_head.x"), "detectron2"),
        (("roi_heads.box_head.5.weight", "roi_heads.x"), "torchvision"),
        (("roi_heads.box_head.0.1.running_mean", "roi_heads.x"), "torchvision"),
        (("conv1.weight", "layer1.0.conv1.weight", "fc.weight"), "timm or torchvision backbone"),
        (("stem.0.weight", "stages.0.blocks.0.norm.weight"), "timm or torchvision backbone"),
        (("backbone.layer1.0.conv1.weight", "rpn_head.rpn_conv.weight"), "mmdetection"),
        (("encoder.weight", "decoder.weight"), "other"),
        ((), "other"),
    ],
)
def test_names_tell_who_gave_them(names: tuple[str, ...], origin: str) -> None:
    assert origin_of(names) == origin


def test_a_node_keeps_its_names() -> None:
    weights = _named("backbone.body.conv1.weight", "neck.pyramid.x", "roi_heads.classifier.y")
    assert to_neutral(weights, detectron2_body=False).tensors == weights


def test_a_detector_exported_to_detectron2_gets_its_names_back() -> None:
    exported = _named(
        "backbone.bottom_up.body.conv1.weight",
        "backbone.neck.pyramid.x",
        "proposal_generator.rpn_head.conv.bias",
        "roi_heads.heads.classifier.linear.weight",
        "pixel_mean",
    )
    neutral = to_neutral(exported, detectron2_body=False)
    assert list(neutral.tensors) == [
        "backbone.body.conv1.weight",
        "neck.pyramid.x",
        "rpn.head.conv.bias",
        "roi_heads.classifier.linear.weight",
    ]
    assert neutral.left_out == {"pixel_mean": NO_COUNTERPART}


def test_every_tensor_is_either_renamed_or_left_out() -> None:
    weights = _named(*STANDARD, "pixel_std", "roi_heads.mask_head.mask_fcn1.norm.weight")
    neutral = to_neutral(weights, detectron2_body=True)
    assert set(neutral.sources.values()) | set(neutral.left_out) == set(weights)
    assert not set(neutral.sources.values()) & set(neutral.left_out)
    for ours, theirs in neutral.sources.items():
        assert neutral.tensors[ours] is weights[theirs]


@pytest.mark.parametrize("name", [STANDARD[0], "backbone.bottom_up.stem.conv.weight"])
def test_only_detectron2s_own_network_takes_a_bottom_up_network(name: str) -> None:
    weights = _named(*STANDARD, name)
    assert to_neutral(weights, detectron2_body=True).left_out == {}
    refused = to_neutral(weights, detectron2_body=False)
    assert refused.left_out == {name: OTHER_NETWORK, STANDARD[0]: OTHER_NETWORK}
    assert len(refused.tensors) == len(STANDARD) - 1


def test_a_bottom_up_network_alone_is_refused_by_timms_too() -> None:
    weights = _named("res2_0_branch2a_w")
    assert to_neutral(weights, detectron2_body=False).left_out == {
        "res2_0_branch2a_w": OTHER_NETWORK
    }


@pytest.mark.parametrize(
    ("further", "left_out"),
    [
        ("backbone.fpn_output3.norm.bias", {"backbone.fpn_lateral2.weight"}),
        ("roi_heads.box_head.conv1.weight", {"roi_heads.box_head.fc1.weight"}),
        ("roi_heads.mask_head.mask_fcn1.norm.weight", {"roi_heads.mask_head.mask_fcn1.weight"}),
        (
            "proposal_generator.rpn_head.conv.conv0.weight",
            {"proposal_generator.rpn_head.conv.bias"},
        ),
    ],
)
def test_a_module_with_further_layers_is_left_out_whole(further: str, left_out: set[str]) -> None:
    neutral = to_neutral(_named(*STANDARD, further), detectron2_body=True)
    assert neutral.left_out[further] == NO_COUNTERPART
    others = {name for name, reason in neutral.left_out.items() if reason == OTHER_LAYERS}
    assert others == left_out
