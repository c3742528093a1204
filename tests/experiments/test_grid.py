"""The grid command end to end."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from pyarrow.parquet import read_table
from support.commands.grid_command import ITERATIONS, GridCommand
from support.commands.in_process import exit_code
from support.commands.run_records import (
    assert_mlflow_holds_every_node_once,
    mlflow_client,
    mlflow_runs,
)
from support.on_ray.clusters import Cluster
from support.on_ray.warm_pool import WarmPool
from support.results.made_up import write_result

from ensemble.merge import main as merge_command
from experiments.grid import main as grid
from experiments.variants import TABLES, VARIANTS
from experiments.variants.scale import demo_scale
from longtail.cluster.nodes.ledger import begin, finish, node_directory, read_record
from longtail.cluster.soup import main as soup
from longtail.commands import ExitCode
from longtail.evaluation.lvis import evaluate
from longtail.results import table

pytestmark = pytest.mark.slow


def test_a_grid_ends_with_a_ranked_table_and_everything_in_mlflow(
    uninterrupted: GridCommand,
) -> None:
    assert set(uninterrupted.rows()) == {"sigmoid_r50", "eql_rfs_r50"}
    assert all(0 <= row["AP"] <= 1 for row in uninterrupted.rows().values())
    assert_mlflow_holds_every_node_once(uninterrupted)
    evaluations = [
        run
        for run in mlflow_runs(uninterrupted.runs)
        if run.data.tags["longtail.kind"] == "evaluation"
    ]
    for run in evaluations:
        row = uninterrupted.rows()[run.info.run_name]
        assert run.data.metrics["val/AP"] == round(100 * row["AP"], 2)
        assert run.data.metrics["val/AP_low"] <= run.data.metrics["val/AP_high"]
        client = mlflow_client(uninterrupted.runs)
        artifacts = {item.path for item in client.list_artifacts(run.info.run_id)}
        assert {"evaluation.json", "diagnosis.json", "telemetry"} <= artifacts


def test_rows_have_intervals_and_are_compared_with_the_first(uninterrupted: GridCommand) -> None:
    table = uninterrupted.table()
    for name, row in table["rows"].items():
        interval = table["intervals"][name]["segm"]["metrics"]["AP"]
        assert interval["value"] == pytest.approx(row["AP"])
        assert interval["low"] <= interval["high"]
    (against,) = table["differences"]
    assert (against["row"], against["baseline"]) == ("eql_rfs_r50", "sigmoid_r50")
    rows = table["rows"]
    for metric, difference in against["comparison"]["metrics"].items():
        if difference["difference"] != -1:
            gain = rows["eql_rfs_r50"][metric] - rows["sigmoid_r50"][metric]
            assert difference["difference"] == pytest.approx(gain)


def test_the_table_is_a_data_frame_with_the_fields_that_differ(uninterrupted: GridCommand) -> None:
    (folder,) = uninterrupted.runs.glob("grids/*/")
    found = table(uninterrupted.runs, folder.name)
    for name, row in uninterrupted.rows().items():
        assert found.AP[name] == pytest.approx(100 * row["AP"])
        assert found.AP_low[name] <= found.AP_high[name]
    kinds = found["stages.0.classifier.name"]
    assert (kinds["sigmoid_r50"], kinds["eql_rfs_r50"]) == ("sigmoid", "equalization")


def test_the_other_row_can_be_the_baseline(
    uninterrupted: GridCommand, warm: WarmPool, tmp_path: Path
) -> None:
    shutil.copytree(uninterrupted.runs, tmp_path / "runs", symlinks=True)
    turned = ("--baseline", "eql_rfs_r50")
    command = replace(uninterrupted, runs=tmp_path / "runs", more=turned)
    code, output = warm.run(command.words())
    assert code == 0, output
    assert output.count("found finished") == 2
    assert "difference to eql_rfs_r50, mask AP in points" in output
    metrics = command.table()["differences"][0]["comparison"]["metrics"]
    before = uninterrupted.table()["differences"][0]["comparison"]["metrics"]
    assert metrics["AP"]["difference"] == pytest.approx(-before["AP"]["difference"])


def test_without_resamples_only_the_evaluations_are_done_again(
    uninterrupted: GridCommand, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(grid, *uninterrupted.options(), "--resamples", "0", "--dry-run") == 0
    said = capsys.readouterr().out
    to_run = [line.split()[0] for line in said.splitlines() if line.rstrip().endswith("to run")]
    assert [word.partition("-")[0] for word in to_run] == ["evaluation", "evaluation", "2"]


def test_the_same_command_again_runs_nothing(uninterrupted: GridCommand, ray_head: Cluster) -> None:
    before = uninterrupted.rows()
    code, output = replace(uninterrupted, cluster=ray_head).run()
    assert code == 0, output
    assert output.count("found finished") == 2
    assert "started" not in output
    assert uninterrupted.rows() == before
    assert_mlflow_holds_every_node_once(uninterrupted)


def test_trained_rows_are_merged_on_a_worker_group(
    uninterrupted: GridCommand, warm: WarmPool, tmp_path: Path
) -> None:
    shutil.copytree(uninterrupted.runs, tmp_path / "runs", symlinks=True)
    merge = ("--merge", "both=sigmoid_r50+eql_rfs_r50,method=nms", "--no-report")
    command = replace(uninterrupted, runs=tmp_path / "runs", more=merge)
    code, output = warm.run(command.words())
    assert code == 0, output
    assert output.count("found finished") == 2 and "done     both predictions" in output
    grid_folder = tmp_path / "runs/grids/sigmoid_r50_eql_rfs_r50_both"
    stores = {name: grid_folder / name / "predictions" for name in uninterrupted.rows()}
    preds = [f"--pred={name}={store.resolve()}" for name, store in stores.items()]
    where = [f"--ann={uninterrupted.data}/val.json", f"--out={tmp_path}/merged"]
    assert exit_code(merge_command, *preds, *where, "--method=nms", "--no-evaluate") == 0
    for path in (tmp_path / "merged/merged").iterdir():
        assert (grid_folder / "both/predictions" / path.name).read_bytes() == path.read_bytes()
    rows = json.loads((grid_folder / "table.json").read_text())["rows"]
    found = evaluate(uninterrupted.data / "val.json", tmp_path / "merged/merged")
    assert rows["both"]["AP"] == found.segm["AP"]
    (node,) = tmp_path.glob("runs/nodes/predictions-*/stats.json")
    assert json.loads((node.parent / "places.jsonl").read_text())["group"] is not None


def test_a_result_joins_finished_rows_and_can_be_their_baseline(
    uninterrupted: GridCommand, warm: WarmPool, tmp_path: Path
) -> None:
    shutil.copytree(uninterrupted.runs, tmp_path / "runs", symlinks=True)
    result = write_result(tmp_path / "old.json", uninterrupted.data / "val.json", 1)
    more = ("--pred", f"old={result}", "--baseline", "old")
    command = replace(uninterrupted, runs=tmp_path / "runs", more=more)
    code, output = warm.run(command.words())
    assert code == 0, output
    assert output.count("found finished") == 2 and "difference to old" in output
    assert {of["baseline"] for of in command.table()["differences"]} == {"old"}
    runs = mlflow_runs(command.runs, "tags.`longtail.kind` = 'evaluation'")
    assert {run.info.run_name for run in runs} == {"sigmoid_r50", "eql_rfs_r50", "old"}
    assert all("val/AP" in run.data.metrics for run in runs)


def test_rows_of_a_table_that_lack_weights_are_left_out(
    uninterrupted: GridCommand, warm: WarmPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = ("sigmoid_r50", "eql_rfs_r50", "eql_coco_r50")
    monkeypatch.setitem(TABLES, "mixed", rows)
    shutil.copytree(uninterrupted.runs, tmp_path / "runs", symlinks=True)
    (earlier,) = (tmp_path / "runs" / "grids").iterdir()
    shutil.rmtree(earlier)
    words = replace(uninterrupted, runs=tmp_path / "runs", variants="mixed").words()
    code, output = warm.run(["--table" if word == "--variants" else word for word in words])
    assert code == ExitCode.SOME_FAILED, output
    assert output.count("needs detector.weights coco_r50.pt, which is not there") == 2
    table = replace(uninterrupted, runs=tmp_path / "runs").table()
    assert set(table["rows"]) == set(rows[:2]) and list(table["left_out"]) == ["eql_coco_r50"]
    assert "beside report 003 (EQL team 2019), Table 3" in output


def test_a_variant_that_fails_does_not_stop_the_others(
    uninterrupted: GridCommand, warm: WarmPool, tmp_path: Path
) -> None:
    diverging = ("--set", "sigmoid_r50:stages.0.optimizer.base_lr=1e9")
    result = write_result(tmp_path / "old.json", uninterrupted.data / "val.json", 1)
    more = (*diverging, "--pred", f"old={result}", "--baseline", "eql_rfs_r50")
    command = replace(uninterrupted, runs=tmp_path / "runs", more=more)
    code, output = warm.run(command.words())
    assert code == 4, output
    assert "failed in stage" in output
    assert "training diverged at step 1: loss nan" in output
    old = evaluate(uninterrupted.data / "val.json", result).segm["AP"]
    assert command.rows().pop("old")["AP"] == old
    (against,) = command.table()["differences"]
    assert (against["row"], against["baseline"]) == ("old", "eql_rfs_r50")
    expected = {"sigmoid_r50": None, "eql_rfs_r50": uninterrupted.rows()["eql_rfs_r50"]}
    assert {name: command.rows()[name] for name in expected} == expected
    statuses = {run.info.run_name: run.info.status for run in mlflow_runs(command.runs)}
    assert statuses["sigmoid_r50 training"] == "FAILED"
    assert statuses["eql_rfs_r50"] == statuses["old"] == "FINISHED"


def test_a_soup_is_predicted_as_its_averaged_weights_are(
    uninterrupted: GridCommand, warm: WarmPool, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    shutil.copytree(uninterrupted.runs, runs, symlinks=True)
    other = ("--set", "other:stages.0.optimizer.base_lr=5e-4")
    rows = "sigmoid_r50,other=sigmoid_r50"
    code, output = warm.run(replace(uninterrupted, runs=runs, variants=rows, more=other).words())
    assert code == 0, output
    (grid_folder,) = (path.parent for path in runs.glob("grids/*/other"))
    trained = [grid_folder / name for name in ("sigmoid_r50", "other")]
    assert exit_code(soup, *map(str, trained), "--runs", str(runs)) == 0
    (made,) = (path for path in runs.glob("nodes/stage-*") if is_soup(path))
    by_hand = averaged_by_hand(runs, [row / "training" for row in trained])

    named = replace(
        uninterrupted, runs=runs, variants=f"sigmoid_r50,soup={made.name},hand={by_hand}"
    )
    code, output = warm.run(named.words())
    assert code == 0, output
    begun = [line for line in output.splitlines() if line.startswith("started")]
    assert len(begun) == 2 and all("predictions" in line for line in begun)
    (links,) = (path.parent for path in runs.glob("grids/*/hand"))
    assert (links / "soup" / "training").resolve() == made.resolve()
    stores = [links / name / "predictions" for name in ("soup", "hand", "sigmoid_r50")]
    detected = [shards_of(store) for store in stores]
    assert detected[0] == detected[1] != detected[2]
    table = json.loads((links / "table.json").read_text())
    assert table["rows"]["soup"] == table["rows"]["hand"]
    assert [of["row"] for of in table["differences"]] == ["soup", "hand"]
    evaluated = mlflow_runs(runs, "tags.`longtail.kind` = 'evaluation'")
    assert "soup" in {run.info.run_name for run in evaluated}


def test_views_of_a_finished_row_train_nothing_and_take_its_predictions_over(
    uninterrupted: GridCommand, warm: WarmPool, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    shutil.copytree(uninterrupted.runs, runs, symlinks=True)
    # The first of the two is how a plain row sees an image at demo size.
    scales = [{"short_side": 128, "long_side_cap": 256}, {"short_side": 96, "long_side_cap": 256}]
    tta = {"scales": scales, "horizontal_flip": False, "masks": "vote"}
    views = ("--set", f"views:inference.tta={json.dumps(tta)}")
    rows = "sigmoid_r50,views=sigmoid_r50"
    code, output = warm.run(replace(uninterrupted, runs=runs, variants=rows, more=views).words())
    assert code == 0, output
    before = {path.name for path in (uninterrupted.runs / "nodes").iterdir()}
    made = [path for path in (runs / "nodes").iterdir() if path.name not in before]
    labels = sorted(read_record(path)["label"] for path in made)
    assert labels == ["views", "views predictions", "views, 96, predictions"]
    (links,) = (path.parent for path in runs.glob("grids/*/views"))
    nodes = [(links / name / "predictions").resolve().parent for name in ("views", "sigmoid_r50")]
    assert nodes[1].name in read_record(nodes[0])["parents"]
    progress = json.loads((nodes[0] / "progress-0.json").read_text())
    assert progress["images"] == progress["of"] == 8
    assert json.loads((links / "table.json").read_text())["rows"]["views"] is not None
    evaluated = mlflow_runs(runs, "tags.`longtail.kind` = 'predictions'")
    assert "views, 96, predictions" in {run.info.run_name for run in evaluated}


def is_soup(node: Path) -> bool:
    return "soup" in read_record(node)["config"]


def averaged_by_hand(runs: Path, trained: list[Path]) -> str:
    """The id of a node that says to be a training, with (a + b) / 2 for its weights."""
    import torch

    from longtail.cluster.nodes.node import Node
    from longtail.training.checkpoints import Checkpoint, save_checkpoint

    record = read_record(trained[0])
    config = {**record["config"], "by": "hand"}
    node = Node("stage", "by hand", config, record["inputs"], record["seed"])
    a, b = (Checkpoint(path / "checkpoints" / f"step-{ITERATIONS:08d}") for path in trained)
    second = b.weights()
    mean = {
        name: ((of.double() + second[name]) / 2).float() if of.is_floating_point() else of
        for name, of in a.weights().items()
    }
    assert any(not torch.equal(mean[name], second[name]) for name in mean)
    directory = node_directory(runs, node)
    path = save_checkpoint(directory / "checkpoints", mean, {}, a.state)
    facts = {key: record[key] for key in ("versions", "git", "inference", "rules")}
    begin(directory, node, facts)
    finish(directory, path.iterdir(), {})
    return node.id


def shards_of(store: Path) -> dict[str, list[dict[str, object]]]:
    """All rows of a store by file."""
    return {file.name: read_table(file).to_pylist() for file in sorted(store.glob("*.parquet"))}


def test_a_second_stage_waits_for_what_the_first_one_finds(
    uninterrupted: GridCommand, warm: WarmPool, tmp_path: Path
) -> None:
    shutil.copytree(uninterrupted.runs, tmp_path / "runs", symlinks=True)
    first = demo_scale(VARIANTS["sigmoid_r50"])
    labels = {"name": "ignore", "min_score": 0.0, "max_iou": 0.5, "short_side": 128}
    (stage,) = first.stages
    variant = first.replace(stages=(stage, stage.replace(pseudo_labels=(labels,))))
    path = tmp_path / "taught.json"
    path.write_text(variant.model_dump_json())
    command = replace(
        uninterrupted, runs=tmp_path / "runs", variants=f"taught={path}", num_stages=2
    )
    code, output = warm.run(command.words())
    assert code == 0, output
    begun = [line for line in output.splitlines() if line.startswith("started")]
    # The first stage is that of sigmoid_r50, which is there; an evaluation may be told at its end.
    kinds = ["pseudo-labels to ignore", "stage 1 training", "predictions"]
    assert all(kind in line for kind, line in zip(kinds, begun, strict=False))
    (node,) = command.runs.glob("nodes/pseudo_labels-*")
    found = json.loads((node / "pseudo_labels.json").read_text())
    assert found["annotations"] and len(found["images"]) == 16
    assert found["info"]["pseudo_labels"]["stage"] in {
        path.name for path in command.runs.glob("nodes/stage-*")
    }
    assert read_record(node)["id"] in mlflow_nodes(command.runs)


def mlflow_nodes(runs: Path) -> set[str]:
    """Ids of the nodes that have a run."""
    return {run.data.tags.get("longtail.node", "") for run in mlflow_runs(runs)}
