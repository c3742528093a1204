from typing import Any

from torch import nn

from longtail.config.base import config_classes
from longtail.config.detector import Detector
from longtail.models.necks.build import build_neck, levels_of


def test_every_neck_of_the_configuration_has_the_levels_that_are_announced() -> None:
    kinds: list[Any] = config_classes(Detector.model_fields["neck"].annotation)
    for kind in kinds:
        built = build_neck(kind(), [4, 8, 16, 32], 6)
        assert isinstance(built, nn.Module)
        assert built.levels == levels_of(kind())


def test_a_neck_is_told_by_its_name() -> None:
    named = Detector.model_validate({"neck": "feature_pyramid", "neck_channels": 16})
    assert named == Detector(neck_channels=16)
