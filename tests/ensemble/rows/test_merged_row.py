"""Merges among the rows of a grid of finished results: made in this process, without Ray."""

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from support.commands.in_process import exit_code
from support.commands.run_records import mlflow_runs
from support.on_ray.shared_folder import made_once
from support.results.made_up import write_result

from dashboards.sources.grid import read_grid
from ensemble.calibrate import main as calibrate
from ensemble.convert import main as convert
from ensemble.merge import main as merge
from ensemble.rows import merged_row
from ensemble.select import main as select
from ensemble.tuning.split import split_images, write_annotations
from experiments.grid import main
from longtail.commands import ExitCode
from longtail.data.synthetic.dataset import Parameters, write_dataset
from longtail.evaluation.lvis import evaluate
from longtail.results import table

pytestmark = pytest.mark.slow

SEED = 3
GRID = "a_b_boxes_all_halved"
MERGES = {
    "all": "a+b+boxes,rare_margin=0.2",
    "halved": f"a+b,method=nms,calibrate=half,half_seed={SEED},calibration_kind=temperature",
}


@pytest.fixture(scope="session")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with annotations, three results, and the runs folder of a grid that merges them."""

    def run(folder: Path) -> None:
        write_dataset(folder / "set", Parameters(16, 64, 0, categories=6, size=64, seed=0))
        shutil.copy(folder / "set" / "val.json", folder / "val.json")
        for seed, name in enumerate(("a", "b", "boxes")):
            boxes_only = name == "boxes"
            write_result(folder / f"{name}.json", folder / "val.json", seed, boxes_only=boxes_only)
        assert exit_code(main, *words(folder)) == 0

    return made_once(tmp_path_factory, "merged", run)


def words(folder: Path, **merges: str) -> list[str]:
    asked = merges or MERGES
    preds = [f"--pred={name}={folder / name}.json" for name in ("a", "b", "boxes")]
    rows = [f"--merge={name}={word}" for name, word in asked.items()]
    return [*preds, *rows, f"--val={folder}/val.json", f"--runs={folder}/runs", "--resamples=50"]


def table_of(folder: Path, grid: str = GRID) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads((folder / "runs/grids" / grid / "table.json").read_text())
    return tree


def node_of(folder: Path, row: str, kind: str = "predictions", grid: str = GRID) -> Path:
    link = (folder / "runs/grids" / grid / row / kind).resolve()
    return link.parent if kind == "predictions" else link


def bytes_of(store: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(store.iterdir())}


def test_a_row_is_what_the_command_makes_of_its_members(merged: Path, tmp_path: Path) -> None:
    preds = [f"--pred={of}={node_of(merged, of)}/predictions" for of in ("a", "b", "boxes")]
    where = f"--ann={merged}/val.json", f"--out={tmp_path}/out", "--rare-margin=0.2"
    assert exit_code(merge, *preds, *where, "--no-steps", "--resamples=0", "--no-report") == 0
    assert bytes_of(tmp_path / "out/merged") == bytes_of(node_of(merged, "all") / "predictions")
    tree = json.loads((tmp_path / "out/evaluation.json").read_text())
    row = table_of(merged)["rows"]["all"]
    assert row["AP"] == tree["steps"]["merged"]["segm"]["AP"] > table_of(merged)["rows"]["a"]["AP"]
    stats = json.loads((node_of(merged, "all") / "stats.json").read_text())
    expected = json.loads((tmp_path / "out/stats.json").read_text())
    assert stats["stages"] == expected["stages"]


def halves(folder: Path) -> tuple[set[int], set[int]]:
    tree = json.loads((folder / "val.json").read_text())
    ids = np.array(sorted(image["id"] for image in tree["images"]))
    first, second = split_images(ids, SEED)
    return set(first.tolist()), set(second.tolist())


def records_of(path: Path, images: set[int], out: Path) -> Path:
    records = [of for of in json.loads(path.read_text()) if of["image_id"] in images]
    out.write_text(json.dumps(records))
    return out


def test_maps_are_fitted_on_the_stated_half_and_ap_of_the_other_stands_beside_the_row(
    merged: Path, tmp_path: Path
) -> None:
    first, second = halves(merged)
    for name in ("a", "b"):
        records_of(merged / f"{name}.json", first, tmp_path / f"{name}.json")
    ann = write_annotations(merged / "val.json", sorted(first), tmp_path / "half.json")
    preds = [f"--pred={name}={tmp_path / name}.json" for name in ("a", "b")]
    fit = "fit", *preds, f"--ann={ann}", f"--out={tmp_path}/maps.json", "--kind=temperature"
    assert exit_code(calibrate, *fit) == 0
    found, expected = (
        msgspec.json.decode(path.read_bytes())["calibration"]["sources"]
        for path in (node_of(merged, "halved") / "calibration.json", tmp_path / "maps.json")
    )
    assert found == expected and any(of["maps"] for of in found.values())

    fitted = table_of(merged)["rows"]["halved"]["fitted"]
    assert (fitted["half_seed"], fitted["images"]) == (SEED, len(first))
    store, whole = node_of(merged, "halved") / "predictions", tmp_path / "whole.json"
    export = str(store), f"--ann={merged}/val.json", "--to=json", f"--out={whole}"
    assert exit_code(convert, *export) == 0
    rest = records_of(whole, second, tmp_path / "rest.json")
    other = write_annotations(merged / "val.json", sorted(second), tmp_path / "other.json")
    assert fitted["other_half"]["AP"] == evaluate(other, rest).segm["AP"]
    assert "fitted" not in table_of(merged)["rows"]["all"]


def test_the_grid_and_its_report_say_which_half_flatters(
    merged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(main, *words(merged)) == 0
    said = capsys.readouterr()
    other = table_of(merged)["rows"]["halved"]["fitted"]["other_half"]["AP"]
    assert (
        f"half_seed {SEED}), so that its row flatters; on the other half AP {100 * other:.2f}"
        in (said.out)
    )
    assert said.out.count("found finished") == 5 and "merging" not in said.err
    found = read_grid(merged / "runs/grids" / GRID)
    assert f"on the others AP is {100 * other:.2f}" in "".join(found.warnings)
    kinds = {row.name: row.kind for row in found.rows}
    results = dict.fromkeys(("a", "b", "boxes"), "result")
    assert kinds == {**results, "all": "merge", "halved": "merge"}


def test_mlflow_and_the_table_have_merges_as_rows(merged: Path) -> None:
    runs = {
        run.info.run_name: run
        for run in mlflow_runs(merged / "runs", "tags.`longtail.kind` = 'evaluation'")
    }
    assert {*runs} >= {"a", "b", "boxes", "all", "halved"}
    assert runs["all"].data.tags["longtail.row"] == "merge"
    assert runs["all"].data.params["merge.rare_margin"] == "0.2"
    assert runs["all"].data.params["merge.members"] == "a + b + boxes"
    row = table_of(merged)["rows"]["halved"]
    metrics = runs["halved"].data.metrics
    assert metrics["val/AP"] == round(100 * row["AP"], 2)
    assert metrics["other_half/AP"] == round(100 * row["fitted"]["other_half"]["AP"], 2)
    found = table(merged / "runs", GRID)
    assert found.AP["all"] == pytest.approx(100 * table_of(merged)["rows"]["all"]["AP"])
    compared = {of["row"]: of["kind"] for of in table_of(merged)["differences"]}
    assert compared == {"b": "segm", "boxes": "box", "all": "segm", "halved": "segm"}


def test_an_interrupted_merge_goes_on_and_has_the_same_bytes(
    merged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(merged, folder, symlinks=True)
    for row in MERGES:
        shutil.rmtree(node_of(folder, row))
        shutil.rmtree(node_of(folder, row, "evaluation"))

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(merged_row, "finish_shards", interrupt)
        assert exit_code(main, *words(folder)) == ExitCode.INTERRUPTED
    (left,) = folder.glob("runs/nodes/predictions-*/.merging")
    assert not (left.parent / "result.json").exists()
    assert exit_code(main, *words(folder)) == 0
    assert not left.exists()
    for row in MERGES:
        one, other = (node_of(of, row) for of in (merged, folder))
        assert one.name == other.name
        assert bytes_of(one / "predictions") == bytes_of(other / "predictions")
        assert (one / "stats.json").read_bytes() == (other / "stats.json").read_bytes()
    assert table_of(folder)["rows"] == table_of(merged)["rows"]


def test_a_damaged_merge_is_made_again_of_members_that_are_there(
    merged: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(merged, folder, symlinks=True)
    node = node_of(folder, "all")
    before = bytes_of(node / "predictions")
    (shard, *_) = (node / "predictions").glob("*.parquet")
    shard.write_bytes(b"")
    (node_of(folder, "all", "evaluation") / "result.json").unlink()
    assert exit_code(main, *words(folder)) == 0
    assert capsys.readouterr().err.splitlines()[-2:] == ["merging all", "evaluating all"]
    assert bytes_of(node / "predictions") == before


def test_a_dry_run_shows_merges_and_bad_ones_are_refused_before_anything_is_read(
    merged: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b", "boxes"):
        shutil.copy(merged / f"{name}.json", tmp_path)
    shutil.copy(merged / "val.json", tmp_path)
    assert exit_code(main, *words(tmp_path), "--dry-run") == 0
    printed = capsys.readouterr().out
    assert "5 rows, 10 nodes (5 shared), 10 to run" in printed
    assert "merge of 3" in printed and "merge of 2" in printed
    for merges, message in (
        ({"all": "a+c"}, "merge all: c is no row to merge, there are a, b, boxes"),
        ({"a": "a+b"}, "merge a: a row has that name"),
        ({"all": "a+b,iou_thr=7"}, "merge all: --iou-thr 7.0"),
        ({"one": "a+b", "two": "b+a"}, "merges one and two are the same"),
    ):
        assert exit_code(main, *words(tmp_path, **merges)) == ExitCode.USAGE
        assert message in capsys.readouterr().err
    assert not (tmp_path / "runs/nodes").exists()


def test_members_that_cannot_be_merged_end_the_command_with_the_name_of_the_merge(
    merged: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(merged, tmp_path / "copy", symlinks=True)
    for word, code, message in (
        ("boxes", ExitCode.BAD_INPUT, "merge m: no member has masks; name a row with masks"),
        ("a+boxes,match=mask", ExitCode.USAGE, "merge m: --match mask: boxes has boxes only"),
        ("a+b,mask=scale", ExitCode.USAGE, "merge m: --mask scale: the scale of a, b is not"),
    ):
        assert exit_code(main, *words(tmp_path / "copy", m=word)) == code
        assert message in capsys.readouterr().err


def test_a_selection_of_rows_is_a_row_by_its_file(merged: Path, tmp_path: Path) -> None:
    rows = [f"--pred={of}={merged}/runs/grids/{GRID}/{of}/predictions" for of in ("a", "b")]
    where = f"--ann={merged}/val.json", f"--out={tmp_path}/selected"
    assert exit_code(select, *rows, *where, "--method=nms", "--resamples=20") == 0
    config = tmp_path / "selected/merge.yaml"
    out = f"--config={config}", f"--out={tmp_path}/out", "--no-evaluate"
    assert exit_code(merge, *out) == 0
    asked = words(merged, chosen=str(config))
    assert exit_code(main, *asked) == 0
    row = node_of(merged, "chosen", grid="a_b_boxes_chosen")
    assert bytes_of(row / "predictions") == bytes_of(tmp_path / "out/merged")


def test_an_expert_is_not_silent_about_categories_that_it_does_not_know(
    merged: Path, tmp_path: Path
) -> None:
    tree = json.loads((merged / "val.json").read_text())
    known = tree["categories"][:3]
    (tmp_path / "known.json").write_text(
        json.dumps([{k: c[k] for k in ("id", "name")} for c in known])
    )
    ids = {category["id"] for category in known}
    records = [of for of in json.loads((merged / "b.json").read_text()) if of["category_id"] in ids]
    (tmp_path / "expert.json").write_text(json.dumps(records))
    preds = [
        f"--pred=a={merged / 'a.json'}",
        f"--pred=expert={tmp_path}/expert.json,categories={tmp_path}/known.json",
    ]
    where = f"--val={merged}/val.json", f"--runs={merged}/runs", "--resamples=0"
    assert exit_code(main, *preds, "--merge=both=a+expert", *where) == 0
    out = f"--ann={merged}/val.json", f"--out={tmp_path}/out", "--no-evaluate"
    assert exit_code(merge, *preds, *out) == 0
    row = node_of(merged, "both", grid="a_expert_both")
    assert bytes_of(row / "predictions") == bytes_of(tmp_path / "out/merged")
