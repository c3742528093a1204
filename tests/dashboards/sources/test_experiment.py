"""Evaluations that a real MLflow store keeps, read back."""

import json
from pathlib import Path

import pytest
from support.calibration_scene import write_masks
from support.commands.in_process import exit_code

from dashboards.sources.experiment import read_experiment
from longtail.evaluation.__main__ import main as evaluation
from longtail.problems import BadInputError

pytestmark = pytest.mark.slow


def test_recorded_evaluations_are_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    write_masks(tmp_path, 40)
    runs = tmp_path / "runs"
    of = ("--experiment", "mine", "--runs", str(runs), "--bootstrap", "20")
    for name in "ab":
        out = tmp_path / f"{name}-ap.json"
        files = str(tmp_path / "ann.json"), str(tmp_path / f"{name}.json")
        assert exit_code(evaluation, *files, *of, "--row", name, "--json", str(out)) == 0
    found = read_experiment("mine", runs)
    assert [row.name for row in found.rows] == ["a", "b"]
    for row in found.rows:
        written = json.loads((tmp_path / f"{row.name}-ap.json").read_text())
        assert row.evaluation["segm"] == written["segm"]
        assert row.diagnosis["counts"]["judged"] > 0
    with pytest.raises(BadInputError, match=r"'other': not in sqlite.*; it has: .*mine"):
        read_experiment("other", runs)
    with pytest.raises(BadInputError, match="no finished evaluation in it"):
        read_experiment("Default", runs)
