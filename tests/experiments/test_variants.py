"""Every shipped variant is a valid configuration of its own."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from support.results.unread import Result
from torch import nn

from ensemble.rows.words import merged_row
from experiments.commands.grid.merges import with_members
from experiments.variants import (
    MERGES,
    REPORTS,
    TABLES,
    VARIANTS,
    alibaba_2020,
    alibaba_2020_r50,
    calibration_2019_cascades,
    eql_2019,
    lvistraveler_2020,
    lvistraveler_2020_r50,
)
from experiments.variants.merge import Merge
from experiments.variants.other_files import WHERE_FROM
from experiments.variants.scale import demo_scale
from longtail.cluster.data_files import find_data_files
from longtail.cluster.nodes.plan import DataFiles, Plan, make_plan
from longtail.cluster.work.preflight import check_buildable
from longtail.config.augmentations import HorizontalFlip, Resize
from longtail.config.classifiers import Calibrated
from longtail.config.roi_stages import BoxStages
from longtail.config.stages import SGD
from longtail.config.variant import Variant
from longtail.data.joining.also_file import AlsoFile
from longtail.data.joining.other_data import require_given
from longtail.data.lvis.annotations import open_annotations
from longtail.data.semantic.maps import SemanticMaps
from longtail.engines.build import build_engine
from longtail.models.category_statistics import CategoryStatistics

TRAININGS = {
    "eql_2019_1": 2,
    "eql_2019_2": 2,
    "eql_2019_3": 4,
    "eql_2019_3_coco": 2,
    "eql_2019_3_coco_ignore": 1,
    "calibration_2019_2": 1,
    "calibration_2019_6": 2,
    "calibration_2019_8": 3,
    "calibration_2019_heads": 3,
    "calibration_2019_5": 2,
    "calibration_2019_7": 2,
    "calibration_2019_11": 1,
    "calibration_2019_11_coco": 1,
    "calibration_2019_11_semantic": 1,
    "eql_2019_4": 2,
    "eql_2019_4_ensemble": 2,
    "eql_2019_4_openimages": 1,
    "calibration_2019_7_ms_dcn": 2,
    "calibration_2019_8_ms_dcn": 3,
    "calibration_2019_9": 4,
    "calibration_2019_9_ensemble": 5,
    "alibaba_2020_1_r50": 5,
    "alibaba_2020_1": 5,
    "alibaba_2020_1_unlabelled": 3,
    "alibaba_2020_1_unlabelled_r50": 3,
    "lvistraveler_2020_1": 7,
    "lvistraveler_2020_2": 5,
    "lvistraveler_2020_2_r50": 5,
    "lvistraveler_2020_hm": 6,
    "heads": 4,
    "alibaba_2020_2": 3,
    "alibaba_2020_2_r50": 3,
    "eql_2019_4_test_time": 1,
    "lvistraveler_2020_test_time": 2,
}
"""Stages that the rows of a table train, each distinct one once."""


@pytest.fixture(scope="module")
def data(toy_set: Path) -> DataFiles:
    found = find_data_files(toy_set / "train.json", toy_set / "val.json", toy_set / "images")
    # A plan looks at the digests of other files and at the values of PNGs, not at the files.
    also = tuple(AlsoFile(name, toy_set, toy_set, digest="1" * 64) for name in WHERE_FROM)
    semantic = SemanticMaps(toy_set / "semantic", digest="0" * 64)
    return replace(found, semantic=semantic, also=also)


def plan_of(table: str, data: DataFiles, demo: bool) -> Plan:
    """Its rows, with random weights at the start: other people's files are not here."""
    rows = {name: VARIANTS[name] for name in with_members(TABLES[table])}
    if demo:
        rows = {name: demo_scale(variant) for name, variant in rows.items()}
    whole = {
        name: variant.replace(detector=variant.detector.without_weights())
        for name, variant in rows.items()
    }
    names = [name for name in TABLES[table] if name in MERGES]
    experts = {of: None for name in names for of in MERGES[name].experts}
    results = [Result(name, digest=name * 8) for name in experts]
    merges = [
        merged_row(name, (*MERGES[name].members, *MERGES[name].experts), MERGES[name].keys(), {})
        for name in names
    ]
    return make_plan(whole, (0,), data, 0, results, merges)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_reloads_equal_from_its_json(name: str) -> None:
    variant = VARIANTS[name]
    assert Variant.model_validate_json(variant.model_dump_json()) == variant


def test_no_two_variants_are_the_same_configuration() -> None:
    fingerprints = {variant.fingerprint() for variant in VARIANTS.values()}
    assert len(fingerprints) == len(VARIANTS)


def test_at_demo_scale_only_a_larger_backbone_and_its_schedule_are_lost() -> None:
    rows: dict[str, list[str]] = {}
    for name, variant in VARIANTS.items():
        rows.setdefault(demo_scale(variant).fingerprint(), []).append(name)
    assert [names for names in rows.values() if len(names) > 1] == [["htc_x101", "htc_x50"]]
    one, other = VARIANTS["htc_x101"], VARIANTS["htc_x50"]
    assert one.override({"backbone.model": "resnext50_32x4d"}) == other


def test_no_two_reports_use_the_same_name() -> None:
    assert len(VARIANTS) == sum(len(report.VARIANTS) for report in REPORTS)
    assert len(TABLES) == sum(len(report.TABLES) for report in REPORTS)
    assert not MERGES.keys() & VARIANTS.keys()


@pytest.mark.parametrize("name", VARIANTS)
def test_demo_scale_keeps_the_techniques(name: str) -> None:
    full, small = VARIANTS[name], demo_scale(VARIANTS[name])
    for stage, shrunk in zip(full.stages, small.stages, strict=True):
        assert shrunk.classifier == stage.classifier
        assert shrunk.sampler.name == stage.sampler.name
        assert shrunk.loss_weights == stage.loss_weights
        assert shrunk.freeze == stage.freeze
        assert shrunk.recreate == stage.recreate
        assert shrunk.schedule.decay == stage.schedule.decay
        assert shrunk.clip_gradient_norm == stage.clip_gradient_norm
    kept = ("score_threshold", "nms_iou", "detections_per_image", "score_adjustment")
    for field in kept:
        assert getattr(small.inference, field) == getattr(full.inference, field)
    assert small.detector.roi_stages == full.detector.roi_stages
    sizes = {"rois_per_image": 64, "channels": 128}
    assert small.detector.box_head == full.detector.box_head.replace(**sizes)
    sizes = {"convolutions": small.detector.mask_head.convolutions, "channels": 32}
    assert small.detector.mask_head == full.detector.mask_head.replace(**sizes)
    assert small.inference.head_merge.rule == full.inference.head_merge.rule
    assert (small.external_data, small.rules) == (full.external_data, full.rules)


def test_the_rows_of_the_eql_report_are_set_as_it_says() -> None:
    """Sections 2 and 4.1: agnostic masks, a box for each category, 800 and flips, no threshold."""
    for name in eql_2019.VARIANTS:
        variant = VARIANTS[name]
        assert not variant.detector.mask_head.class_specific, name
        assert variant.detector.box_head.class_specific_boxes, name
        (stage,) = variant.stages
        assert stage.augmentations == (Resize(short_sides=(800,)), HorizontalFlip()), name
        inference = variant.inference
        assert (inference.short_side, inference.score_threshold) == (800, 0.0), name
        assert inference.detections_per_image == 300, name
    for name in ("eql_tuned_r50", "eql_head_r50", "norcal_r50", "bags_head_r50"):
        variant = VARIANTS[name]
        assert variant.inference.score_threshold == 0.0, name
        assert {stage.augmentations for stage in variant.stages} == {eql_2019.AUGMENTATIONS}, name


def test_the_cascades_of_the_calibration_report_are_set_as_it_says() -> None:
    """Section 2.2 and the public code: agnostic boxes, a tail below 10, 20 epochs at batch 8."""
    for name in calibration_2019_cascades.VARIANTS:
        detector, stage = VARIANTS[name].detector, VARIANTS[name].stages[0]
        assert isinstance(detector.roi_stages, BoxStages), name
        assert detector.roi_stages.positive_ious == (0.5, 0.6, 0.7), name
        assert not detector.roi_stages.class_specific_boxes, name
        epochs = 12 if name == "cascade_x101" else 20
        seen = stage.schedule.iterations * stage.schedule.images_per_step
        assert seen == epochs * 56_740, name
        assert stage.optimizer == SGD(base_lr=0.01), name
    merge = VARIANTS["htc_x101_rhead_cat"].inference.head_merge
    assert (merge.rule, merge.tail_below) == ("cat", 10)
    decay = VARIANTS["htc_x101"].stages[0].schedule.decay
    assert decay.model_dump()["milestones"] == (16 / 20, 19 / 20)


def test_every_stage_of_a_calibrated_cascade_has_a_new_head(data: DataFiles) -> None:
    annotations = open_annotations(data.train)
    statistics = CategoryStatistics.from_table(
        annotations.categories, annotations.num_annotated_images
    )
    variant = VARIANTS["htc_x101_rhead_cat"]
    with torch.device("meta"):
        engine = build_engine(
            demo_scale(variant).detector,
            variant.stages[1].classifier,
            variant.inference,
            statistics,
        )
    learning = {
        name.removeprefix("roi_heads.classifier.").split(".")[0]
        for name, parameter in cast(nn.Module, engine).named_parameters()
        if name.startswith("roi_heads.classifier.") and parameter.requires_grad
    }
    assert learning == {"0", "1", "2"}


def test_the_better_mask_head_is_added_part_by_part() -> None:
    """Equation 1, equations 2-5 and the rest of section 2.2, each on top of those before it."""
    ladder = [VARIANTS[name].detector for name in TABLES["lvistraveler_2020_hm"]]
    parts: list[dict[str, Any]] = [
        {"mask_head.level": "area_and_ratio"},
        {"mask_head.loss": "balanced"},
        {"mask_head.boundary": True},
        {"mask_head.convolutions": 7},
        {"mask_head.pooling": "deformable", "box_head.pooling": "deformable"},
    ]
    variant = VARIANTS["traveler_r50"]
    for part, detector in zip(parts, ladder[1:], strict=True):
        variant = variant.override(part)
        assert variant.detector == detector
    assert VARIANTS["traveler_gs_hm_r50"].detector == ladder[-1]
    (scored,) = VARIANTS["traveler_ms_r50"].stages
    assert scored.loss_weights.mask_iou == 1


def test_the_second_stage_of_the_better_masks_learns_what_the_report_says() -> None:
    """Section 2.2: backbone, neck and proposals are frozen, the masks are not."""
    for name in ("traveler_gs_r50", "traveler_gs_hm_r50"):
        first, second = VARIANTS[name].stages
        assert (first.classifier.name, second.classifier.name) == (
            "equalization",
            "bags",
        )
        assert set(second.freeze) == {"backbone", "neck", "rpn"}
        assert second.recreate == ("classifier",)
        assert first.schedule.iterations * first.schedule.images_per_step == 24 * 99_388


def test_table_1_of_lvistraveler_is_a_ladder() -> None:
    """Each row is the one before with what its column adds, and with the report's schedule."""
    rows = [VARIANTS[name] for name in TABLES["lvistraveler_2020_1"]]
    turned = ["mosaic", "scale_jitter", "rotation", "horizontal_flip"]
    assert [[step.name for step in row.stages[0].augmentations] for row in rows[:2]] == [
        ["scale_jitter", "horizontal_flip"],
        turned,
    ]
    added: list[dict[str, Any]] = [
        {"classifier": "equalization"},
        {"sampler": "repeat_factor"},
        {"roi_stages": "htc"},
    ]
    row = rows[1]
    for change, following in zip(added, rows[2:5], strict=True):
        row = row.override(change)
        assert row == following
    changes: dict[str, Any] = {
        "backbone.model": "resnest101e",
        "backbone.deformable": ["c3", "c4", "c5"],
        "stages.0.augmentations.1": "multi_scale",
        "schedule.iterations": 93_177,
        "schedule.decay.milestones": [0.733, 0.933],
    }
    assert row.override(changes) == rows[5]
    tricks = {"weight_decay": 5e-5, "partners": "repeat_factor"}
    assert rows[5].override(tricks) == rows[6]
    assert rows[6].stages[0].schedule.iterations * 16 == pytest.approx(15 * 99_388, abs=16)


def test_balanced_mosaics_are_in_the_training_of_classifiers_alone() -> None:
    first, *others = VARIANTS["alibaba_mosaic_se154"].stages
    assert first == VARIANTS["alibaba_double_se154"].stages[0]
    for stage in others:
        names = [step.name for step in stage.augmentations]
        assert names == ["balanced_mosaic", "crop", "horizontal_flip", "colour_jitter"]


def test_the_networks_of_the_reports_have_their_parts() -> None:
    alibaba = VARIANTS["alibaba_se154"].detector
    assert alibaba.neck.model_dump()["steps"] == 3 and alibaba.roi_stages.name == "htc"
    assert alibaba.box_head.regression == "convolutional" and alibaba.mask_head.scoring
    weights = VARIANTS["alibaba_se154"].stages[0].loss_weights
    assert (weights.classification, weights.box) == (2, 2)
    challenge = VARIANTS["eql_x101"].detector
    norms = challenge.backbone.model_dump()["norm"], challenge.neck.norm, challenge.mask_head.norm
    assert norms == ("sync", "sync", "sync")


def test_demo_scale_keeps_the_kinds_of_augmentation() -> None:
    for name, variant in VARIANTS.items():
        pairs = zip(variant.stages, demo_scale(variant).stages, strict=True)
        for full, small in pairs:
            kinds = [[step.name for step in stage.augmentations] for stage in (full, small)]
            assert kinds[0] == kinds[1], name
    (mosaic, *_) = demo_scale(VARIANTS["alibaba_mosaic_r50"]).stages[1].augmentations
    sides = mosaic.model_dump()["short_sides"]
    assert (sides[0], sides[5], sides[-1]) == (96, 128, 160)


def test_demo_scale_shortens_every_stage() -> None:
    stages = demo_scale(VARIANTS["alibaba_double_r50"], iterations=100).stages
    assert [stage.schedule.iterations for stage in stages] == [100, 50, 50]
    assert [stage.schedule.warmup_iterations for stage in stages] == [25, 12, 12]
    calibration = demo_scale(VARIANTS["rhead_cat"]).stages[1]
    assert calibration.schedule.warmup_iterations == 0
    assert calibration.sampler.model_dump()["images_per_epoch"] == 100
    shortest = demo_scale(VARIANTS["rhead_cat"], iterations=1).stages
    assert [stage.schedule.iterations for stage in shortest] == [1, 1]


def test_demo_scale_has_a_tail_and_a_head_to_merge() -> None:
    small = demo_scale(VARIANTS["rhead_cat"])
    assert isinstance(small.stages[-1].classifier, Calibrated)
    assert small.inference.head_merge.tail_below == 10
    assert demo_scale(VARIANTS["mrcnn_r50"]).inference.head_merge.tail_below == 100


@pytest.mark.parametrize("demo", [False, True])
@pytest.mark.parametrize("table", TABLES)
def test_rows_of_a_table_share_what_they_can(table: str, demo: bool, data: DataFiles) -> None:
    plan = plan_of(table, data, demo)
    assert [row.name for row in plan.all_rows if row not in plan.results] == [*TABLES[table]]
    assert sum(node.kind == "stage" for node in plan.nodes()) == TRAININGS[table]


@pytest.mark.parametrize("demo", [False, True])
def test_steps_of_test_time_share_ten_views_and_a_baseline(demo: bool, data: DataFiles) -> None:
    plan = plan_of("alibaba_2020_2", data, demo)
    baseline, *steps = plan.rows
    views = {tuple(view.id for view in row.views) for row in steps}
    assert len(views) == 1 and len(*views) == 10
    assert baseline.predictions.id == steps[0].views[0].id
    kinds = Counter(node.kind for node in plan.nodes())
    assert kinds == {"stage": 3, "predictions": 10 + 4, "evaluation": 5}


def test_demo_scale_shrinks_views_in_proportion() -> None:
    scales = [
        demo_scale(VARIANTS[name]).inference.tta.scales  # type: ignore[union-attr]
        for name in ("eql_views_se154", "alibaba_masks_se154")
    ]
    assert [scale.short_side for scale in scales[0]] == [96, 128, 160, 192, 224]
    assert scales[0][1].long_side_cap == 256
    assert scales[1][0].smallest == pytest.approx(64 * 0.16)
    assert scales[1][4].largest == pytest.approx(128 * 0.16)


def test_the_ensembles_are_those_of_the_reports() -> None:
    ensemble = MERGES["ensemble_with_calibration"]
    calibrated = [
        isinstance(VARIANTS[m].stages[-1].classifier, Calibrated) for m in ensemble.members
    ]
    assert calibrated == [True, False, False, False]
    experts = MERGES["rescoring_experts"]
    assert experts.keys() == {"rare_margin": 0.1, "common_margin": 0.05}
    assert (experts.members, experts.experts) == (("eql_x101", "eql_se154"), ("coco", "openimages"))
    halved = Merge(members=("a",), calibrate="half", half_seed=2)
    assert halved.keys() == {"calibrate": "half", "half_seed": 2}


def test_every_rule_of_table_6_predicts_with_one_training(data: DataFiles) -> None:
    plan = plan_of("calibration_2019_6", data, demo=False)
    merged = [row for row in plan.rows if row.name.startswith("rhead")]
    assert len({tuple(node.id for node in row.stages) for row in merged}) == 1
    assert len({row.predictions.id for row in merged}) == len(merged) == 6


@pytest.mark.parametrize("table", TABLES)
def test_every_stage_of_every_row_can_be_built(table: str, data: DataFiles) -> None:
    check_buildable(plan_of(table, data, demo=True), workers=1)


def test_rows_that_use_other_data_say_so_and_name_the_missing_file(data: DataFiles) -> None:
    outside = {name for name, variant in VARIANTS.items() if variant.external_data}
    wanted = dict.fromkeys(TABLES["eql_2019_3_coco"], "coco_r50.pt")
    cascades = (*TABLES["calibration_2019_11_coco"], *TABLES["calibration_2019_11_semantic"])
    wanted |= dict.fromkeys(cascades, "coco_htc_x50.pt")
    wanted |= {"eql_x101": "coco_x101.pt", "eql_se154_openimages": "coco_se154.pt"}
    wanted |= dict.fromkeys(TABLES["eql_2019_4_test_time"], "coco_se154.pt")
    assert outside == {*wanted, "eql_coco_ignore_r50"}
    for name, file in wanted.items():
        with pytest.raises(ValueError, match=re.escape(f"detector.weights {file}: no such file")):
            make_plan({name: VARIANTS[name]}, (0,), data)


def test_rows_that_learn_from_other_files_say_where_they_come_from(data: DataFiles) -> None:
    for name, file in {"eql_coco_ignore_r50": "coco", "eql_se154_openimages": "openimages"}.items():
        (stage,) = VARIANTS[name].stages
        assert stage.files == (file,)
        with pytest.raises(ValueError, match=f"the file {file} is not given; add --also") as told:
            require_given(name, stage, [], WHERE_FROM)
        assert "longtail.data.convert coco" in str(told.value)


def test_the_rules_of_2020_refuse_rows_with_other_data() -> None:
    with pytest.raises(ValueError, match="rules 2020 allow no annotations besides those of LVIS"):
        VARIANTS["eql_coco_r50"].override({"rules": "2020"})
    of_2020 = (alibaba_2020, alibaba_2020_r50, lvistraveler_2020, lvistraveler_2020_r50)
    later = [name for report in of_2020 for name in report.VARIANTS]
    assert {VARIANTS[name].rules for name in later} == {"2020"}


def test_at_demo_scale_averaged_weights_keep_the_share_of_the_start() -> None:
    full = VARIANTS["softmax_r50"].override({"stages.0.ema_decay": 0.9998})
    (stage,), (small,) = full.stages, demo_scale(full, iterations=180).stages
    share = 0.9998**stage.schedule.iterations
    assert small.ema_decay is not None and 0 < small.ema_decay < 0.9998
    assert small.ema_decay**small.schedule.iterations == pytest.approx(share, rel=1e-9)
    assert demo_scale(VARIANTS["softmax_r50"]).stages[0].ema_decay is None
    # As far as a number goes.
    forgetful = demo_scale(full.override({"stages.0.ema_decay": 0.01}), iterations=1)
    assert forgetful.stages[0].ema_decay is not None
