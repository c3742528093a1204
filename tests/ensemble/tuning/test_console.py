"""What a search prints of the half that it did not see."""

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ensemble.tuning.console import print_held_out, print_pareto, print_trials
from ensemble.tuning.journal import Trial, TrialJournal
from ensemble.tuning.objective.trial import MARGINS
from ensemble.tuning.pareto import Candidate


def difference(low: float, high: float) -> dict[str, Any]:
    values = {"difference": (low + high) / 2, "low": low, "high": high, "standard_error": 0.01}
    return {name: values for name in ("AP", "APr", "APc", "APf", "AP_fixed")}


def row(value: float) -> dict[str, Any]:
    interval = {"low": value - 0.01, "high": value + 0.01, "standard_error": 0.005}
    fixed = {"AP_fixed": value + 0.1, "APr_fixed": -1.0}
    intervals = {"AP": interval, "AP_fixed": interval}
    return {"AP": value, "APr": -1.0, "APc": value, "APf": value, **fixed, "intervals": intervals}


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.01, 0.03, ""), (-0.01, 0.03, "not told apart from start"), (-0.03, -0.01, "lower than")],
)
def test_a_gain_that_is_none_is_said(
    low: float, high: float, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = {"a": row(0.3), "start": row(0.4), "tuned": row(0.42)}
    print_held_out(rows, {"start": difference(low, high)}, ["few images"], Console(width=160))
    output = capsys.readouterr().out
    assert "41.00 to 43.00" in output and "52.00" in output and "warning: few images" in output
    assert ("warning: by AP" in output) == bool(said) and said in output


def test_rows_without_intervals_have_none(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {name: {**row(0.3), "intervals": {}} for name in ("start", "tuned")}
    print_held_out(rows, {}, [], Console(width=160))
    assert "30.00" in capsys.readouterr().out


def test_the_best_trials_and_the_start_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = TrialJournal(tmp_path)
    for value in [0.1, 0.5, 0.4, 0.3, 0.6, 0.2, 0.7]:
        metrics = {name: [value] * 3 for name in ("AP", "APr", "APc", "APf")}
        margins = {"rare": [0.1] * 3, "common": [0.0] * 3, "cell": [0.0] * 3, "metrics": metrics}
        journal.add({"high.a": ""}, {**row(value), MARGINS: margins}, 1.0)
    journal.trials[3].result["problem"] = "a gap"
    print_trials(journal, "AP", Console(width=120))
    output = capsys.readouterr().out
    assert "7 trials, 21 merges judged" in output and "high.a no bound" in output
    shown = [text.split()[0] for text in output.splitlines() if "high.a" in text]
    assert shown == ["6", "4", "1", "2", "3", "0"]


def test_the_front_is_shown_on_both_halves(capsys: pytest.CaptureFixture[str]) -> None:
    trial = Trial(4, 0.0, 1.0, {}, {})
    merges = [Candidate(trial, 0.1, 0.05, {"AP": 0.4 - x, "APr": 0.2 + x}) for x in (0.0, 0.1)]
    rows = [row(0.33), {**row(0.3), "intervals": {}}]
    print_pareto(("AP", "APr"), merges, rows, 7, Console(width=160))
    output = capsys.readouterr().out
    assert "2 of 7 merges that none beats in AP and APr" in output
    first, second = [text for text in output.splitlines() if text.startswith("0")]
    assert "0.100/0.050" in first and "33.00 (32.00 to 34.00)" in first and "40.00" in first
    assert "30.00 " in second and "(" not in second
    print_pareto(("AP", "APr"), merges[:1], rows[:1], 1, Console(width=160))
    assert "no merge gives up AP for APr" in capsys.readouterr().out
