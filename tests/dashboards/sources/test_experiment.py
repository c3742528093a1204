"""Experiments are read from what MLflow keeps: rows of grids, results, and merges."""

import json
from pathlib import Path

import pytest
from support.dashboards.made_merge import make_merge
from support.dashboards.made_results import made_evaluation

from dashboards.sources.experiment import read_experiment
from longtail.evaluation.recording.metrics import KIND, KIND_TAG, ROW_TAG
from longtail.problems import BadInputError
from longtail.tracking.parent_run import ParentRun
from longtail.tracking.tracker import NodeRecord

pytestmark = pytest.mark.slow


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("LONGTAIL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "runs"


def publish(runs: Path, name: str, kind: str, *files: Path) -> None:
    runs.mkdir(exist_ok=True)
    parent = ParentRun("aaaaaaaaaaaa", "made", "grid", "mine", runs)
    tags = {ROW_TAG: kind, KIND_TAG: KIND, "longtail.variant": name}
    line = {"step": 0, "time": 1.0, "val/AP": 20.0}
    parent.publish_finished(
        NodeRecord(f"{kind}-{name}", name, {}, {}), line, tags, [(file, "") for file in files]
    )


def test_a_merge_is_a_row_with_the_numbers_of_its_last_step(runs: Path, tmp_path: Path) -> None:
    merge = make_merge(tmp_path, "--resamples=20")
    row = tmp_path / "evaluation.json"
    row.write_text(json.dumps(made_evaluation(4, 0.3)))
    publish(runs, "eql", "variant", row)
    publish(runs, "row of a grid", "merge", row)
    publish(runs, "all of them", "merge", merge / "evaluation.json", merge / "stats.json")

    first, of_grid, last = read_experiment("mine", runs).rows

    assert (first.name, first.kind) == ("eql", "variant")
    assert (of_grid.kind, of_grid.evaluation) == ("merge", first.evaluation)
    assert (last.name, last.kind) == ("all of them", "merge")
    tree = json.loads((merge / "evaluation.json").read_text())
    assert last.evaluation["segm"] == tree["steps"]["merged"]["segm"]
    assert last.evaluation["counts"]["images"] == 3


@pytest.mark.parametrize("kind", ["merge", "variant"])
def test_an_evaluation_of_another_form_is_told_with_its_run(
    runs: Path, tmp_path: Path, kind: str
) -> None:
    file = tmp_path / "evaluation.json"
    file.write_text('{"sources": {}}')
    publish(runs, "odd", kind, file)
    with pytest.raises(BadInputError, match=r"MLflow run 'odd': .*missing required field"):
        read_experiment("mine", runs)
