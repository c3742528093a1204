from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from longtail.config.detector import Detector, Detectron2
from longtail.models.necks.feature_pyramid import FeaturePyramid

pytest.importorskip("detectron2", reason="detectron2 is not installed")

from detectron2.modeling.backbone.fpn import FPN, LastLevelMaxPool

from longtail.engines.detectron2.backbone import ResNetBottomUp

LEVELS, STRIDES = FeaturePyramid.levels.names, FeaturePyramid.levels.strides
R50 = "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x.yaml"
DCN = "Misc/mask_rcnn_R_50_FPN_1x_dconv_c3-c5.yaml"
EngineMaker = Callable[..., Any]


def _own(make_engine: EngineMaker, detector: Detector, config_file: str) -> Any:
    changed = detector.replace(engine="detectron2", backbone=Detectron2(config_file=config_file))
    return make_engine(changed, engine="detectron2")


def test_our_pyramid_computes_what_detectron2s_does(
    make_engine: EngineMaker, detector: Detector
) -> None:
    bottom_up = _own(make_engine, detector, R50).parts()["backbone"]
    theirs = FPN(
        bottom_up.body, ["res2", "res3", "res4", "res5"], 32, norm="", top_block=LastLevelMaxPool()
    )
    ours = FeaturePyramid(bottom_up.channels, 32)
    for i, stage in enumerate((2, 3, 4, 5)):
        lateral, output = ours.pyramid.inner_blocks[i][0], ours.pyramid.layer_blocks[i][0]
        lateral.load_state_dict(theirs.get_submodule(f"fpn_lateral{stage}").state_dict())
        output.load_state_dict(theirs.get_submodule(f"fpn_output{stage}").state_dict())
    # The running variance of a frozen norm without weights lets maps grow: they are scaled.
    images = torch.rand(2, 3, 96, 160) * 1e-3
    with torch.no_grad():
        expected, found = theirs(images), ours(images, bottom_up(images))
    assert list(found) == list(expected) == list(LEVELS)
    for level, maps in expected.items():
        assert maps.abs().max() > 1e-3
        torch.testing.assert_close(found[level], maps)


def test_levels_have_the_shapes_that_are_declared(make_engine: EngineMaker) -> None:
    backbone = make_engine(engine="detectron2").model.backbone.eval()
    shapes = backbone.output_shape()
    levels = backbone(torch.rand(1, 3, 64, 128))
    assert list(shapes) == list(levels) == list(LEVELS)
    for (name, maps), stride in zip(levels.items(), STRIDES, strict=True):
        assert maps.shape == (1, 32, 64 // stride, 128 // stride)
        assert (shapes[name].channels, shapes[name].stride) == (32, stride)
    assert backbone.size_divisibility == 32


def test_own_resnet_has_its_own_names_below_the_body(
    make_engine: EngineMaker, detector: Detector
) -> None:
    with torch.device("meta"):
        names = set(_own(make_engine, detector, R50).state_dict())
    assert "backbone.body.stem.conv1.weight" in names
    assert "backbone.body.res2.0.conv1.norm.running_mean" in names
    assert "neck.pyramid.layer_blocks.3.0.bias" in names


def test_deformable_convolutions_are_built_where_the_file_has_them(
    make_engine: EngineMaker, detector: Detector
) -> None:
    with torch.device("meta"):
        names = set(_own(make_engine, detector, DCN).state_dict())
    deformed = {name.split(".")[2] for name in names if "conv2_offset" in name}
    assert deformed == {"res3", "res4", "res5"}


def test_deformable_convolutions_keep_float32_under_autocast(
    make_engine: EngineMaker, detector: Detector
) -> None:
    bottom_up = _own(make_engine, detector, DCN).parts()["backbone"].eval()
    images = torch.rand(1, 3, 64, 64) * 1e-3
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        maps = bottom_up(images)
        assert torch.is_autocast_enabled("cpu")
    assert {of_stride.dtype for of_stride in maps} == {torch.float32}


def test_other_networks_follow_autocast(make_engine: EngineMaker, detector: Detector) -> None:
    bottom_up = _own(make_engine, detector, R50).parts()["backbone"].eval()
    assert isinstance(bottom_up, ResNetBottomUp)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        maps = bottom_up(torch.rand(1, 3, 64, 64) * 1e-3)
    assert {of_stride.dtype for of_stride in maps} == {torch.bfloat16}


def test_a_network_that_detectron2_cannot_build_is_named_with_its_file(
    make_engine: EngineMaker, detector: Detector, tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "MODEL:\n"
        "  BACKBONE: {NAME: build_resnet_fpn_backbone}\n"
        "  RESNETS: {DEPTH: 18, OUT_FEATURES: [res2, res3, res4, res5]}\n"
        "  FPN: {IN_FEATURES: [res2, res3, res4, res5]}\n"
    )
    with pytest.raises(ValueError, match=r"mine\.yaml: .*RES2_OUT_CHANNELS = 64 for R18/R34"):
        _own(make_engine, detector, str(file))
