"""A merge in MLflow: one run, found again, with points, parameters and files."""

from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from support.merge_folder import QUICK, Folder

from dashboards.views.known import known_links
from longtail.categories import CategoryTable
from longtail.predictions.image_set import ImageSet
from longtail.predictions.result_json.read import import_json
from longtail.predictions.store import Source
from longtail.tracking.noted import PUBLISHED, StoreNote
from longtail.tracking.parent_run import ParentRun
from longtail.tracking.tracker import NodeRecord

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setenv("LONGTAIL_RUNS", str(tmp_path / "runs"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return Folder(tmp_path)


ODD = "my (2nd) run's = 100 %, a+b"


def runs_of(folder: Folder, experiment: str = "x") -> dict[str, list[Any]]:
    client = MlflowClient(f"sqlite:///{folder.path}/runs/mlflow.db")
    found = client.get_experiment_by_name(experiment)
    assert found is not None
    runs = client.search_runs([found.experiment_id])
    return {
        "client": [client],
        "nodes": [run for run in runs if "longtail.node" in run.data.tags],
        "parents": [run for run in runs if "longtail.grid" in run.data.tags],
    }


def test_a_merge_is_recorded_once(folder: Folder, with_reports: None) -> None:
    options = ("--experiment=x", "--resamples=0")
    for _ in range(2):
        assert folder.merge("a=a.json", "b=b.json", options=options) == 0
    found = runs_of(folder)
    (run,), (parent,), (client,) = found["nodes"], found["parents"], found["client"]
    assert run.info.status == parent.info.status == "FINISHED"
    assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
    steps = folder.read("evaluation.json")["steps"]
    assert run.data.metrics["val/AP"] == round(100 * steps["merged"]["segm"]["AP"], 2)
    assert run.data.metrics["val_fixed/AP"] == round(100 * steps["merged"]["segm_fixed"]["AP"], 2)
    assert {"sources/a/AP", "sources/b/APr", "steps/union/AP"} <= {*run.data.metrics}
    assert run.data.params["settings.fusion.method"] == "wbf"
    assert run.data.params["source.a.weight"] == "1.0"
    names = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert names == {"stats.json", "evaluation.json", "merge.json", "merge.yaml", "report.html"}


def row_of_grid(folder: Folder, name: str, experiment: str) -> str:
    """A source that is a row of a grid, as the grid's link names it."""
    row = folder.path / "runs" / "grids" / "mine" / name
    of = ImageSet.from_json(folder.ann), CategoryTable.from_json(folder.ann)
    import_json(folder.path / f"{name}.json", *of, row / "predictions", Source(name))
    folder.write("runs/grids/mine/table.json", {"experiment": experiment})
    return f"{name}=runs/grids/mine/{name}/predictions"


def test_a_merge_of_rows_of_a_grid_is_recorded_beside_them(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGTAIL_RUNS", str(folder.path / "elsewhere"))
    row = row_of_grid(folder, "a", "of the grid")
    assert folder.merge(row, "b=b.json", options=("--resamples=20",)) == 0
    (run,) = runs_of(folder, "of the grid")["nodes"]
    assert run.data.tags["longtail.kind"] == "evaluation"
    assert run.data.tags["longtail.row"] == "merge"
    merged = folder.read("evaluation.json")["steps"]["merged"]
    for kind, prefix in (("segm", "val"), ("box", "val_box"), ("segm_fixed", "val_fixed")):
        assert run.data.metrics[f"{prefix}/APf"] == round(100 * merged[kind]["APf"], 2)
    assert run.data.metrics["val/AP_low"] <= run.data.metrics["val/AP"]
    assert folder.merge(row, options=("--experiment=x", *QUICK), out="asked") == 0
    assert [run.info.run_name for run in runs_of(folder, "x")["nodes"]] == ["asked"]
    assert not (folder.path / "elsewhere").exists()


def test_a_merge_leaves_views_with_it_and_notes_that_hold(folder: Folder) -> None:
    row, runs = row_of_grid(folder, "a", "of the grid"), folder.path / "runs"
    uri = f"sqlite:///{runs}/mlflow.db"
    ParentRun("g", "mine", "grid", "of the grid", runs).publish_child(
        NodeRecord("stage-1", "a training", {}, {}), [], {}, "FINISHED"
    )
    grid = StoreNote(runs / PUBLISHED / "g.json", uri, {"grid": "mine"})
    grid.write({"elsewhere": None})
    assert folder.merge(row, "b=b.json", options=("--resamples=0",)) == 0
    links = known_links(runs, uri, "of the grid")
    assert links is not None and links[0].name == "Rows"
    assert grid.read() == {"elsewhere": None}
    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("of the grid")
    assert experiment is not None and "out" in experiment.tags["mlflow.note.content"]
    # The same again finds all of it, and writes nothing.
    before = (runs / "mlflow.db").read_bytes()
    assert folder.merge(row, "b=b.json", options=("--resamples=0",)) == 0
    assert (runs / "mlflow.db").read_bytes() == before
    client.set_tag(runs_of(folder, "of the grid")["nodes"][0].info.run_id, "by", "hand")
    assert grid.read() is None and known_links(runs, uri, "of the grid") is None


def test_a_merge_of_files_is_recorded_only_where_it_is_asked(folder: Folder) -> None:
    assert folder.merge("a=a.json", "b=b.json", options=("--resamples=0",)) == 0
    assert not (folder.path / "runs").exists()


def test_merges_of_one_experiment_lie_side_by_side(folder: Folder) -> None:
    options = ("--experiment=x", *QUICK)
    assert folder.merge("a=a.json", "b=b.json", options=options, out="one") == 0
    assert folder.merge("a=a.json", options=options, out="two") == 0
    found = runs_of(folder)
    assert sorted(run.info.run_name for run in found["nodes"]) == ["one", "two"]
    assert len(found["parents"]) == 1


def test_an_experiment_may_have_any_name_and_a_merge_stays_where_it_was_made(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (ODD, ODD, "other"):
        assert folder.merge("a=a.json", options=(f"--experiment={name}", *QUICK)) == 0
    found = runs_of(folder, ODD)
    assert len(found["nodes"]) == len(found["parents"]) == 1
    said = capsys.readouterr().err
    assert "MLflow does not have" not in said
    assert said.count(f"MLflow has this merge in the experiment {ODD!r}") == 1
    assert not runs_of(folder, "other")["nodes"]


def test_mlflow_away_is_a_warning(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    options = ("--experiment=x", *QUICK)
    assert folder.merge("a=a.json", "b=b.json", options=options) == 0
    assert "MLflow does not have this merge" in capsys.readouterr().err
    assert (folder.path / "out/result.json").is_file()
