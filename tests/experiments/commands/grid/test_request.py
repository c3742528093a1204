"""Rows that the command line asks for."""

from pathlib import Path
from typing import Any

import pytest
from support.commands.run_requests import run_request
from support.pictures.class_maps import paint_maps

from experiments.commands.grid.request import GridRequest
from experiments.variants import VARIANTS
from experiments.variants.scale import demo_scale
from longtail.data.lvis.annotations import open_annotations
from longtail.problems import BadInputError


def request(toy_set: Path, runs: Path, semantic: Path | None = None, **changes: Any) -> GridRequest:
    options: dict[str, Any] = {
        "variants": (),
        "table": None,
        "assignments": (),
        "seeds": (0,),
        "baseline": None,
    }
    run = run_request(toy_set, runs, semantic=semantic)
    return GridRequest(run, **{**options, **changes})


def test_a_variant_can_be_asked_for_twice(toy_set: Path, tmp_path: Path) -> None:
    plan = request(
        toy_set,
        tmp_path,
        variants=("softmax_r50", "second=softmax_r50"),
        assignments=("second:engine=detectron2",),
    ).plan()
    first, second = plan.rows
    assert (first.name, second.name) == ("softmax_r50", "second")
    assert first.variant == demo_scale(VARIANTS["softmax_r50"])
    assert second.variant == first.variant.override({"engine": "detectron2"})
    assert len(plan.nodes()) == 6


def test_two_rows_of_one_variant_must_differ(toy_set: Path, tmp_path: Path) -> None:
    rows = ("softmax_r50", "second=softmax_r50")
    with pytest.raises(ValueError, match="softmax_r50 and second are the same configuration"):
        request(toy_set, tmp_path, variants=rows).plan()


@pytest.mark.parametrize(
    ("variants", "message"),
    [
        (("a=nope",), "--variants a=nope: 'nope' is unknown; there are softmax_r50"),
        (("eql_r50", "eql_r50"), "there is a row eql_r50; name this one, as r2=eql_r50"),
        (("a=eql_r50", "a=softmax_r50"), "there is a row a; name this one, as r2=softmax_r50"),
        (("../a=eql_r50",), "name the row with letters, digits and _ . - alone"),
        (("a b=eql_r50",), "name the row with letters, digits and _ . - alone"),
    ],
)
def test_rows_that_cannot_be_told_apart_are_refused(
    variants: tuple[str, ...], message: str, toy_set: Path, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message.replace(".", r"\.")):
        request(toy_set, tmp_path, variants=variants).plan()


def test_a_change_that_a_row_does_not_read_leaves_its_nodes_their_names(
    toy_set: Path, tmp_path: Path
) -> None:
    rows = ("plain=softmax_r50", "sharp=softmax_r50")
    changes = ("sharp:mask_head.boundary=true", "loss_weights.boundary=2")
    plan = request(toy_set, tmp_path, variants=rows, assignments=changes).plan()
    alone = request(toy_set, tmp_path, variants=("plain=softmax_r50",)).plan()
    assert plan.rows[0].evaluation.id == alone.rows[0].evaluation.id
    assert plan.rows[1].variant.stages[0].loss_weights.boundary == 2


def test_a_change_that_no_row_reads_is_refused(toy_set: Path, tmp_path: Path) -> None:
    rows = ("softmax_r50", "eql_r50")
    with pytest.raises(ValueError, match=r"--set loss_weights.boundary: nothing reads .* eql_r50"):
        request(toy_set, tmp_path, variants=rows, assignments=("loss_weights.boundary=2",)).plan()


def test_seeds_are_not_set_by_path(toy_set: Path, tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match="the seeds of all rows are those of --seeds; give --seeds 3"
    ):
        request(toy_set, tmp_path, variants=("eql_r50",), assignments=("seed=3",)).plan()


def test_the_baseline_is_a_row(toy_set: Path, tmp_path: Path) -> None:
    rows = ("softmax_r50", "other=eql_r50")
    asked = request(toy_set, tmp_path, variants=rows, baseline="other")
    assert asked.baseline_of(asked.plan()) == "other"
    with pytest.raises(ValueError, match="--baseline eql_r50: none of the rows softmax_r50, other"):
        request(toy_set, tmp_path, variants=rows, baseline="eql_r50").plan()


def test_a_change_that_one_row_cannot_take_names_the_row(toy_set: Path, tmp_path: Path) -> None:
    rows = ("softmax_r50", "eql_r50")
    adjusted = ("inference.score_adjustment=norcal",)
    with pytest.raises(ValueError, match=r"row eql_r50: .*\n.*norcal needs a softmax over"):
        request(toy_set, tmp_path, variants=rows, assignments=adjusted).plan()
    own = ("softmax_r50:inference.score_adjustment=norcal",)
    plan = request(toy_set, tmp_path, variants=rows, assignments=own).plan()
    assert [row.variant.inference.score_adjustment.name for row in plan.rows] == ["norcal", "none"]


def test_a_file_is_a_row_that_is_not_rescaled(toy_set: Path, tmp_path: Path) -> None:
    variant = VARIANTS["softmax_r50"].override({"stages.0.schedule.iterations": 77_000})
    file = tmp_path / "sweep" / "best.json"
    file.parent.mkdir()
    file.write_text(variant.model_dump_json())
    asked = request(
        toy_set,
        tmp_path,
        variants=(f"found={file}", "softmax_r50", str(file)),
        assignments=("best:nms_iou=0.6",),
        seeds=(0, 1),
    )
    with pytest.raises(ValueError, match="row best: nms_iou: several paths end so"):
        asked.plan()
    asked.assignments = ("best:inference.nms_iou=0.6",)
    rows = {row.name: row.variant for row in asked.plan().rows}
    assert rows["found seed 0"] == variant
    assert rows["found seed 1"] == variant.replace(seed=1)
    assert rows["softmax_r50 seed 0"] == demo_scale(VARIANTS["softmax_r50"])
    assert rows["best seed 0"].inference.nms_iou == 0.6
    assert asked.settings().name == "found, softmax_r50, best"


def test_a_file_that_is_not_there_is_bad_input(toy_set: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"no\.json: no such file; a sweep leaves"):
        request(toy_set, tmp_path, variants=("a=no.json",)).plan()


def test_rows_of_a_report_come_with_what_it_claims(toy_set: Path, tmp_path: Path) -> None:
    whole = request(toy_set, tmp_path, table="calibration_2019_8").reported()
    assert whole["rhead_cat"]["AP"] == 0.213
    named = request(toy_set, tmp_path, variants=("eql_r50", "sigmoid_r50=softmax_r50", "heads"))
    assert list(named.reported()) == ["eql_r50"]
    assert request(toy_set, tmp_path).reported()["eql_rfs_r50"]["APr"] == 0.153


HTC = ("roi_stages=htc", 'roi_stages.semantic={"num_categories":5}', "external_data=true")


def test_a_semantic_branch_needs_the_folder_of_its_pngs(toy_set: Path, tmp_path: Path) -> None:
    maps = paint_maps(open_annotations(toy_set / "train.json"), tmp_path / "maps")
    rows: dict[str, Any] = {"variants": ("softmax_r50",), "assignments": HTC}
    with pytest.raises(ValueError, match=r"--semantic: softmax_r50 has detector\.roi_stages\.sem"):
        request(toy_set, tmp_path, **rows).plan()
    (row,) = request(toy_set, tmp_path, maps, **rows).plan().rows
    assert len(row.stages[0].inputs["semantic"]) == 64
    with pytest.raises(ValueError, match=r"--semantic .*maps: nothing learns from it; leave it"):
        request(toy_set, tmp_path, maps, variants=("softmax_r50",)).plan()


def test_a_png_that_is_not_there_is_refused_with_its_image(toy_set: Path, tmp_path: Path) -> None:
    maps = paint_maps(open_annotations(toy_set / "train.json"), tmp_path / "maps")
    min(maps.rglob("*.png")).unlink()
    rows: dict[str, Any] = {"variants": ("softmax_r50",), "assignments": HTC}
    with pytest.raises(BadInputError, match=r"(?s)--semantic: no PNG of classes under .*image \d"):
        request(toy_set, tmp_path, maps, **rows).plan()
