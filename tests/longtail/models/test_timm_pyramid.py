"""Every backbone of the reports, and relatives, gives a pyramid; others are refused in words."""

from typing import Any

import pytest
import torch

from longtail.models.backbone import TimmBackbone
from longtail.models.timm_pyramid import pyramid_cut

WIDE = [256, 512, 1024, 2048]
CHANNELS: dict[str, list[int]] = {
    "resnet18": [64, 128, 256, 512],
    "resnet50": WIDE,
    "resnet101": WIDE,
    "resnext101_32x4d": WIDE,
    "resnext101_32x8d": WIDE,
    "resnext101_64x4d": WIDE,
    "senet154": WIDE,
    "resnest101e": WIDE,
    "resnest200e": WIDE,
    "resnest269e": WIDE,
    "convnext_tiny": [96, 192, 384, 768],
    "swin_tiny_patch4_window7_224": [96, 192, 384, 768],
    "swinv2_cr_tiny_224": [96, 192, 384, 768],
}
QUICK = ("resnet18", "resnet50")


@pytest.mark.parametrize(
    "model",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in CHANNELS],
)
def test_whole_backbones_give_maps_of_strides_4_to_32(model: str) -> None:
    # On the way a picture of 256 x 320 pixels makes maps of these strides, or it is refused.
    with torch.device("meta"):
        backbone = TimmBackbone(model, frozen_norm=True)
    assert backbone.channels == CHANNELS[model]
    levels: Any = backbone.body.feature_info
    assert levels.reduction() == [4, 8, 16, 32]


def test_looking_for_maps_draws_no_random_numbers() -> None:
    before = torch.get_rng_state()
    pyramid_cut.__wrapped__("resnet10t")
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("resnet5O", "near: resnet50"),
        ("yolo", "unknown to timm; resnet50 is one that it knows"),
        ("vit_tiny_patch16_224", r"gives strides \[16, 16, 16\]; .*ResNet, ConvNeXt or Swin"),
        ("mixer_s32_224", "feature maps of stride"),
        ("test_maxvit", "cannot take pictures of 256 x 320 pixels .*; take a model"),
        ("halonet26t", "cannot take pictures of 256 x 320 pixels .*; take a model"),
        ("legacy_xception", "maps of 63 x 79, .* where strides 4, 8, 16, 32 give 64 x 80"),
    ],
)
def test_models_without_such_maps_are_refused(model: str, words: str) -> None:
    with pytest.raises(ValueError, match=rf"backbone\.model '{model}'.*{words}"):
        pyramid_cut(model)
