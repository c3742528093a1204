"""The road of docs/own_data.md as it stands there: from a COCO export to a submission."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands.run_records import mlflow_client, mlflow_runs
from support.cvat_set import PHOTOGRAPHS, write_cvat_set, write_old_results
from support.on_ray.clusters import Cluster
from support.places import ROOT

from longtail.commands import NO_REPORT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PHOTOGRAPHS.exists(), reason="needs ../shared/data/real200"),
]
MOST_COMMANDS = 7
RUNS = Path("runs")


def typed() -> list[list[str]]:
    """What stands after a dollar sign, continued lines joined."""
    text = (ROOT / "docs" / "own_data.md").read_text().replace("\\\n", " ")
    return [shlex.split(line[2:]) for line in text.splitlines() if line.startswith("$ ")]


def _as_users_have_it(cluster: Cluster) -> dict[str, str]:
    return {name: value for name, value in cluster.environment.items() if name != NO_REPORT}


def run(words: list[str], folder: Path, cluster: Cluster) -> str:
    """A command in a folder that is not the repository's."""
    first, *others = words
    python = [sys.executable, *others] if first == "python" else [sys.executable, ROOT / first]
    done = subprocess.run(
        python if first == "python" else [*python, *others],
        cwd=folder,
        env={**_as_users_have_it(cluster), "PYTHONPATH": f"{ROOT / 'platform'}:{ROOT}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{shlex.join(words)}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def said(ray_head: Cluster, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The folder afterwards, and what each command printed."""
    folder = tmp_path_factory.mktemp("own")
    write_cvat_set(folder / "cvat")
    convert, *others = [words for words in typed() if words[0] != "make"]
    printed = [run(convert, folder, ray_head)]
    # The detector of before looked at the new validation images.
    write_old_results(folder / "data" / "val.json", folder / "old_results.json")
    printed += [run(words, folder, ray_head) for words in others]
    return folder, printed


def test_seven_commands_are_enough() -> None:
    assert typed()[-1] == ["make", "ui"] and len(typed()) <= MOST_COMMANDS


def test_the_files_of_a_coco_export_are_fit_for_training_and_evaluation(
    said: tuple[Path, list[str]],
) -> None:
    _, (converted, *_) = said
    for name in ("train", "val"):
        assert f"data/{name}.json: fit for training and evaluation" in converted
    assert "crowd (iscrowd 1)" in converted


def test_old_results_and_trained_rows_stand_in_one_table(said: tuple[Path, list[str]]) -> None:
    folder, _ = said
    (table,) = (folder / RUNS / "grids").glob("*/table.json")
    rows = json.loads(table.read_text())["rows"]
    page = (table.parent / "report.html").read_text()
    assert all(name in page for name in rows) and "data:image/webp" in page
    assert set(rows) == {"old", "softmax_r50", "eql_rfs_r50"}
    assert rows["old"]["AP"] > 0.1


def test_rows_merges_and_searches_can_be_compared_in_mlflow(said: tuple[Path, list[str]]) -> None:
    folder, _ = said
    runs = mlflow_runs(folder / RUNS, "tags.`longtail.kind` = 'evaluation'")
    assert len({run.info.experiment_id for run in runs}) == 1
    kinds = {run.data.tags["longtail.row"] for run in runs}
    assert {"variant", "result", "merge", "tuning"} <= kinds, kinds
    assert all("val/AP" in run.data.metrics for run in runs)
    assert mlflow_client(folder / RUNS).get_experiment(runs[0].info.experiment_id).name


def test_the_submission_is_fit(said: tuple[Path, list[str]]) -> None:
    folder, printed = said
    assert "runs/merged/submission.json: fit for submission" in printed[-1]
    assert "<title>Merge merged</title>" in (folder / RUNS / "merged/report.html").read_text()
    images = json.loads((folder / "data" / "val.json").read_text())["images"]
    found = json.loads((folder / RUNS / "merged" / "submission.json").read_text())
    assert {record["image_id"] for record in found} <= {image["id"] for image in images}
