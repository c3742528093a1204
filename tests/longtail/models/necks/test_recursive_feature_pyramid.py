import copy
import io
import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from longtail.models.backbone import TimmBackbone
from longtail.models.necks.feature_pyramid import FeaturePyramid
from longtail.models.necks.recursive_feature_pyramid import RecursiveFeaturePyramid

CASES = [
    *[("resnet10t", steps, is_training) for steps in (2, 3) for is_training in (True, False)],
    *[(model, 2, True) for model in ("test_resnet", "convnext_atto", "mobilenetv3_small_050")],
]
DILATIONS = (1, 3, 6)


def _backbone(model: str = "resnet10t", frozen_norm: bool = False) -> Any:
    torch.manual_seed(0)
    return TimmBackbone(model, frozen_norm)


def _neck(backbone: Any, steps: int = 2) -> Any:
    torch.manual_seed(1)
    return RecursiveFeaturePyramid(backbone, 8, steps, DILATIONS)


def _images(size: int = 64) -> Tensor:
    return torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(2))


def _learned(neck: Any) -> Any:
    """With random numbers instead of the zeros that it starts with."""
    torch.manual_seed(3)
    with torch.no_grad():
        # timm's residual blocks start as identities: the scale of their last norm is 0.
        for norm in [m for m in neck.modules() if isinstance(m, nn.BatchNorm2d)]:
            norm.weight.fill_(1.0)
        for layer in (*(f.convolution for f in neck.feedback.modules() if _tells(f)), neck.fusion):
            layer.weight.normal_(std=0.2)
            layer.bias.normal_(std=0.2)
    return neck


def _tells(module: nn.Module) -> bool:
    return hasattr(module, "convolution")


@pytest.mark.parametrize(("model", "steps", "is_training"), CASES)
def test_at_the_start_it_is_the_plain_pyramid(model: str, steps: int, is_training: bool) -> None:
    backbone, images = _backbone(model), _images()
    neck = _neck(backbone, steps)
    plain = FeaturePyramid(backbone.channels, 8)
    plain.pyramid.load_state_dict(neck.pyramid.state_dict())
    for module in (backbone, neck, plain):
        module.train(is_training)
    with torch.no_grad():
        expected = plain(images, backbone(images))
        found = neck(images, backbone(images))
    assert list(found) == list(expected) == list(neck.levels.names)
    for name, level in expected.items():
        torch.testing.assert_close(found[name], level, rtol=1e-6, atol=1e-6)


def test_levels_are_fused_by_the_share_that_the_new_one_asks_for() -> None:
    neck = _neck(_backbone())
    with torch.no_grad():
        neck.fusion.weight.fill_(math.log(3) / 8)
        new = {"p2": torch.ones(1, 8, 1, 2)}
        new["p2"][..., 1] = 0.0
        before = {"p2": torch.full((1, 8, 1, 2), 5.0)}
        (level,) = neck._fused(new, before).values()
    # The sigmoid of ln 3 is 3 / 4: 0.75 * 1 + 0.25 * 5; of 0 it is half: 0.5 * 0 + 0.5 * 5.
    torch.testing.assert_close(level[0, :, 0], torch.tensor([2.0, 2.5]).expand(8, 2))


def test_all_stages_but_the_first_are_told_of_the_level_of_their_stride() -> None:
    neck, images = _neck(_backbone()), _images()
    looks: dict[str, tuple[Tensor, ...]] = {}
    (look,) = neck.copies
    look.register_forward_hook(lambda _, inputs, maps: looks.update(seen=tuple(maps)))
    maps = _backbone().eval()(images)
    neck.eval()
    with torch.no_grad():
        neck(images, maps)
        before = looks["seen"]
        for told, stage in enumerate(neck.feedback[0]):
            stage.convolution.bias.fill_(1.0)
            neck(images, maps)
            changed = [not torch.equal(a, b) for a, b in zip(before, looks["seen"], strict=True)]
            assert changed == [number > told for number in range(4)]
            stage.convolution.bias.zero_()


def test_copies_learn_weights_of_their_own() -> None:
    backbone, images = _backbone(), _images()
    neck = _learned(_neck(backbone, 3))
    levels = neck(images, backbone(images))
    sum(level.square().mean() for level in levels.values()).backward()
    names = {name for name, p in neck.named_parameters() if p.grad is None or not p.grad.any()}
    assert names == set()
    weights = [n.body.conv1[0].weight for n in (backbone, *neck.copies)]
    assert len({weight.data_ptr() for weight in weights}) == 3
    assert not torch.equal(weights[1].grad, weights[2].grad)


def test_pyramid_and_atrous_pooling_have_the_same_weights_in_all_steps() -> None:
    own = {
        steps: {name for name, _ in _neck(_backbone(), steps).named_parameters()}
        for steps in (2, 3)
    }
    assert own[2] < own[3]
    assert all(name.startswith(("copies.1.", "feedback.1.")) for name in own[3] - own[2])


def test_frozen_norms_of_copies_stay_frozen() -> None:
    neck = _neck(_backbone(frozen_norm=True), 3).train()
    norms = [m for m in neck.modules() if isinstance(m, nn.BatchNorm2d)]
    assert norms and not any(norm.training for norm in norms)
    assert not any(p.requires_grad for norm in norms for p in norm.parameters())
    assert all(p.requires_grad for p in neck.copies[0].body.layer4[0].conv1.parameters())


def test_a_copy_of_it_is_told_by_itself_and_not_by_the_first() -> None:
    backbone, images = _backbone().eval(), _images()
    neck = _learned(_neck(backbone)).eval()
    expected = neck(images, backbone(images))
    file = io.BytesIO()
    torch.save(neck, file)
    file.seek(0)
    others = (copy.deepcopy(neck), torch.load(file, weights_only=False))
    with torch.no_grad():
        for parameter in neck.parameters():
            parameter.zero_()
        for other in others:
            for name, level in other(images, backbone(images)).items():
                torch.testing.assert_close(level, expected[name])


def test_gradient_checkpointing_changes_no_gradient() -> None:
    images, gradients = _images(), []
    for keeps_all in (True, False):
        backbone = _backbone(frozen_norm=True)
        neck = _learned(_neck(backbone))
        for network in (backbone, *neck.copies):
            network.body.set_grad_checkpointing(not keeps_all)
        levels = neck(images, backbone(images))
        sum(level.square().mean() for level in levels.values()).backward()
        gradients.append({name: p.grad for name, p in neck.named_parameters()})
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient)


def test_a_backbone_with_a_map_of_a_single_layer_is_refused() -> None:
    with torch.device("meta"):
        backbone = _backbone("nfnet_f0")
    with pytest.raises(ValueError, match=r"backbone\.model: its map final_conv .* ResNet"):
        backbone.first_blocks()
