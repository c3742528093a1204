"""Sweeps are read from what they left, ended or not."""

from pathlib import Path

import msgspec
import pytest
from support.dashboards.searches import margins_of, sweep_folder
from support.sweep_scene import DIMENSIONS, LAMBDA, MASK, halved_trials, sweep_of, trial_of

from dashboards.sources.open import open_source
from dashboards.sources.sweep import ANALYSIS
from longtail.config.search_space import Choice, Integer
from longtail.problems import BadInputError
from longtail.sweep.analysis.analysis import Analysis, analyse
from longtail.sweep.analysis.files import analysis_tree, write_analysis
from longtail.sweep.analysis.margin_file import MarginResults, write_margins
from longtail.sweep.analysis.reevaluation import ReevaluatedTrial, Reevaluation, fresh_runs

SWEEP = sweep_of({LAMBDA: DIMENSIONS[LAMBDA], MASK: Choice((0.5, 1.0, 2.0))}, metrics=("AP", "APr"))


def analysis_in(folder: Path) -> Analysis:
    found: Analysis = open_source(folder).tree[ANALYSIS]
    return found


def test_an_ended_sweep_is_read_as_it_was_worked_out(tmp_path: Path) -> None:
    trials = halved_trials(SWEEP, 12)
    runs = {metric: fresh_runs(0.3, {1: 0.2, 2: 0.21}) for metric in SWEEP.metrics}
    confirmed = (ReevaluatedTrial(7, trials[7].point, runs),)
    reevaluation = Reevaluation(SWEEP.metrics, (1, 2), 12, confirmed, "g", ("a run failed",))
    margins = MarginResults(margins_of(trials).by_evaluation, ("trial 3: its store is gone",))
    folder = sweep_folder(tmp_path / "lambda", SWEEP, trials)
    analysis = analyse(SWEEP, trials, reevaluation, margins)
    write_analysis(folder, analysis)
    write_margins(folder, margins.by_evaluation)
    found = open_source(folder)
    assert (found.kind, found.name, found.missing) == ("sweep", "lambda", ())
    read = analysis_in(folder)
    assert read.sweep.id == SWEEP.id
    assert read.reevaluation == reevaluation
    assert analysis_tree(read) == analysis_tree(analysis)


def test_a_journal_that_is_shorter_than_the_analysis_is_told(tmp_path: Path) -> None:
    trials = halved_trials(SWEEP, 12)
    runs = {metric: fresh_runs(0.3, {1: 0.2, 2: 0.21}) for metric in SWEEP.metrics}
    again = (ReevaluatedTrial(7, trials[7].point, runs),)
    confirmed = Reevaluation(SWEEP.metrics, (1, 2), 12, again, "g", ())
    folder = sweep_folder(tmp_path / "s", SWEEP, trials[:6])
    write_analysis(folder, analyse(SWEEP, trials, confirmed, None))
    (told,) = open_source(folder).missing
    assert "trials.jsonl: it tells of 6 trials, though the sweep ended with 12" in told
    assert analysis_in(folder).reevaluation is None


def test_a_sweep_that_goes_on_shows_what_there_is_and_says_so(tmp_path: Path) -> None:
    sweep = sweep_of(scheduler="asha")
    folder = sweep_folder(tmp_path / "s", sweep, halved_trials(sweep, 3))
    (told,) = open_source(folder).missing
    assert told.startswith("The sweep has not ended; 3 trials have so far.")
    assert [trial.number for trial in analysis_in(folder).trials] == [0, 1, 2]
    with (folder / "trials.jsonl").open("ab") as journal:
        journal.write(b'{"event":"ended","tri')
    assert len(analysis_in(folder).trials) == 3


def test_a_sweep_that_only_began_has_no_trial(tmp_path: Path) -> None:
    folder = sweep_folder(tmp_path / "s", sweep_of({LAMBDA: Integer(1, 3)}), [])
    assert analysis_in(folder).trials == ()


def test_a_trial_that_was_tried_again_is_what_it_became(tmp_path: Path) -> None:
    sweep = sweep_of({LAMBDA: DIMENSIONS[LAMBDA]})
    trial = trial_of(0, 0.2, {LAMBDA: 0.001})
    failed = msgspec.structs.replace(trial, state="failed", error="boom")
    folder = sweep_folder(tmp_path / "s", sweep, [failed, trial])
    assert [of.state for of in analysis_in(folder).trials] == ["finished"]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("sweep.json", "{}", "sweep.json"),
        ("trials.jsonl", "{}\n{}\n", "trials.jsonl: line 1"),
        ("analysis.json", "{", "analysis.json"),
        ("analysis.json", '{"confirmation": {"trials": [{}]}}', "not what a sweep of this version"),
        ("margins.json", "[]", "margins.json"),
    ],
)
def test_damage_is_told_with_its_file(tmp_path: Path, name: str, text: str, told: str) -> None:
    folder = sweep_folder(tmp_path / "s", SWEEP, halved_trials(SWEEP, 2))
    (folder / name).write_text(text)
    with pytest.raises(BadInputError, match=told):
        open_source(folder)
