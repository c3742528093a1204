"""How much training a sweep would be."""

from pathlib import Path
from typing import get_args

import pytest
from support.sweep_scene import trial_of

from experiments.commands.sweep.estimate import Estimate, estimate, print_estimate
from longtail.cluster.data_files import find_data_files
from longtail.cluster.nodes.ledger import begin, finish, node_directory
from longtail.cluster.nodes.settings import GridSettings, WorkerResources
from longtail.config.classifiers import Equalization
from longtail.config.search_space import Choice, LogUniform, SearchSpace
from longtail.config.stages import Part, Schedule, Stage
from longtail.config.variant import Variant
from longtail.sweep.journal import SweepJournal, TrialEnded, open_journal
from longtail.sweep.request import Algorithm, Scheduler, Sweep
from longtail.sweep.settings import SweepSettings

TRUNK = tuple(part for part in get_args(Part) if part != "classifier")
TAIL, NMS = "stages.1.classifier.tail_frequency", "inference.nms_iou"
SHORT = Schedule(iterations=900, warmup_iterations=0)
HEAD = Stage(classifier=Equalization(tail_frequency=0.01), recreate=("classifier",), schedule=SHORT)
BASE = Variant(stages=(Stage(schedule=Schedule(iterations=2000)), HEAD))
ON_TRUNK = BASE.replace(stages=(BASE.stages[0], HEAD.replace(freeze=TRUNK)))
THRESHOLDS = SearchSpace({TAIL: LogUniform(1e-3, 1e-1)})


def sweep(
    toy_set: Path,
    base: Variant = BASE,
    space: SearchSpace = THRESHOLDS,
    scheduler: Scheduler = "asha",
    algorithm: Algorithm = "random",
) -> Sweep:
    data = find_data_files(toy_set / "train.json", toy_set / "val.json", toy_set / "images")
    return Sweep(base, space, data, algorithm, 18, ("AP",), scheduler, 3, 3, 0, 0)


def settings(runs: Path) -> SweepSettings:
    grid = GridSettings(runs, WorkerResources(1, 1.0, 0.0), None, 0, "longtail", "mine")
    return SweepSettings(grid)


def test_a_first_stage_counts_once_and_halving_leaves_a_third_at_every_rung(toy_set: Path) -> None:
    asked = sweep(toy_set)
    # 18 trials to 100, 6 to 300, 2 to 900.
    halved = 18 * 100 + 6 * 200 + 2 * 600
    expected = Estimate(18 * 2900, 2000 + 18 * 900, 2000 + 18 * 900, 2000 + halved)
    assert estimate(asked, asked.space.random(18, 0), together=8) == expected


def test_trials_over_one_trunk_go_through_the_data_in_passes(toy_set: Path) -> None:
    asked = sweep(toy_set, ON_TRUNK)
    work = estimate(asked, asked.space.random(18, 0), together=8)
    assert (work.alone, work.shared) == (18 * 2900, 2000 + 18 * 900)
    # 18 in three passes of at most 8; to 300 iterations 6 in one, to 900 the last 2 in one.
    assert work.passes == 2000 + 3 * 900
    assert work.halved == 2000 + 3 * 100 + 200 + 600


def test_test_time_settings_train_nothing(toy_set: Path) -> None:
    space = SearchSpace({NMS: Choice((0.3, 0.5, 0.7))})
    asked = sweep(toy_set, space=space, scheduler="none", algorithm="grid")
    work = estimate(asked, space.grid(), together=8)
    assert (work.alone, work.shared, work.passes) == (3 * 2900, 2900, 2900)


def test_a_point_that_comes_twice_is_trained_once(toy_set: Path) -> None:
    asked = sweep(toy_set)
    work = estimate(asked, [{TAIL: 0.02}, {TAIL: 0.02}, {TAIL: 0.03}], together=8)
    assert work.shared == 2000 + 2 * 900


def test_everything_that_is_known_before_a_run_is_printed(
    toy_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    print_estimate(sweep(toy_set), settings(tmp_path))
    printed = capsys.readouterr().out
    assert "stages.1.classifier.tail_frequency  loguniform(0.001, 0.1)  0.01" in printed
    assert "18 trials by random, to raise AP" in printed
    assert "  trial 9: tail_frequency=" in printed
    assert "  and 8 more" in printed
    assert "evaluated after 100, 300, 900 iterations of stage 1; asha stops trials" in printed
    assert "iterations of training: 52,200 with every trial alone" in printed
    assert "  18,200 where trials share what they have in common" in printed
    assert "  6,200 if asha stops all that it may" in printed
    assert "found finished" not in printed
    assert list(tmp_path.iterdir()) == []


def test_what_optuna_will_choose_is_not_known_but_where_it_begins(
    toy_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    print_estimate(sweep(toy_set, algorithm="optuna"), settings(tmp_path))
    printed = capsys.readouterr().out
    assert "  first: tail_frequency=0.01\n  then what optuna chooses" in printed


@pytest.mark.parametrize("algorithm", get_args(Algorithm))
def test_finished_nodes_and_ended_trials_are_found(
    algorithm: Algorithm, toy_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space = SearchSpace({TAIL: Choice((0.02, 0.03))})
    asked, where = sweep(toy_set, space=space, algorithm=algorithm), settings(tmp_path)
    first = asked.row(0, {TAIL: 0.02}).stages[0]
    folder = node_directory(tmp_path, first)
    begin(folder, first, {})
    finish(folder, [], {})
    where.directory.mkdir(parents=True)
    journal = SweepJournal(where.directory)
    for number in (0, 1, 1):
        journal.add(TrialEnded(trial_of(number, 0.2)))
    with (where.directory / "trials.jsonl").open("a") as file:
        file.write('{"event":"ended","tri')
    before = (where.directory / "trials.jsonl").read_bytes()
    print_estimate(asked, where)
    printed = capsys.readouterr().out
    assert "found finished: 1 trainings, 0 evaluations" in printed
    assert "2 trials ended; they are not run again" in printed
    assert (where.directory / "trials.jsonl").read_bytes() == before


def test_a_folder_of_another_sweep_is_refused(toy_set: Path, tmp_path: Path) -> None:
    where = settings(tmp_path)
    open_journal(where.directory, sweep(toy_set))
    print_estimate(sweep(toy_set), where)
    with pytest.raises(ValueError, match="sweeps/mine holds another sweep; give another --name"):
        print_estimate(sweep(toy_set, scheduler="median"), where)
