"""The settings that a summary names build heads whose weights have the file's names and shapes."""

from pathlib import Path
from typing import cast

import pytest
import torch
from support.models.every_head import BOXES, DETECTOR, MASKS, STAGES, WIDTH
from support.statistics_of import statistics_of
from torch import nn

from longtail.config.classifiers import Softmax
from longtail.config.detector import (
    BackboneStage,
    ConvolutionNorm,
    Detector,
    FeaturePyramid,
    MaskHead,
    RecursiveFeaturePyramid,
    Timm,
)
from longtail.config.variant import Inference, Variant
from longtail.models.backbone import TimmBackbone
from longtail.models.necks.build import build_neck
from longtail.models.roi_heads.build import build_roi_heads
from longtail.models.weights.file import WeightsFile
from longtail.models.weights.summary import summarize

Shapes = dict[str, tuple[int, ...]]
# The side of the masks is in no shape but that of deformable pooling.
START = Variant(detector=Detector(mask_head=MaskHead(pool_size=DETECTOR.mask_head.pool_size)))
DETECTORS = {
    **{name: DETECTOR.replace(roi_stages=stages) for name, stages in STAGES.items()},
    **{name: DETECTOR.replace(mask_head=mask) for name, mask in MASKS.items()},
    **{name: DETECTOR.replace(box_head=box) for name, box in BOXES.items()},
    "context without flow, and all of masks": DETECTOR.replace(
        roi_stages=STAGES["htc-lite"].replace(mask_information_flow=False), mask_head=MASKS["all"]
    ),
}


def _shapes(detector: Detector) -> Shapes:
    with torch.device("meta"):
        heads = build_roi_heads(detector, Softmax(), Inference(), statistics_of(5, 3))
    return {f"roi_heads.{name}": tuple(value.shape) for name, value in heads.state_dict().items()}


@pytest.mark.parametrize("name", DETECTORS)
def test_the_settings_of_a_summary_build_heads_of_its_shapes(name: str) -> None:
    shapes = _shapes(DETECTORS[name])
    neck = {"neck.pyramid.layer_blocks.0.0.weight": (WIDTH, WIDTH, 3, 3)}
    tensors = {name: torch.empty(shape, device="meta") for name, shape in (shapes | neck).items()}
    settings = summarize(WeightsFile(Path("model.pt"), "0" * 64, tensors)).settings
    assert _shapes(_set(settings)) == shapes


@pytest.mark.parametrize("steps", [2, 3])
def test_copies_of_the_backbone_tell_a_recursive_neck(steps: int) -> None:
    neck = RecursiveFeaturePyramid(steps=steps)
    with torch.device("meta"):
        backbone = TimmBackbone("resnet10t", frozen_norm=False)
        built = cast(nn.Module, build_neck(neck, backbone, WIDTH))
    tensors = {f"neck.{name}": value for name, value in built.state_dict().items()}
    settings = summarize(WeightsFile(Path("model.pt"), "0" * 64, tensors)).settings
    found = _set(settings)
    assert (found.neck, found.neck_channels) == (neck, WIDTH)


def _set(settings: object) -> Detector:
    assert isinstance(settings, dict)
    declared = START.override({"external_data": True, "rules": "none"})
    return declared.override(settings).detector


@pytest.mark.parametrize("model", ["resnet10t", "resnest14d", "legacy_seresnet18"])
@pytest.mark.parametrize("deformable", [[], ["c2"], ["c3", "c4", "c5"]])
def test_deformable_stages_are_named(model: str, deformable: list[BackboneStage]) -> None:
    with torch.device("meta"):
        body = TimmBackbone(model, False, deformable=deformable).body
    tensors = {f"backbone.body.{name}": value for name, value in body.state_dict().items()}
    tensors["rpn.head.conv.weight"] = torch.empty(1, device="meta")
    settings = summarize(WeightsFile(Path("model.pt"), "0" * 64, tensors)).settings
    assert settings == ({"detector.backbone.deformable": deformable} if deformable else {})
    assert Variant().override(settings).detector.backbone == Timm(deformable=tuple(deformable))


@pytest.mark.parametrize("norm", ["none", "batch", "sync"])
def test_norms_of_the_neck_are_named(norm: ConvolutionNorm) -> None:
    with torch.device("meta"):
        backbone = TimmBackbone("test_resnet", frozen_norm=False)
        pyramid = build_neck(FeaturePyramid(norm=norm), backbone, WIDTH)
    assert isinstance(pyramid, torch.nn.Module)
    tensors = {f"neck.{name}": value for name, value in pyramid.state_dict().items()}
    settings = summarize(WeightsFile(Path("model.pt"), "0" * 64, tensors)).settings
    # Of one worker or of all: the weights are the same.
    assert settings.get("detector.neck.norm") == (None if norm == "none" else "batch")
