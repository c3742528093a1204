"""Configurations that no detector can be built of."""

import pytest

from longtail.cluster.nodes.plan import DataFiles, Plan, make_plan
from longtail.cluster.work.preflight import check_buildable
from longtail.config.variant import Variant


def test_sound_variants_pass_at_full_size(plan: Plan) -> None:
    check_buildable(plan)


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("detector.backbone.model", "resnet5000", "a, stage 0: backbone.model 'resnet5000'"),
        ("detector.backbone.model", "test_maxvit", "cannot take pictures of 256 x 320 pixels"),
        (
            "detector.backbone",
            {"name": "timm", "model": "convnext_atto", "deformable": ["c5"]},
            "a, stage 0: backbone.deformable: c5 of 'convnext_atto' has no plain 3x3 convolution",
        ),
        (
            "detector.backbone",
            {"name": "timm", "model": "convnext_atto", "norm": "sync"},
            "a, stage 0: backbone.norm: 'convnext_atto' has no batch norms",
        ),
        ("detector.backbone.gradient_checkpointing", True, "set backbone.norm=frozen"),
        ("detector.proposals.anchor_sizes", [32, 64], "one size for each of the 5 levels"),
    ],
)
def test_a_detector_that_cannot_be_built_is_named_with_its_row(
    data: DataFiles, path: str, value: object, text: str
) -> None:
    plan = make_plan({"a": Variant().override({path: value})}, (0,), data)
    with pytest.raises(ValueError) as caught:
        check_buildable(plan)
    assert text in str(caught.value)


def test_weights_that_are_not_there_are_named(data: DataFiles) -> None:
    variant = Variant().override({"detector.backbone.weights": "/nope.pt"})
    with pytest.raises(ValueError, match=r"backbone\.weights /nope\.pt: no such file"):
        make_plan({"a": variant}, (0,), data)
