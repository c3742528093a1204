"""Every shipped variant is a valid configuration of its own."""

from pathlib import Path

import pytest

from experiments.variants import REPORTS, TABLES, VARIANTS, eql_2019
from experiments.variants.scale import demo_scale
from longtail.cluster.data_files import find_data_files
from longtail.cluster.nodes.plan import DataFiles, Plan, make_plan
from longtail.cluster.work.preflight import check_buildable
from longtail.config.augmentations import HorizontalFlip, Resize
from longtail.config.classifiers import Calibrated
from longtail.config.variant import Variant

TRAININGS = {
    "eql_2019_1": 2,
    "eql_2019_2": 2,
    "eql_2019_3": 4,
    "eql_2019_3_coco": 2,
    "calibration_2019_2": 1,
    "calibration_2019_6": 2,
    "calibration_2019_8": 3,
    "calibration_2019_heads": 3,
    "alibaba_2020_1": 3,
    "heads": 4,
}
"""Stages that the rows of a table train, each distinct one once."""


@pytest.fixture(scope="module")
def data(toy_set: Path) -> DataFiles:
    return find_data_files(toy_set / "train.json", toy_set / "val.json", toy_set / "images")


def plan_of(table: str, data: DataFiles, demo: bool) -> Plan:
    """Its rows, with random weights at the start: other people's files are not here."""
    rows = {name: VARIANTS[name] for name in TABLES[table]}
    if demo:
        rows = {name: demo_scale(variant) for name, variant in rows.items()}
    whole = {
        name: variant.replace(detector=variant.detector.without_weights())
        for name, variant in rows.items()
    }
    return make_plan(whole, (0,), data, resamples=0)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_reloads_equal_from_its_json(name: str) -> None:
    variant = VARIANTS[name]
    assert Variant.model_validate_json(variant.model_dump_json()) == variant


def test_no_two_variants_are_the_same_configuration() -> None:
    fingerprints = {variant.fingerprint() for variant in VARIANTS.values()}
    small = {demo_scale(variant).fingerprint() for variant in VARIANTS.values()}
    assert len(fingerprints) == len(small) == len(VARIANTS)


def test_no_two_reports_use_the_same_name() -> None:
    assert len(VARIANTS) == sum(len(report.VARIANTS) for report in REPORTS)
    assert len(TABLES) == sum(len(report.TABLES) for report in REPORTS)


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
    kept = ("score_threshold", "nms_iou", "detections_per_image", "score_adjustment")
    for field in kept:
        assert getattr(small.inference, field) == getattr(full.inference, field)
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
    assert len(plan.rows) == len(TABLES[table])
    assert sum(node.kind == "stage" for node in plan.nodes()) == TRAININGS[table]


def test_every_rule_of_table_6_predicts_with_one_training(data: DataFiles) -> None:
    plan = plan_of("calibration_2019_6", data, demo=False)
    merged = [row for row in plan.rows if row.name.startswith("rhead")]
    assert len({tuple(node.id for node in row.stages) for row in merged}) == 1
    assert len({row.predictions.id for row in merged}) == len(merged) == 6


@pytest.mark.parametrize("table", TABLES)
def test_every_stage_of_every_row_can_be_built(table: str, data: DataFiles) -> None:
    check_buildable(plan_of(table, data, demo=True))


def test_rows_that_use_other_data_say_so_and_name_the_missing_file(data: DataFiles) -> None:
    outside = {name for name, variant in VARIANTS.items() if variant.external_data}
    assert outside == set(TABLES["eql_2019_3_coco"])
    for name in outside:
        with pytest.raises(ValueError, match=r"detector\.weights coco_r50\.pt: no such file"):
            make_plan({name: VARIANTS[name]}, (0,), data)


def test_the_rules_of_2020_refuse_rows_with_other_data() -> None:
    with pytest.raises(ValueError, match="rules 2020 allow no annotations besides those of LVIS"):
        VARIANTS["eql_coco_r50"].override({"rules": "2020"})
    assert {VARIANTS[name].rules for name in TABLES["alibaba_2020_1"]} == {"2020"}
