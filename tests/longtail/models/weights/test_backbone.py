from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor

from longtail.config.detector import Timm
from longtail.models.backbone import TimmBackbone
from longtail.models.build import build_backbone
from longtail.models.weights.backbone import load_timm_weights, read_state_dict
from longtail.problems import BadInputError


@pytest.fixture(scope="module")
def published() -> dict[str, Tensor]:
    """The state dict of the whole classifier, as timm publishes it."""
    torch.manual_seed(0)
    return dict(timm.create_model("resnet10t", pretrained=False).state_dict())


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_published_weights_are_taken_over(
    published: dict[str, Tensor], tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"weights.{suffix}"
    if suffix == "pth":
        torch.save(published, path)
    else:
        save_file(published, path)
    backbone = build_backbone(Timm(model="resnet10t", weights=str(path)))
    own = backbone.body.state_dict()
    assert own
    assert all(torch.equal(value, published[name]) for name, value in own.items())


def test_weights_of_a_model_whose_stages_timm_renames_are_taken_over(tmp_path: Path) -> None:
    whole = timm.create_model("convnext_atto", pretrained=False)
    torch.save(whole.state_dict(), tmp_path / "weights.pth")
    backbone = TimmBackbone("convnext_atto", frozen_norm=False)
    load_timm_weights(backbone.body, tmp_path / "weights.pth")
    expected = whole.get_parameter("stages.2.blocks.0.mlp.fc1.weight")
    assert torch.equal(backbone.body.get_parameter("stages_2.blocks.0.mlp.fc1.weight"), expected)


def test_missing_batch_counters_are_forgiven(published: dict[str, Tensor], tmp_path: Path) -> None:
    old = {name: value for name, value in published.items() if "num_batches" not in name}
    torch.save(old, tmp_path / "old.pth")
    load_timm_weights(TimmBackbone("resnet10t", False).body, tmp_path / "old.pth")


@pytest.mark.parametrize("model", ["resnet10t", "legacy_seresnet18", "resnest14d"])
def test_published_weights_make_a_deformable_network_that_computes_the_same(
    tmp_path: Path, model: str
) -> None:
    torch.manual_seed(1)
    whole = timm.create_model(model, pretrained=False, features_only=True).eval()
    path = str(tmp_path / "weights.pth")
    torch.save(whole.state_dict(), path)
    timm_of = Timm(model=model, weights=path, norm="frozen", deformable=("c3", "c4", "c5"))
    images = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(
            build_backbone(timm_of)(images), whole(images)[1:], rtol=1e-4, atol=1e-4
        )


def test_offsets_that_a_file_has_are_taken(tmp_path: Path) -> None:
    trained = TimmBackbone("resnet10t", False, deformable=("c5",)).body
    torch.nn.init.ones_(trained.get_parameter("layer4.0.conv1.offset.weight"))
    torch.save(trained.state_dict(), tmp_path / "w.pth")
    weights = str(tmp_path / "w.pth")
    timm_of = Timm(model="resnet10t", weights=weights, deformable=("c4", "c5"))
    own = build_backbone(timm_of).body
    assert own.get_parameter("layer4.0.conv1.offset.weight").all()
    assert not own.get_parameter("layer3.0.conv1.offset.weight").any()


def test_weights_of_another_model_are_refused_by_tensor(
    published: dict[str, Tensor], tmp_path: Path
) -> None:
    torch.save(published, tmp_path / "weights.pth")
    body = TimmBackbone("resnet18", frozen_norm=False).body
    with pytest.raises(BadInputError, match=r"weights\.pth.*conv1\.weight is missing"):
        load_timm_weights(body, tmp_path / "weights.pth")


def test_tensor_of_another_shape_is_refused(published: dict[str, Tensor], tmp_path: Path) -> None:
    wrong = {**published, "layer1.0.conv1.weight": torch.zeros(1, 2)}
    torch.save(wrong, tmp_path / "weights.pth")
    body = TimmBackbone("resnet10t", frozen_norm=False).body
    with pytest.raises(BadInputError, match=r"layer1\.0\.conv1\.weight is \(1, 2\) instead"):
        load_timm_weights(body, tmp_path / "weights.pth")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"absent\.pth: no such file"):
        read_state_dict(tmp_path / "absent.pth")


@pytest.mark.parametrize("name", ["garbage.pth", "garbage.safetensors"])
def test_garbage_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"not weights at all")
    with pytest.raises(BadInputError, match="no readable state dict"):
        read_state_dict(tmp_path / name)


def test_wrapped_state_dict_is_refused(tmp_path: Path) -> None:
    torch.save({"state_dict": {"conv1.weight": torch.zeros(1)}, "epoch": 3}, tmp_path / "w.pth")
    with pytest.raises(BadInputError, match="more than tensors by name"):
        read_state_dict(tmp_path / "w.pth")


def test_pickled_code_is_not_run(tmp_path: Path) -> None:
    torch.save({"conv1.weight": Path("code")}, tmp_path / "w.pth")
    with pytest.raises(BadInputError, match="no readable state dict"):
        read_state_dict(tmp_path / "w.pth")
