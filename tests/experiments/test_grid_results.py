"""Grids of finished results: evaluated in this process, without Ray and without a training."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.commands.in_process import exit_code
from support.commands.run_records import mlflow_client, mlflow_runs
from support.on_ray.shared_folder import made_once
from support.results.made_up import write_result

from experiments.grid import main
from longtail.commands import ExitCode
from longtail.evaluation.lvis import evaluate
from longtail.results import table

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def compared(toy_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three result files, and the runs folder of a grid of them."""

    def run(folder: Path) -> None:
        val = toy_set / "val.json"
        write_result(folder / "a.json", val, 1)
        write_result(folder / "b.json", val, 2)
        write_result(folder / "boxes.json", val, 3, boxes_only=True)
        assert exit_code(main, *words(folder, val), "--csv", str(folder / "t.csv")) == 0

    return made_once(tmp_path_factory, "compared", run)


def words(folder: Path, val: Path) -> list[str]:
    names = ("a", "b", "boxes")
    preds = [word for name in names for word in ("--pred", f"{name}={folder / name}.json")]
    return [*preds, "--val", str(val), "--runs", str(folder / "runs"), "--resamples", "50"]


def grid_of(folder: Path) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads((folder / "runs/grids/a_b_boxes/table.json").read_text())
    return tree


def test_rows_are_what_evaluation_says_of_the_same_files(compared: Path, toy_set: Path) -> None:
    rows = grid_of(compared)["rows"]
    for name, row in rows.items():
        found = evaluate(toy_set / "val.json", compared / f"{name}.json")
        assert {key: row[key] for key in ("AP", "APr", "APf")} == {
            key: found.segm[key] for key in ("AP", "APr", "APf")
        }
        assert row["AP_box"] == found.box["AP"]
    assert rows["boxes"]["AP"] == -1 < rows["boxes"]["AP_box"]


def test_results_are_compared_with_the_first_and_boxes_by_boxes(compared: Path) -> None:
    tree = grid_of(compared)
    kinds = [(of["row"], of["baseline"], of["kind"]) for of in tree["differences"]]
    assert kinds == [("b", "a", "segm"), ("boxes", "a", "box")]
    gain = tree["differences"][0]["comparison"]["metrics"]["AP"]["difference"]
    assert gain == pytest.approx(tree["rows"]["b"]["AP"] - tree["rows"]["a"]["AP"])


def test_mlflow_has_results_under_the_names_of_rows(compared: Path) -> None:
    runs = mlflow_runs(compared / "runs", "tags.`longtail.kind` = 'evaluation'")
    rows = grid_of(compared)["rows"]
    assert {run.info.run_name for run in runs} == {*rows}
    client = mlflow_client(compared / "runs")
    for run in runs:
        row = rows[run.info.run_name]
        assert run.data.tags["longtail.row"] == "result"
        assert run.data.metrics["val_box/AP"] == round(100 * row["AP_box"], 2)
        assert run.data.metrics.get("val/AP", -100) == round(100 * row["AP"], 2)
        files = {item.path for item in client.list_artifacts(run.info.run_id)}
        assert {"evaluation.json", "diagnosis.json", "per_category.csv"} <= files


def test_the_data_frame_has_results_without_configuration(compared: Path) -> None:
    found = table(compared / "runs", "a_b_boxes")
    assert list(found.index) == ["a", "b", "boxes"]
    assert found.AP["a"] == pytest.approx(100 * grid_of(compared)["rows"]["a"]["AP"])
    assert found.AP.isna()["boxes"]


def test_a_report_is_left_beside_the_table_and_in_mlflow(
    compared: Path, toy_set: Path, with_reports: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(main, *words(compared, toy_set / "val.json")) == 0
    page = compared / "runs/grids/a_b_boxes/report.html"
    assert capsys.readouterr().out.splitlines()[-1] == f"report {page}"
    for row in grid_of(compared)["rows"].values():
        assert f"{100 * row['AP_box']:.2f}" in page.read_text()
    client = mlflow_client(compared / "runs")
    (parent,) = mlflow_runs(compared / "runs", "tags.`longtail.kind` = 'grid'")
    assert "report.html" in {item.path for item in client.list_artifacts(parent.info.run_id)}
    before = page.stat().st_mtime_ns
    assert exit_code(main, *words(compared, toy_set / "val.json")) == 0
    assert page.stat().st_mtime_ns == before


def test_links_lead_to_a_store_that_outlives_the_file(compared: Path, toy_set: Path) -> None:
    store = compared / "runs/grids/a_b_boxes/a/predictions"
    found = evaluate(toy_set / "val.json", store)
    assert found.segm["AP"] == grid_of(compared)["rows"]["a"]["AP"]
    assert not (store.parent / "training").exists()


def test_the_same_command_again_does_nothing_and_changed_content_is_evaluated(
    compared: Path, toy_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(compared, tmp_path / "copy", symlinks=True)
    val, folder = toy_set / "val.json", tmp_path / "copy"
    assert exit_code(main, *words(folder, val)) == 0
    said = capsys.readouterr()
    assert said.out.count("found finished") == 3 and "evaluating" not in said.err
    write_result(folder / "b.json", val, 4)
    assert exit_code(main, *words(folder, val)) == 0
    said = capsys.readouterr()
    assert said.err.splitlines() == ["reading b", "evaluating b"]
    assert grid_of(folder)["rows"]["a"] == grid_of(compared)["rows"]["a"]


def test_exhaustive_labels_are_judged_as_such(
    compared: Path, toy_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = json.loads((toy_set / "val.json").read_text())
    for image in tree["images"]:
        del image["neg_category_ids"], image["not_exhaustive_category_ids"]
    val = tmp_path / "val.json"
    val.write_text(json.dumps(tree))
    asked = ["--val", str(val), "--runs", str(tmp_path / "runs"), "--resamples", "0"]
    asked += ["--pred", f"a={compared / 'a.json'}"]
    assert exit_code(main, *asked) == ExitCode.BAD_INPUT
    assert "neg_category_ids" in capsys.readouterr().err
    assert exit_code(main, *asked, "--exhaustive") == ExitCode.DONE
    assert "--exhaustive" in capsys.readouterr().out
    found = evaluate(val, compared / "a.json", exhaustive=True)
    evaluation = tmp_path / "runs/grids/a/a/evaluation/evaluation.json"
    kept = json.loads(evaluation.read_text())
    assert kept["segm"] == found.segm
    assert kept["counts"]["judged_masks"] == kept["counts"]["detections"]


Spoil = Callable[[list[dict[str, Any]]], object]
FAULTS: dict[str, tuple[Spoil, str]] = {
    "image": (lambda records: records[0].update(image_id=999), "image_id"),
    "category": (lambda records: records[0].update(category_id=999), "category_id"),
    "mask": (
        lambda records: records[0].update(segmentation={"size": [64, 64], "counts": "0"}),
        "segmentation",
    ),
    "score": (lambda records: records[0].update(score=87.5), "max_score"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("also", [(), ("--dry-run",)])
def test_a_faulty_result_ends_the_command_before_anything_is_trained(
    fault: str,
    also: tuple[str, ...],
    toy_set: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spoil, field = FAULTS[fault]
    path = write_result(tmp_path / "a.json", toy_set / "val.json", 1)
    records = json.loads(path.read_text())
    spoil(records)
    path.write_text(json.dumps(records))
    files = [f"--{name}={toy_set / name}.json" for name in ("train", "val")]
    where = [f"--images={toy_set / 'images'}", f"--runs={tmp_path / 'runs'}", "--scale=demo"]
    asked = ["--variants=sigmoid_r50", f"--pred=a={path}", *files, *where, *also]
    assert exit_code(main, *asked) == ExitCode.BAD_INPUT
    said = capsys.readouterr().err
    assert f"{path}" in said and field in said
    assert not list(tmp_path.glob("runs/nodes/stage-*"))


def test_a_dry_run_shows_results_and_keeps_nothing(
    compared: Path, toy_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b", "boxes"):
        shutil.copy(compared / f"{name}.json", tmp_path)
    assert exit_code(main, *words(tmp_path, toy_set / "val.json"), "--dry-run") == 0
    printed = capsys.readouterr().out
    assert "3 rows, 6 nodes (0 shared), 6 to run" in printed
    assert printed.count("import") == 3
    assert not (tmp_path / "runs/nodes").exists()
