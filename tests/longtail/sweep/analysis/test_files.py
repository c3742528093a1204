"""The files of what a sweep found."""

import json
from pathlib import Path

import pytest
from support.sweep_scene import DIMENSIONS, LAMBDA, MASK, halved_trials, sweep_of

from longtail.metrics import points_text
from longtail.sweep.analysis.analysis import Analysis, analyse
from longtail.sweep.analysis.files import write_analysis
from longtail.sweep.analysis.reevaluation import ReevaluatedTrial, Reevaluation, fresh_runs
from longtail.sweep.page.page import write_page

SWEEP = sweep_of({path: DIMENSIONS[path] for path in (LAMBDA, MASK)}, metrics=("AP", "APr"))


def written(folder: Path, analysis: Analysis) -> list[Path]:
    return [write_analysis(folder, analysis), write_page(folder, analysis)]


def test_the_file_holds_the_numbers_of_the_page(tmp_path: Path) -> None:
    trials = halved_trials(SWEEP, 20)
    runs = {metric: fresh_runs(0.3, {1: 0.2, 2: 0.21}) for metric in SWEEP.metrics}
    confirmed = (ReevaluatedTrial(7, trials[7].point, runs),)
    reevaluation = Reevaluation(SWEEP.metrics, (1, 2), 20, confirmed, "g")
    paths = written(tmp_path, analyse(SWEEP, trials, reevaluation))
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    tree = json.loads((tmp_path / "analysis.json").read_text())
    page = (tmp_path / "analysis.html").read_text()
    of_metric = tree["by_metric"]["AP"]
    for path, share in of_metric["importances"].items():
        assert f"{path}: {share:.1%} for AP" in page
    means = [part for bins in of_metric["marginals"].values() for part in bins]
    for part in means:
        text = f"{part['name']}: mean AP {points_text(part['mean'])}, trials: {part['num_trials']}"
        assert part["mean"] is None or text in page
    assert sum(part["num_trials"] for part in of_metric["marginals"][LAMBDA]) == 20
    cells = [cell for row in of_metric["heat_maps"][0]["cells"] for cell in row]
    assert sum(cell["num_trials"] for cell in cells) == 20
    assert page.count('class="member"') == len(tree["pareto"])
    fell = tree["confirmation"]["trials"][0]["metrics"]["AP"]["fell_by"]
    assert fell == pytest.approx(0.095)
    assert tree["confirmation"]["best"] == 7
    assert tree["best"] == tree["ranking"][0]


def test_a_sweep_without_trials_has_both_files(tmp_path: Path) -> None:
    written(tmp_path, analyse(SWEEP, []))
    tree = json.loads((tmp_path / "analysis.json").read_text())
    assert tree["best"] is None and tree["pareto"] == [] and tree["confirmation"] is None
    assert tree["by_metric"]["AP"]["importances"] is None
    assert "4 trials are needed" in tree["by_metric"]["AP"]["no_importances_because"]


def test_the_same_trials_give_the_same_files(tmp_path: Path) -> None:
    trials = halved_trials(SWEEP, 12)
    first = [path.read_text() for path in written(tmp_path, analyse(SWEEP, trials))]
    assert first == [path.read_text() for path in written(tmp_path, analyse(SWEEP, trials))]
