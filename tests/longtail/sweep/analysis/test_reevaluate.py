"""Running the best trials again."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from support.sweep_scene import LAMBDA, sweep_of, trial_of

from longtail.cluster.nodes.ledger import finish, node_directory
from longtail.cluster.nodes.settings import GridSettings, WorkerResources
from longtail.cluster.results.named_results import grid_directory
from longtail.sweep.analysis.reevaluate import best_trials, reevaluate
from longtail.sweep.trial import Trial


def settings_of(runs: Path) -> GridSettings:
    return GridSettings(runs, WorkerResources(1, 1, 0), None, 0, "test", "lambdas")


def numbers(trials: list[Trial]) -> list[int]:
    return [trial.number for trial in trials]


def test_the_best_are_finished_and_have_the_highest_first_metric() -> None:
    trials = [
        trial_of(0, 0.1),
        trial_of(1, 0.3),
        trial_of(2, 0.2),
        trial_of(3, 0.9, state="stopped"),
        trial_of(4, -1.0),
    ]
    assert numbers(best_trials(trials, ("AP",), 2)) == [1, 2]
    assert numbers(best_trials(trials, ("AP",), 9)) == [1, 2, 0]


def test_equal_configurations_are_run_again_once() -> None:
    trials = [trial_of(n, 0.3 - n / 100) for n in range(4)]
    trials[1] = msgspec.structs.replace(trials[1], evaluation=trials[3].evaluation)
    trials[2] = msgspec.structs.replace(trials[2], evaluation=trials[0].evaluation)
    assert numbers(best_trials(trials, ("AP",), 9)) == [0, 1]


def test_with_two_metrics_the_best_are_of_the_pareto_front() -> None:
    values = [(0.3, 0.1), (0.29, 0.05), (0.2, 0.2), (0.1, 0.3)]
    trials = [trial_of(n, {"AP": ap, "APr": apr}) for n, (ap, apr) in enumerate(values)]
    assert numbers(best_trials(trials, ("AP", "APr"), 2)) == [0, 2]


def test_without_a_finished_trial_nothing_is_run(tmp_path: Path) -> None:
    found = reevaluate(sweep_of(), [], 3, 3, settings_of(tmp_path))
    assert (found.trials, found.seeds, list(tmp_path.iterdir())) == ((), (1, 2, 3), [])


def test_less_than_one_of_each_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="0 trials with 3 seeds"):
        reevaluate(sweep_of(), [trial_of(0, 0.1)], 0, 3, settings_of(tmp_path))


@pytest.mark.slow
def test_finished_runs_are_found_and_averaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    plain = sweep_of({LAMBDA: sweep_of().space.dimensions[LAMBDA]})
    sweep = replace(plain, data=replace(plain.data, val=tmp_path / "val.json"))
    trials = [trial_of(n, 0.3 - n / 10, {LAMBDA: 10.0 ** (n - 4)}) for n in range(3)]
    runs = tmp_path / "runs"
    for number, aps in ((0, (0.26, 0.28)), (1, (0.20, 0.20))):
        for seed, ap in zip((1, 2), aps, strict=True):
            fresh = replace(sweep, base=sweep.base.replace(seed=seed))
            directory = node_directory(runs, fresh.row(number, trials[number].point).evaluation)
            directory.mkdir(parents=True)
            (directory / "evaluation.json").write_text('{"intervals": {}}')
            finish(directory, [], {"AP": ap, "APr": -1.0, "APc": 0.1, "APf": 0.5, "AP_box": 0.3})
    found = reevaluate(sweep, trials, 2, 2, settings_of(runs))
    first, second = (trial.metrics["AP"] for trial in found.trials)
    assert (found.grid, found.best, found.num_candidates) == ("lambdas confirmed", 0, 3)
    assert first.by_seed == {1: 0.26, 2: 0.28}
    assert first.fell_by == pytest.approx(0.03)
    assert second.mean == pytest.approx(0.2)
    assert second.sd == pytest.approx(0)
    assert (grid_directory(runs, found.grid) / "table.json").exists()
