"""Rows of a table that lack what they need."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.commands.run_requests import run_request
from support.pictures.class_maps import paint_maps

from experiments.commands.grid import request as requests
from experiments.commands.grid.left_out import missing_inputs, print_left_out
from experiments.commands.grid.request import GridRequest
from longtail.cluster.nodes.plan import DataFiles
from longtail.config.detector import Detector, Timm
from longtail.config.roi_stages import HybridTaskCascade, SemanticBranch
from longtail.config.variant import Variant
from longtail.data.lvis.annotations import open_annotations
from longtail.data.semantic.maps import SemanticMaps

DATA = DataFiles(Path("train.json"), Path("val.json"), Path("images"), "a" * 64, "b" * 64)
BASE = Variant()
TABLE = ("htc_x50", "htc_x50_coco", "htc_x50_semantic")
COCO = "htc_x50_coco:detector.weights"
SEMANTIC = "htc_x50_semantic:detector.weights"


@pytest.fixture(autouse=True)
def mixed_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A table of which one row needs nothing, and a folder without weights."""
    tables = {"mixed": TABLE, "outside": TABLE[1:]}
    monkeypatch.setattr(requests, "TABLES", tables)
    monkeypatch.chdir(tmp_path)


def request(toy_set: Path, tmp_path: Path, table: str = "mixed", **changes: Any) -> GridRequest:
    semantic = changes.pop("semantic", None)
    options: dict[str, Any] = {"variants": (), "assignments": (), "seeds": (0,), "baseline": None}
    run = run_request(toy_set, tmp_path / "runs", semantic=semantic)
    return GridRequest(run, **{**options, "table": table, **changes})


def weights(tmp_path: Path) -> str:
    file = tmp_path / "own.pt"
    file.write_bytes(b"weights")
    return str(file)


def test_rows_whose_weights_are_not_there_are_left_out(toy_set: Path, tmp_path: Path) -> None:
    asked = request(toy_set, tmp_path)
    assert [row.name for row in asked.plan().rows] == ["htc_x50"]
    assert list(asked.left_out) == ["htc_x50_coco", "htc_x50_semantic"]
    coco = asked.left_out["htc_x50_coco"]
    assert "detector.weights coco_htc_x50.pt, which is not there" in coco
    assert "--set htc_x50_coco:detector.weights=FILE" in coco and "--semantic" not in coco
    assert "name their folder with --semantic DIR" in asked.left_out["htc_x50_semantic"]


def test_what_is_given_lets_a_row_run(toy_set: Path, tmp_path: Path) -> None:
    file = weights(tmp_path)
    changes = (f"{COCO}={file}", f"{SEMANTIC}={file}")
    asked = request(toy_set, tmp_path, assignments=changes)
    assert [row.name for row in asked.plan().rows] == ["htc_x50", "htc_x50_coco"]
    (left,) = asked.left_out.values()
    assert left.startswith("PNGs of classes") and "weights" not in left
    # COCO's classes are 183, the painted ones 5: any number of them will do.
    maps = paint_maps(open_annotations(toy_set / "train.json"), tmp_path / "maps")
    asked = request(toy_set, tmp_path, assignments=changes, semantic=maps)
    assert len(asked.plan().rows) == 3 and asked.left_out == {}


def test_a_file_that_the_command_line_names_must_be_there(toy_set: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"detector\.weights /typo\.pt: no such file"):
        request(toy_set, tmp_path, assignments=(f"{COCO}=/typo.pt",)).plan()


def test_a_table_of_which_no_row_can_run_is_an_error(toy_set: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no row of the table can run: htc_x50_coco needs") as at:
        request(toy_set, tmp_path, "outside").plan()
    assert "htc_x50_semantic needs detector.weights" in str(at.value)


def test_a_baseline_that_is_left_out_is_an_error(toy_set: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"--baseline htc_x50_coco: needs detector\.weights"):
        request(toy_set, tmp_path, baseline="htc_x50_coco").plan()


def test_a_row_that_was_named_is_an_error(toy_set: Path, tmp_path: Path) -> None:
    rows = ("htc_x50", "htc_x50_coco")
    with pytest.raises(ValueError, match=r"coco_htc_x50\.pt: no such file"):
        request(toy_set, tmp_path, table=None, variants=rows).plan()


def test_every_row_that_is_not_run_has_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_left_out({"a": "detector.weights [x].pt", "b": "PNGs"})
    assert capsys.readouterr().out.splitlines() == [
        "not run a",
        "  needs detector.weights [x].pt",
        "not run b",
        "  needs PNGs",
    ]


def test_rows_whose_other_files_are_not_given_are_left_out(
    toy_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "TABLES", {"mixed": ("sigmoid_r50", "eql_coco_ignore_r50")})
    asked = request(toy_set, tmp_path)
    assert [row.name for row in asked.plan().rows] == ["sigmoid_r50"]
    (left,) = asked.left_out.values()
    assert left.startswith("the file coco of stages.0.ignore: add --also coco=FILE, where FILE is")


def test_a_merge_of_a_row_that_is_left_out_is_left_out_with_it(
    toy_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = ("htc_x50", "htc_r101_ms_dcn", "htc_x50_coco")
    monkeypatch.setattr(requests, "TABLES", {"mixed": table})
    merges = ("both=htc_x50+htc_r101_ms_dcn", "lacking=htc_x50+htc_x50_coco")
    asked = request(toy_set, tmp_path, merges=merges)
    assert [row.name for row in asked.plan().all_rows] == ["htc_x50", "htc_r101_ms_dcn", "both"]
    assert asked.left_out["lacking"] == "row htc_x50_coco, which is not run"


def test_what_a_row_lacks_is_named_with_its_option(tmp_path: Path) -> None:
    assert missing_inputs("a", BASE, DATA) == []
    weights = tmp_path / "w.pt"
    backbone = Timm(weights=str(tmp_path / "imagenet.pt"))
    detector = Detector(weights=str(weights), backbone=backbone)
    variant = BASE.replace(detector=detector, external_data=True)
    of_backbone, of_detector = missing_inputs("a", variant, DATA)
    assert "imagenet.pt, which is not there: a state dict of timm's model" in of_backbone
    assert "--set a:detector.backbone.weights=FILE" in of_backbone
    assert "--set a:detector.weights=FILE" in of_detector
    weights.touch()
    assert missing_inputs("a", variant, DATA) == [of_backbone]
    semantic = variant.replace(
        detector=Detector(roi_stages=HybridTaskCascade(semantic=SemanticBranch()))
    )
    (of_maps,) = missing_inputs("a", semantic, DATA)
    assert "--semantic DIR" in of_maps
    maps = SemanticMaps(tmp_path, "c" * 64)
    assert missing_inputs("a", semantic, replace(DATA, semantic=maps)) == []
