"""Copies of the backbone in a recursive feature pyramid, and files that know nothing of them."""

from typing import cast

import torch
from torch import Tensor, nn

from longtail.config.detector import FeaturePyramid, Neck, RecursiveFeaturePyramid
from longtail.models.backbone import TimmBackbone
from longtail.models.necks.build import build_neck
from longtail.models.weights.detectron2_names import to_neutral
from longtail.models.weights.initial_detector import take_weights


def _state(neck: Neck, seed: int, model: str = "test_resnet") -> dict[str, Tensor]:
    torch.manual_seed(seed)
    backbone = TimmBackbone(model, frozen_norm=False)
    built = cast(nn.Module, build_neck(neck, backbone, 8))
    return dict(nn.ModuleDict({"backbone": backbone, "neck": built}).state_dict())


def _of_copy(state: dict[str, Tensor], number: int) -> dict[str, Tensor]:
    prefix = f"neck.copies.{number}."
    return {n.removeprefix(prefix): v for n, v in state.items() if n.startswith(prefix)}


def _of_backbone(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {n.removeprefix("backbone."): v for n, v in state.items() if n.startswith("backbone.")}


def test_of_a_plain_detector_all_copies_start_as_its_backbone() -> None:
    plain, own = _state(FeaturePyramid(), 0), _state(RecursiveFeaturePyramid(steps=3), 1)
    state, taken = take_weights(own, to_neutral(plain, detectron2_body=False), 5)
    for number in range(2):
        torch.testing.assert_close(_of_copy(state, number), _of_backbone(plain), rtol=0, atol=0)
    absent = {name.split(".")[1] for name in taken.parts["neck"].absent}
    assert absent == {"feedback", "atrous", "fusion"}
    count = 2 * len(_of_backbone(plain))
    assert taken.left_out == {}
    assert f"neck: the backbone's copies 0, 1 are not in the file; {count} of" in taken.table()


def test_of_a_recursive_detector_copies_have_their_own() -> None:
    neck = RecursiveFeaturePyramid()
    before = {name: value + 1 for name, value in _state(neck, 0).items()}
    before |= {name: value + 1 for name, value in before.items() if "copies" in name}
    state, taken = take_weights(_state(neck, 1), to_neutral(before, detectron2_body=False), 5)
    assert taken.is_complete and taken.notes == ()
    torch.testing.assert_close(state, before, rtol=0, atol=0)


def test_a_further_step_starts_as_the_backbone() -> None:
    before, own = _state(RecursiveFeaturePyramid(), 0), _state(RecursiveFeaturePyramid(steps=3), 1)
    before |= {name: value + 1 for name, value in before.items() if "copies" in name}
    state, taken = take_weights(own, to_neutral(before, detectron2_body=False), 5)
    torch.testing.assert_close(_of_copy(state, 0), _of_copy(before, 0), rtol=0, atol=0)
    torch.testing.assert_close(_of_copy(state, 1), _of_backbone(before), rtol=0, atol=0)
    assert "copies 1 are not in the file" in taken.table()


def test_of_another_network_no_copy_takes_anything() -> None:
    before = _state(FeaturePyramid(), 0, model="resnet10t")
    own = _state(RecursiveFeaturePyramid(), 1)
    fitting = {name for name in own if name in before and before[name].shape == own[name].shape}
    state, _ = take_weights(own, to_neutral(before, detectron2_body=False), 5)
    for name, value in _of_copy(state, 0).items():
        is_taken = f"backbone.{name}" in fitting
        source = before[f"backbone.{name}"] if is_taken else own[f"neck.copies.0.{name}"]
        assert torch.equal(value, source), name
