from typing import Any

import pytest
from torch import nn

from longtail.config.base import config_classes
from longtail.config.detector import Detector, RecursiveFeaturePyramid
from longtail.config.variant import Variant
from longtail.models.backbone import TimmBackbone
from longtail.models.necks.build import build_neck, levels_of


def test_every_neck_of_the_configuration_has_the_levels_that_are_announced() -> None:
    kinds: list[Any] = config_classes(Detector.model_fields["neck"].annotation)
    backbone = TimmBackbone("resnet10t", frozen_norm=False)
    for kind in kinds:
        built = build_neck(kind(), backbone, 8)
        assert isinstance(built, nn.Module)
        assert built.levels == levels_of(kind())


def test_a_neck_is_told_by_its_name() -> None:
    named = Detector.model_validate({"neck": "feature_pyramid", "neck_channels": 16})
    assert named == Detector(neck_channels=16)


def test_a_second_neck_changes_no_name_of_a_node() -> None:
    assert Variant().fingerprint() == "4d51376b64d6"


def test_steps_are_set_by_their_path() -> None:
    changed = Detector().override({"neck": "recursive_feature_pyramid", "neck.steps": 3})
    assert changed.neck == RecursiveFeaturePyramid(steps=3)


def test_a_single_look_is_no_recursion() -> None:
    with pytest.raises(ValueError, match="steps"):
        RecursiveFeaturePyramid(steps=1)


def test_branches_that_do_not_divide_the_channels_are_refused() -> None:
    neck = RecursiveFeaturePyramid(dilations=(1, 3))
    with pytest.raises(ValueError, match=r"neck\.dilations: 3 branches .* \(256\)"):
        Detector(neck=neck)
    assert Detector(neck=neck, neck_channels=96).neck == neck
