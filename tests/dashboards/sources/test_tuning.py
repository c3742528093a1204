"""Tunings are read from their journals and their report."""

from pathlib import Path

import pytest
from support.dashboards.searches import no_merge, tune_report, tuned_trial, tuning_folder

from dashboards.sources.open import open_source
from dashboards.sources.tuning import TUNING, Tuning
from longtail.config.dimensions import Choice, LogUniform, Uniform
from longtail.problems import BadInputError

TRIALS = [
    tuned_trial(0, 0.2, method="wbf", iou_thr=0.55, **{"weight.b": 1.0}),
    tuned_trial(1, 0.3, method="nms", iou_thr=0.4, **{"weight.b": 2.0}),
    no_merge(2, "wbf has no <match>", method="soft-nms"),
]


def tuning_in(folder: Path) -> Tuning:
    found: Tuning = open_source(folder).tree[TUNING]
    return found


def test_an_ended_tuning_has_its_winner_and_its_other_half(tmp_path: Path) -> None:
    folder = tuning_folder(tmp_path / "t", TRIALS, tune_report(TRIALS[1], ["APr is rough"]))
    found, tuning = open_source(folder), tuning_in(folder)
    assert (found.kind, found.missing, found.warnings) == ("tuning", (), ("APr is rough",))
    assert tuning.trials[2].error == "wbf has no <match>"
    assert ("images of the other half", "41") in found.facts
    assert (tuning.best, tuning.metrics, tuning.objectives) == (1, ("AP",), ("AP", "APr"))
    assert [trial.state for trial in tuning.trials] == ["finished", "finished", "failed"]
    assert tuning.margins is not None and max(tuning.margins.metrics["AP"]) == 0.3
    assert tuning.chosen[1] == (0.1, 0.05)


def test_axes_are_what_was_searched_with_words_before_ranges(tmp_path: Path) -> None:
    axes = tuning_in(tuning_folder(tmp_path / "t", TRIALS)).axes
    assert list(axes) == ["method", "iou_thr", "weight.b"]
    assert axes["method"].dimension == Choice(("nms", "soft-nms", "wbf"))
    assert axes["iou_thr"].dimension == Uniform(0.3, 0.8)
    assert axes["weight.b"].dimension == LogUniform(0.25, 4.0)


def test_an_upper_bound_of_nothing_is_called_so(tmp_path: Path) -> None:
    trials = [
        tuned_trial(0, 0.2, **{"high.a": ""}),
        tuned_trial(1, 0.3, **{"high.a": "256"}),
    ]
    tuning = tuning_in(tuning_folder(tmp_path / "t", trials))
    axis = tuning.axes["high.a"]
    assert [trial.point["high.a"] for trial in tuning.trials] == ["no bound", "256"]
    assert axis.ticks()[0] == (pytest.approx(1 / 12), "no bound")
    assert [axis.bin_of(trial.point["high.a"]) for trial in tuning.trials] == [0, 3]


def test_a_tuning_that_goes_on_has_the_best_so_far(tmp_path: Path) -> None:
    folder = tuning_folder(tmp_path / "t", TRIALS[:1])
    assert open_source(folder).missing[0].startswith("The tuning has not ended; 1 trial has so far")
    assert tuning_in(folder).best == 0
    folder = tuning_folder(tmp_path / "none", [no_merge(0, "no")])
    assert (tuning_in(folder).best, tuning_in(folder).margins) == (None, None)


def test_a_journal_that_is_shorter_than_its_report_is_told(tmp_path: Path) -> None:
    report = tune_report(TRIALS[1])
    (told,) = open_source(tuning_folder(tmp_path / "cut", TRIALS[:2], report)).missing
    assert "trials.jsonl: it tells of 2 trials, though the search ended with 3" in told

    lost = tuning_folder(tmp_path / "lost", TRIALS[:1], report)
    assert "tells of 1 trials" in open_source(lost).missing[0]
    tuning = tuning_in(lost)
    assert (tuning.best, tuning.report) == (0, {})


@pytest.mark.parametrize("name", ["request.json", "trials.jsonl", "margins.jsonl", "tune.json"])
def test_damage_is_told_with_its_file(tmp_path: Path, name: str) -> None:
    folder = tuning_folder(tmp_path / "t", TRIALS)
    (folder / name).write_text("{\n{\n")
    with pytest.raises(BadInputError, match=name):
        open_source(folder)


def test_reading_does_not_change_the_journals(tmp_path: Path) -> None:
    folder = tuning_folder(tmp_path / "t", TRIALS)
    journal = folder / "trials.jsonl"
    journal.write_bytes(journal.read_bytes() + b'{"number": 3, "ti')
    before = journal.read_bytes()
    assert len(tuning_in(folder).trials) == 3
    assert journal.read_bytes() == before
