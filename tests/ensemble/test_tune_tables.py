"""What a search prints of the half that it did not see."""

from typing import Any

import pytest
from rich.console import Console

from ensemble.tune_journal import Trial
from ensemble.tune_tables import print_held_out, print_trials


def difference(low: float, high: float) -> dict[str, Any]:
    values = {"difference": (low + high) / 2, "low": low, "high": high, "standard_error": 0.01}
    metrics = {name: values for name in ("AP", "APr", "APc", "APf")}
    return {"metrics": metrics, "warnings": ("few images",)}


def row(value: float) -> dict[str, Any]:
    interval = {"low": value - 0.01, "high": value + 0.01, "standard_error": 0.005}
    return {"AP": value, "APr": -1.0, "APc": value, "APf": value, "intervals": {"AP": interval}}


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.01, 0.03, ""), (-0.01, 0.03, "not told apart from start"), (-0.03, -0.01, "worse than")],
)
def test_a_gain_that_is_none_is_said(
    low: float, high: float, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = {"a": row(0.3), "start": row(0.4), "tuned": row(0.42)}
    print_held_out(rows, {"start": difference(low, high)}, Console(width=120))
    output = capsys.readouterr().out
    assert "41.00 to 43.00" in output and "warning: few images" in output
    assert ("warning: by AP" in output) == bool(said) and said in output


def test_rows_without_intervals_have_none(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {name: {**row(0.3), "intervals": {}} for name in ("start", "tuned")}
    print_held_out(rows, {}, Console(width=120))
    assert "30.00" in capsys.readouterr().out


def test_the_best_trials_and_the_start_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    values = [0.1, 0.5, 0.4, 0.3, 0.6, 0.2, 0.7]
    trials = [
        Trial(i, 0.0, 1.0, {"high.a": ""}, {**row(value), "margins_tried": 3})
        for i, value in enumerate(values)
    ]
    trials[3].result["problem"] = "a gap"
    print_trials(trials, "AP", Console(width=120))
    output = capsys.readouterr().out
    assert "7 trials, 21 merges judged" in output and "high.a no bound" in output
    shown = [text.split()[1] for text in output.splitlines() if text.startswith("│")]
    assert shown == ["6", "4", "1", "2", "3", "0"]
