"""A metric along the searched paths."""

from typing import Any

import pandas as pd
import pytest
from support.dashboards.searches import svg_of
from support.sweep_scene import LAMBDA, trial_of

from dashboards.figures.search.marginals import marginals, mean_table, trial_table
from longtail.config.search_space import Choice, LogUniform
from longtail.sweep.analysis.axis import Axis
from longtail.sweep.analysis.marginals import marginal
from longtail.sweep.trial import Trial

LOG = Axis(LAMBDA, "tail_frequency", LogUniform(1e-4, 1e-1), 3)
WORDS = Axis("a", "a", Choice(("x", "y")), 2)
TRIALS = [
    trial_of(0, 0.1, {LAMBDA: 1e-4}),
    trial_of(1, 0.3, {LAMBDA: 1e-3}),
    trial_of(2, 0.2, {LAMBDA: 1e-2}, state="stopped", step=100),
    trial_of(3, -1.0, {LAMBDA: 1e-2}),
    trial_of(4, 0.2, {"other": 1}),
]


def drawn(axis: Axis, trials: list[Trial], base: dict[str, Any]) -> str:
    level = {0: 0.1, 1: 0.3}
    held = [trial for trial in trials if axis.path in trial.point]
    figure = marginals(
        "AP", [axis], [marginal(axis, held, level)], trials, compared="2 trials", base=base, best=1
    )
    return svg_of(figure)


def test_equal_ratios_are_equally_far_apart_and_undefined_trials_are_left_out() -> None:
    table = trial_table("AP", [LOG], TRIALS, best=1)
    assert list(table["trial"]) == [0, 2, 1]
    assert list(table["state"]) == ["finished", "stopped early", "best"]
    assert list(table["value"]) == pytest.approx([10.0, 20.0, 30.0])
    assert list(table["x"]) == pytest.approx([0.0, 2 / 3, 1 / 3])
    assert list(table["at"]) == ["0.0001", "0.01", "0.001"]


def test_means_stand_over_their_bins_and_empty_bins_are_left_out() -> None:
    table = mean_table([LOG], [marginal(LOG, TRIALS[:3], {0: 0.1, 1: 0.3})])
    assert list(table["start"]) == pytest.approx([0.0, 1 / 3])
    assert list(table["mean"]) == pytest.approx([10.0, 30.0])
    assert list(table["trials"]) == [1, 1]
    assert list(table["bin"]) == ["0.0001 to 0.001", "0.001 to 0.01"]


def test_trials_of_the_same_choice_stand_beside_each_other() -> None:
    trials = [trial_of(n, 0.1 + 0.1 * n, {"a": "x"}) for n in range(4)]
    table = trial_table("AP", [WORDS], trials, best=None)
    assert table["x"].nunique() == 4
    assert all(0 < x < 0.5 for x in table["x"])


def test_the_base_is_marked_where_it_is_searched(capfd: pytest.CaptureFixture[str]) -> None:
    svg = drawn(LOG, TRIALS[:4], {LAMBDA: 0.00177})
    assert "base 0.00177" in svg and "stopped early" in svg and "AP in points" in svg
    assert "base" not in drawn(LOG, TRIALS[:4], {LAMBDA: None})
    assert "base y" in drawn(WORDS, [trial_of(0, 0.1, {"a": "x"})], {"a": "y"})
    assert "WARN" not in capfd.readouterr().err


def test_tables_keep_their_columns_without_a_trial() -> None:
    table = trial_table("AP", [LOG], [], best=None)
    assert isinstance(table, pd.DataFrame) and table.empty and "value" in table
