"""The file of what a sweep found."""

import json
from pathlib import Path

import pytest
from support.sweep_scene import DIMENSIONS, LAMBDA, MASK, halved_trials, sweep_of

from longtail.sweep.analysis.analysis import analyse
from longtail.sweep.analysis.files import reevaluation_from, write_analysis
from longtail.sweep.analysis.reevaluation import ReevaluatedTrial, Reevaluation, fresh_runs

SWEEP = sweep_of({path: DIMENSIONS[path] for path in (LAMBDA, MASK)}, metrics=("AP", "APr"))


def test_the_file_holds_the_numbers_of_the_analysis(tmp_path: Path) -> None:
    trials = halved_trials(SWEEP, 20)
    runs = {metric: fresh_runs(0.3, {1: 0.2, 2: 0.21}) for metric in SWEEP.metrics}
    confirmed = (ReevaluatedTrial(7, trials[7].point, runs),)
    reevaluation = Reevaluation(SWEEP.metrics, (1, 2), 20, confirmed, "g")
    analysis = analyse(SWEEP, trials, reevaluation)
    assert [write_analysis(tmp_path, analysis)] == list(tmp_path.iterdir())
    tree = json.loads((tmp_path / "analysis.json").read_text())
    of_metric = tree["by_metric"]["AP"]
    assert of_metric["importances"] == analysis.of_metrics[0].importances.shares
    means = [part["mean"] for part in of_metric["marginals"][LAMBDA]]
    (along,) = (of for of in analysis.of_metrics[0].marginals if of.path == LAMBDA)
    assert means == [part.mean for part in along.bins]
    assert sum(part["num_trials"] for part in of_metric["marginals"][LAMBDA]) == 20
    cells = [cell for row in of_metric["heat_maps"][0]["cells"] for cell in row]
    assert sum(cell["num_trials"] for cell in cells) == 20
    assert tree["pareto"] == list(analysis.pareto)
    fell = tree["confirmation"]["trials"][0]["metrics"]["AP"]["fell_by"]
    assert fell == pytest.approx(0.095)
    assert tree["confirmation"]["best"] == 7
    assert tree["best"] == tree["ranking"][0]


def test_runs_with_fresh_seeds_are_read_back_as_they_were(tmp_path: Path) -> None:
    runs = {"AP": fresh_runs(0.3, {1: 0.2, 2: 0.21}), "APr": fresh_runs(-1.0, {1: -1.0})}
    confirmed = (ReevaluatedTrial(7, {LAMBDA: 0.001}, runs),)
    reevaluation = Reevaluation(SWEEP.metrics, (1, 2), 20, confirmed, "g", ("seed 2 failed",))
    path = write_analysis(tmp_path, analyse(SWEEP, halved_trials(SWEEP, 2), reevaluation))
    assert reevaluation_from(json.loads(path.read_text())["confirmation"]) == reevaluation


def test_a_sweep_without_trials_has_a_file(tmp_path: Path) -> None:
    write_analysis(tmp_path, analyse(SWEEP, []))
    tree = json.loads((tmp_path / "analysis.json").read_text())
    assert tree["best"] is None and tree["pareto"] == [] and tree["confirmation"] is None
    assert tree["by_metric"]["AP"]["importances"] is None
    assert "4 trials are needed" in tree["by_metric"]["AP"]["no_importances_because"]


def test_the_same_trials_give_the_same_file(tmp_path: Path) -> None:
    trials = halved_trials(SWEEP, 12)
    first = write_analysis(tmp_path, analyse(SWEEP, trials)).read_text()
    assert first == write_analysis(tmp_path, analyse(SWEEP, trials)).read_text()
