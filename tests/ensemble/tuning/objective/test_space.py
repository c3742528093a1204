"""The space of a search: what varies, where it starts, and the merge a point stands for."""

from typing import Any

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from support.commands.default_options import default_options

from ensemble.sources.spec import parse_sources
from ensemble.tune import WORDS
from ensemble.tuning.objective.space import Space

METHODS = ("nms", "soft-nms", "wbf")
PREDS = ["a=a.json", "b=b.json,weight=3,valid_area=32:", "c=c.json"]


def space_of(*searched: str, preds: list[str] = PREDS, **options: Any) -> Space:
    every = {**default_options(), **options}
    specs = parse_sources(preds)
    return Space(every, specs, frozenset(searched), METHODS, ("none", "platt"))


def test_names_are_those_that_are_searched() -> None:
    assert set(space_of("method").distributions()) == {"method"}
    assert set(space_of("iou", "margins").distributions()) == {"iou_thr"}
    assert set(space_of("weights").distributions()) == {"weight.b", "weight.c"}
    assert set(space_of("areas", preds=PREDS[:1]).distributions()) == {"low.a", "high.a"}
    assert set(space_of("margins").distributions()) == set()


def test_sigma_and_the_first_threshold_vary_where_a_method_uses_them() -> None:
    assert set(space_of("iou", "sigma").distributions()) == {"iou_thr"}
    soft = space_of("iou", "sigma", method="nms+soft-nms").distributions()
    assert set(soft) == {"first_iou_thr", "sigma"}
    linear = space_of("iou", "sigma", method="nms+soft-nms", soft_nms="linear").distributions()
    assert set(linear) == {"iou_thr", "first_iou_thr"}
    assert "sigma" in space_of("method", "sigma").distributions()


def test_the_start_is_the_command_line_and_lies_in_the_space() -> None:
    space = space_of(*WORDS, sigma=7.0)
    start = space.start()
    assert set(start) == set(space.distributions())
    assert (start["method"], start["calibration"], start["iou_thr"]) == ("wbf", "none", 0.55)
    assert (start["weight.b"], start["low.b"], start["high.b"]) == (3.0, "32", "")
    assert start["sigma"] == 1.0
    for name, area in space.distributions().items():
        assert isinstance(area, CategoricalDistribution | FloatDistribution)
        assert area._contains(area.to_internal_repr(start[name]))


def test_the_first_points_change_one_choice_of_the_start_each() -> None:
    space = space_of(*WORDS)
    start, *others = space.first_points()
    assert start == space.start()
    changed = [{k: v for k, v in point.items() if v != start[k]} for point in others]
    assert changed == [
        *({"method": "nms"}, {"method": "soft-nms"}, {"calibration": "platt"}),
        *({"match": "mask"}, {"mask": "best"}),
    ]
    assert space_of("iou").first_points() == [{"iou_thr": 0.55}]


def test_a_point_becomes_options_and_sources() -> None:
    space = space_of(*WORDS)
    point = {**space.start(), "method": "soft-nms", "sigma": 0.3, "iou_thr": 0.4}
    point |= {"weight.c": 0.5, "low.a": "16", "high.a": "256"}
    fusion = space.settings_at(point).fusion
    assert (fusion.method, fusion.sigma, fusion.iou_thr, fusion.mask) == (
        "soft-nms",
        0.3,
        0.4,
        "best",
    )
    a, _, c = space.specs_at(point)
    assert (str(a.valid_area), a.weight, c.weight) == ("16:256", 1.0, 0.5)


def test_weights_are_relative_to_the_first_source() -> None:
    space = space_of("weights", preds=["a=a.json,weight=2", "b=b.json,weight=6"])
    start = space.start()
    assert start == {"weight.b": 3.0}
    assert [spec.weight for spec in space.specs_at(start)] == [2.0, 6.0]


def test_what_is_not_searched_stays() -> None:
    space = space_of("weights", iou_thr=0.61, method="nms")
    point = space.start()
    assert space.settings_at(point).fusion.iou_thr == 0.61
    assert str(space.specs_at(point)[1].valid_area) == "32:"
    assert space.calibration_at(point) == "none"


def test_an_empty_range_of_sizes_is_an_error() -> None:
    space = space_of("areas", preds=PREDS[:1])
    with pytest.raises(ValueError, match="low < high"):
        space.specs_at({"low.a": "96", "high.a": "32"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"calibration": "x.json"}, "fits its own"),
        ({"mask": "vote"}, "--mask vote with --method soft-nms"),
        ({"sigma": -1.0}, "--sigma"),
    ],
)
def test_options_that_a_search_cannot_use_are_refused(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        space_of("method", "iou", "sigma", **options).check()


def test_masks_are_of_scales_where_all_scales_are_known() -> None:
    assert mask_choices(space_of("mask")) == ("best", "vote")
    scaled = [f"{name}={name}.json,scale=800" for name in "ab"]
    assert mask_choices(space_of("mask", preds=scaled)) == ("best", "vote", "scale")


def mask_choices(space: Space) -> tuple[Any, ...]:
    area = space.distributions()["mask"]
    assert isinstance(area, CategoricalDistribution)
    return area.choices


def test_a_vote_of_soft_nms_is_the_mask_of_its_only_member() -> None:
    space = space_of("method", "mask", mask="vote")
    space.check()
    point = {"method": "soft-nms", "mask": "vote"}
    assert space.settings_at(point).fusion.mask == "best"
    assert space.settings_at(point | {"method": "nms"}).fusion.mask == "vote"


def test_masks_may_be_compared_where_match_is_searched_or_asked_for() -> None:
    assert not space_of("mask").may_compare_masks
    assert space_of("match").may_compare_masks
    assert space_of("iou", match="mask").may_compare_masks
    assert space_of("match").settings_at({"match": "mask"}).fusion.match == "mask"
