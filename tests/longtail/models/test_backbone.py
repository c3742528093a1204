import pytest
import torch
from torch import nn

from longtail.models.backbone import TimmBackbone


@pytest.fixture(scope="module")
def frozen() -> TimmBackbone:
    return TimmBackbone("resnet10t", frozen_norm=True)


def _norms(backbone: TimmBackbone) -> list[nn.BatchNorm2d]:
    return [module for module in backbone.modules() if isinstance(module, nn.BatchNorm2d)]


@pytest.mark.parametrize("model", ["resnet10t", "mobilenetv3_small_050", "convnext_atto"])
def test_maps_have_strides_4_to_32_and_the_channels_announced(model: str) -> None:
    backbone = TimmBackbone(model, frozen_norm=False).eval()
    maps = backbone(torch.zeros(1, 3, 64, 96))
    assert [tuple(m.shape) for m in maps] == [
        (1, channels, 64 // stride, 96 // stride)
        for channels, stride in zip(backbone.channels, (4, 8, 16, 32), strict=True)
    ]


def test_frozen_norms_stay_in_evaluation_mode_in_training(frozen: TimmBackbone) -> None:
    frozen.train()
    assert frozen.training
    assert _norms(frozen)
    assert not any(norm.training for norm in _norms(frozen))


def test_frozen_norms_keep_their_statistics_and_learn_nothing(frozen: TimmBackbone) -> None:
    frozen.train()
    before = [norm.running_mean.clone() for norm in _norms(frozen) if norm.running_mean is not None]
    sum(m.sum() for m in frozen(torch.randn(2, 3, 64, 64))).backward()
    after = [norm.running_mean for norm in _norms(frozen) if norm.running_mean is not None]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert all(p.grad is None for norm in _norms(frozen) for p in norm.parameters())


def test_free_norms_follow_the_mode_and_learn() -> None:
    backbone = TimmBackbone("resnet10t", frozen_norm=False)
    assert all(norm.training for norm in _norms(backbone.train()))
    assert all(p.requires_grad for p in backbone.parameters())


def test_freezing_norms_changes_no_name_of_the_state(frozen: TimmBackbone) -> None:
    free = TimmBackbone("resnet10t", frozen_norm=False)
    assert list(free.state_dict()) == list(frozen.state_dict())


def test_unknown_model_is_refused_with_near_names() -> None:
    with pytest.raises(ValueError, match=r"'resnet5O'.*resnet50"):
        TimmBackbone("resnet5O", frozen_norm=False)


@pytest.mark.parametrize("model", ["vit_tiny_patch16_224", "swin_tiny_patch4_window7_224"])
def test_model_without_a_usable_pyramid_is_refused(model: str) -> None:
    with pytest.raises(ValueError, match="stride"):
        TimmBackbone(model, frozen_norm=False)


def test_model_without_feature_maps_is_refused() -> None:
    with pytest.raises(ValueError, match="feature maps"):
        TimmBackbone("mixer_s32_224", frozen_norm=False)
