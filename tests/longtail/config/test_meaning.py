"""Fields without effect do not tell variants apart; all others do."""

from typing import Any

import pytest

from experiments.variants import VARIANTS
from longtail.config.meaning import meaning_of, unread
from longtail.config.scores import HeadMerge, LogitAdjustment, NorCal
from longtail.config.stages import ClassThenImage, Schedule, Stage
from longtail.config.variant import Inference, Variant

BASE = VARIANTS["rhead_cat"]
MERGE = "inference.head_merge"


def same(one: dict[str, Any], other: dict[str, Any], base: Variant = BASE) -> bool:
    return meaning_of(base.override(one)) == meaning_of(base.override(other))


@pytest.mark.parametrize(
    ("rule", "field", "value", "has_effect"),
    [
        ("avg", "tail_below", 7, False),
        ("det", "tail_below", 7, False),
        ("only", "tail_below", 7, False),
        ("cat", "tail_below", 7, True),
        ("cat", "threshold", 0.2, False),
        ("cat_thr", "threshold", 0.2, True),
        ("cat_thr", "scale", "original_over_new", False),
        ("cat_scale", "scale", "original_over_new", True),
        ("cat_scale", "scale_images", 7, True),
        ("cat_scale", "threshold", 0.2, False),
    ],
)
def test_a_rule_reads_its_own_fields(rule: str, field: str, value: Any, has_effect: bool) -> None:
    plain = {f"{MERGE}.rule": rule}
    assert same(plain, {**plain, f"{MERGE}.{field}": value}) is not has_effect


def test_an_adjustment_by_nothing_is_none() -> None:
    base = Variant()
    for nothing in (NorCal(gamma=0), LogitAdjustment(tau=0)):
        adjusted = base.replace(inference=Inference(score_adjustment=nothing))
        assert meaning_of(adjusted) == meaning_of(base)
    some = base.replace(inference=Inference(score_adjustment=NorCal(gamma=0.1)))
    assert meaning_of(some) == some


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({"detector.roi_stages": "cascade"}, {"detector.box_head.positive_iou": 0.6}),
        ({"detector.roi_stages": "htc"}, {"detector.box_head.class_specific_boxes": False}),
        ({}, {"detector.box_head.regression_scale": 2.0}),
        ({}, {"stages.0.loss_weights.boundary": 2.0}),
        ({}, {"stages.0.loss_weights.mask_iou": 2.0}),
        ({"roi_stages": "htc"}, {"stages.0.loss_weights.semantic": 2.0}),
        ({}, {"stages.0.loss_weights.image_labels": 2.0}),
    ],
)
def test_heads_read_the_fields_of_what_they_have(
    part: dict[str, Any], field: dict[str, Any]
) -> None:
    assert same(part, {**part, **field}, Variant())


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({}, {"detector.box_head.positive_iou": 0.6}),
        ({"detector.roi_stages": "cascade"}, {"detector.roi_stages.averaged": "probabilities"}),
        (
            {"detector.box_head.regression": "convolutional"},
            {"detector.box_head.regression_scale": 2.0},
        ),
        ({"detector.mask_head.boundary": True}, {"stages.0.loss_weights.boundary": 2.0}),
        ({"detector.mask_head.scoring": True}, {"stages.0.loss_weights.mask_iou": 2.0}),
        (
            {"roi_stages": "htc", "roi_stages.semantic": {}, "external_data": True},
            {"stages.0.loss_weights.semantic": 2.0},
        ),
        (
            {"roi_stages": "htc", "roi_stages.global_context": {}},
            {"stages.0.loss_weights.image_labels": 2.0},
        ),
    ],
)
def test_other_fields_of_heads_count(part: dict[str, Any], field: dict[str, Any]) -> None:
    assert not same(part, {**part, **field}, Variant())


def test_fields_of_what_is_turned_off_have_no_effect() -> None:
    of_all = ClassThenImage(selected_proposals=False, background_per_foreground=3.0)
    no_warmup = Schedule(warmup_iterations=0, warmup_factor=0.5)
    told = Variant(stages=(Stage(sampler=of_all, schedule=no_warmup),))
    plain = Stage(
        sampler=ClassThenImage(selected_proposals=False), schedule=Schedule(warmup_iterations=0)
    )
    assert meaning_of(told) == Variant(stages=(plain,))
    kept = Variant(stages=(Stage(sampler=ClassThenImage(background_per_foreground=3.0)),))
    assert meaning_of(kept) == kept


def test_every_published_variant_means_itself() -> None:
    for name, variant in VARIANTS.items():
        once = meaning_of(variant)
        assert meaning_of(once) == once, name
        assert once.inference.head_merge.rule == variant.inference.head_merge.rule
    assert meaning_of(Variant()).inference.head_merge == HeadMerge()


def test_changes_that_nothing_reads_are_told_by_the_paths_they_were_given_by() -> None:
    changes = {"mask_iou": 3.0, "loss_weights.mask": 2.0, "detector.box_head.positive_iou": 0.6}
    assert unread(Variant().override(changes), changes) == {"mask_iou"}
    cascade = {**changes, "roi_stages": "cascade", "mask_head.scoring": True}
    assert unread(Variant().override(cascade), cascade) == {"detector.box_head.positive_iou"}
