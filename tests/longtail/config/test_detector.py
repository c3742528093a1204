"""What of a detector does not go together."""

from typing import Any

import pytest

from longtail.config.variant import Variant


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"detector.box_head.regression": "convolutional", "detector.neck_channels": 48},
            ["box_head.regression", "neck_channels (48)", "regression=shared"],
        ),
        (
            {"detector.box_head.regression": "convolutional", "detector.box_head.channels": 96},
            ["box_head.channels (96)", "128 divides"],
        ),
        (
            {"detector.roi_stages": "cascade", "detector.roi_stages.positive_ious": [0.5, 0.6]},
            ["positive_ious has 2", "loss_weights has 3"],
        ),
        (
            {
                "detector.roi_stages": "htc",
                "detector.roi_stages.positive_ious": [],
                "detector.roi_stages.coding_weights": [],
                "detector.roi_stages.loss_weights": [],
            },
            ["at least one"],
        ),
        (
            {"detector.roi_stages": "cascade", "detector.roi_stages.positive_ious": [0.5, 1, 0.7]},
            ["roi_stages.cascade.positive_ious.1", "less than 1"],
        ),
        ({"detector.roi_stages": "hybrid"}, ["roi_stages", "htc"]),
        (
            {"detector.backbone.deformable": ["c4", "c3"]},
            ["detector.backbone", "deformable: c4, c3 must rise", "as in c3, c4, c5"],
        ),
        ({"detector.backbone.deformable": ["c3", "c3"]}, ["each stage once"]),
        ({"detector.backbone.deformable": ["c6"]}, ["backbone.timm.deformable.0", "'c5'"]),
        ({"detector.neck.norm": "group"}, ["neck.norm", "'sync'"]),
        ({"detector.mask_head.norm": "frozen"}, ["mask_head.norm", "'sync'"]),
        ({"detector.mask_head.loss": "dice"}, ["mask_head.loss", "balanced"]),
    ],
)
def test_heads_that_make_no_sense_are_refused(changes: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ValueError) as caught:
        Variant().override(changes)
    assert [word for word in words if word not in str(caught.value)] == []
