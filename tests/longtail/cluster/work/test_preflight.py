"""Configurations that no detector can be built of."""

import pytest

from longtail.cluster.nodes.plan import DataFiles, Plan, make_plan
from longtail.cluster.work.preflight import check_buildable
from longtail.config.variant import Variant


def test_sound_variants_pass_at_full_size(plan: Plan) -> None:
    check_buildable(plan, workers=1)


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
        check_buildable(plan, workers=1)
    assert text in str(caught.value)


def test_weights_that_are_not_there_are_named(data: DataFiles) -> None:
    variant = Variant().override({"detector.backbone.weights": "/nope.pt"})
    with pytest.raises(ValueError, match=r"backbone\.weights /nope\.pt: no such file"):
        make_plan({"a": variant}, (0,), data)


@pytest.mark.parametrize(
    ("changes", "workers", "fits"),
    [
        ({}, 16, False),
        ({}, 8, True),
        ({"detector.backbone.norm": "sync"}, 16, True),
        ({"stages.0.schedule.images_per_step": 1, "detector.backbone.norm": "sync"}, 1, False),
        ({"detector.backbone.norm": "frozen"}, 16, True),
        ({"stages.0.freeze": ["backbone"]}, 16, True),
        ({"detector.backbone.model": "resnet10t"}, 16, True),
    ],
)
def test_norms_behind_a_mean_over_the_picture_need_several(
    data: DataFiles, changes: dict[str, object], workers: int, fits: bool
) -> None:
    variant = Variant().override({"detector.backbone.model": "resnest14d"}).override(changes)
    plan = make_plan({"a": variant}, (0,), data)
    if fits:
        check_buildable(plan, workers)
        return
    with pytest.raises(ValueError, match=r"stage 0: backbone\.norm: .* the one picture .*frozen"):
        check_buildable(plan, workers)
