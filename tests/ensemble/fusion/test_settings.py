from typing import Any

import pytest

from ensemble.fusion.methods import METHODS
from ensemble.fusion.settings import AbsentSources, FusionSettings


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"method": "nmw"}, "--method 'nmw'"),
        ({"match": "polygon"}, "--match 'polygon'"),
        ({"mask": "mean"}, "--mask 'mean'"),
        ({"mask_weights": "area"}, "--mask-weights 'area'"),
        ({"soft_nms": "cubic"}, "--soft-nms 'cubic'"),
        ({"iou_thr": 1.5}, "--iou-thr 1.5"),
        ({"iou_thr": float("nan")}, "--iou-thr nan"),
        ({"min_score": -0.1}, "--min-score -0.1"),
        ({"first_iou_thr": 2.0}, "--first-iou-thr 2.0"),
        ({"mask_thr": 0.0}, "--mask-thr 0.0"),
        ({"mask_thr": float("nan")}, "--mask-thr nan"),
        ({"sigma": 0.0}, "--sigma 0.0"),
        ({"sigma": float("inf")}, "--sigma inf"),
    ],
)
def test_a_setting_out_of_range_is_named_with_its_value(wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        FusionSettings(**{"method": "wbf", "iou_thr": 0.55} | wrong)


def test_nobody_votes_where_soft_nms_keeps_every_detection_apart() -> None:
    with pytest.raises(ValueError, match=r"--mask best, or --method nms\+soft-nms"):
        FusionSettings("soft-nms", 0.5, mask="vote")
    assert FusionSettings("nms+soft-nms", 0.5, mask="vote").mask == "vote"


def test_absent_sources_are_named_by_group() -> None:
    with pytest.raises(ValueError, match=r"rare 'ignored': expected one of counts, is-left-out"):
        AbsentSources(rare="ignored")  # type: ignore[arg-type]


def test_every_method_has_a_default_threshold() -> None:
    for name, method in METHODS.items():
        settings = FusionSettings(name, method.default_iou_threshold)
        assert settings.fusion_method is method
