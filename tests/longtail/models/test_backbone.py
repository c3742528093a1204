import copy

import pytest
import timm
import torch
from torch import nn

from longtail.config.detector import BackboneStage
from longtail.models.backbone import TimmBackbone
from longtail.models.sync_batch_norm import SyncBatchNorm

SWIN = "swin_tiny_patch4_window7_224"


@pytest.fixture(scope="module")
def frozen() -> TimmBackbone:
    return TimmBackbone("resnet10t", frozen_norm=True)


@pytest.fixture(scope="module")
def swin() -> TimmBackbone:
    return TimmBackbone(SWIN, frozen_norm=False).eval()


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


@pytest.mark.slow
def test_channels_last_maps_are_turned(swin: TimmBackbone) -> None:
    images = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        own, theirs = swin(images), swin.body(images)
    assert all(torch.equal(a.permute(0, 2, 3, 1), b) for a, b in zip(own, theirs, strict=True))


@pytest.mark.slow
def test_swin_of_its_own_size_is_timms(swin: TimmBackbone) -> None:
    strict = timm.create_model(SWIN, features_only=True, always_partition=True)
    strict.load_state_dict(swin.body.state_dict())
    images = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        own, theirs = swin(images), strict.eval()(images)
    torch.testing.assert_close([a.permute(0, 2, 3, 1) for a in own], theirs)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["resnet10t", "resnest14d"])
def test_a_deformable_backbone_starts_as_the_plain_one_of_its_seed(model: str) -> None:
    torch.manual_seed(0)
    plain = TimmBackbone(model, frozen_norm=True)
    after = torch.rand(())
    torch.manual_seed(0)
    deformable = TimmBackbone(model, frozen_norm=True, deformable=("c3", "c4", "c5"))
    assert torch.rand(()) == after
    own = deformable.state_dict()
    assert {name: own[name].shape for name in plain.state_dict()} == {
        name: value.shape for name, value in plain.state_dict().items()
    }
    added = {name.split(".")[1] for name in own.keys() - plain.state_dict().keys()}
    assert added == {"layer2", "layer3", "layer4"}
    images = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        torch.testing.assert_close(deformable(images), plain(images), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("stage", ["c2", "c5"])
@pytest.mark.parametrize("model", ["convnext_atto", "mobilenetv3_small_050"])
def test_stages_without_plain_3x3_convolutions_cannot_be_deformable(
    model: str, stage: BackboneStage
) -> None:
    with (
        torch.device("meta"),
        pytest.raises(ValueError, match=rf"deformable: {stage} of '{model}'"),
    ):
        TimmBackbone(model, frozen_norm=False, deformable=(stage,))


def test_sync_norms_keep_names_shapes_and_initial_weights() -> None:
    torch.manual_seed(0)
    plain = TimmBackbone("resnet10t", frozen_norm=False)
    torch.manual_seed(0)
    sync = TimmBackbone("resnet10t", frozen_norm=False, sync_norm=True)
    assert len([m for m in sync.modules() if isinstance(m, SyncBatchNorm)]) == len(_norms(plain))
    assert not _norms(sync)
    assert list(sync.state_dict()) == list(plain.state_dict())
    images = torch.randn(2, 3, 64, 64)
    assert all(torch.equal(a, b) for a, b in zip(sync(images), plain(images), strict=True))
    torch.testing.assert_close(sync.state_dict(), plain.state_dict(), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("convnext_atto", "has no batch norms .*; set backbone.norm=batch"),
        ("mobilenetv3_small_050", r"BatchNormAct2d.*; set backbone\.norm=batch or frozen"),
    ],
)
def test_networks_without_plain_batch_norms_have_none_over_workers(model: str, words: str) -> None:
    with torch.device("meta"), pytest.raises(ValueError, match=rf"backbone\.norm: .*{words}"):
        TimmBackbone(model, frozen_norm=False, sync_norm=True)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["resnet10t", "convnext_atto"])
def test_checkpointing_changes_no_value_and_no_gradient(model: str) -> None:
    results = []
    for checkpointing in (False, True):
        torch.manual_seed(0)
        backbone = TimmBackbone(model, frozen_norm=True, gradient_checkpointing=checkpointing)
        maps = backbone(torch.randn(2, 3, 64, 96))
        sum(level.square().mean() for level in maps).backward()
        gradients = {n: p.grad for n, p in backbone.named_parameters() if p.grad is not None}
        results.append((maps, gradients))
    (plain, plain_gradients), (checkpointed, gradients) = results
    assert all(torch.equal(a, b) for a, b in zip(plain, checkpointed, strict=True))
    assert gradients.keys() == plain_gradients.keys()
    torch.testing.assert_close(gradients, plain_gradients)


@pytest.mark.parametrize("norms", [{}, {"sync_norm": True}])
def test_norms_that_keep_statistics_are_not_checkpointed(norms: dict[str, bool]) -> None:
    with pytest.raises(ValueError, match=r"gradient_checkpointing: .*set backbone\.norm=frozen"):
        TimmBackbone("resnet10t", frozen_norm=False, gradient_checkpointing=True, **norms)


def test_a_copy_freezes_its_own_norms() -> None:
    first = TimmBackbone("resnet10t", frozen_norm=True, deformable=("c5",))
    second = copy.deepcopy(first).train()
    assert _norms(second) and not set(_norms(second)) & set(_norms(first))
    assert not any(norm.training for norm in _norms(second))
    _norms(first)[0].train()
    assert not any(norm.training for norm in _norms(second))
