"""Means over bins."""

import pytest
from support.sweep_scene import trial_of

from longtail.config.search_space import Choice, Uniform
from longtail.sweep.analysis.axis import Axis
from longtail.sweep.analysis.marginals import heat_map, marginal

ACROSS = Axis("x", "x", Uniform(0.0, 1.0), 2)
DOWN = Axis("y", "y", Choice(("a", "b")), 2)
POINTS = [(0.1, "a"), (0.2, "a"), (0.9, "a"), (0.3, "b"), (0.8, "b")]
TRIALS = [trial_of(n, 0.1, {"x": x, "y": y}) for n, (x, y) in enumerate(POINTS)]
VALUES = {0: 0.10, 1: 0.20, 2: 0.40, 3: 0.60}
"""Trial 4 is not compared."""


def test_a_bin_has_the_mean_and_number_of_its_trials() -> None:
    first, second = marginal(ACROSS, TRIALS, VALUES).bins
    assert (first.name, first.num_trials) == ("0 to 0.5", 3)
    assert first.mean == pytest.approx(0.3)
    assert (second.name, second.mean, second.num_trials) == ("0.5 to 1", 0.4, 1)


def test_a_cell_has_the_mean_and_number_of_its_trials() -> None:
    cells = heat_map(ACROSS, DOWN, TRIALS, VALUES).cells
    found = [[(cell.mean, cell.num_trials) for cell in row] for row in cells]
    assert found == [[(pytest.approx(0.15), 2), (0.4, 1)], [(0.6, 1), (None, 0)]]
    assert cells[1][0].name == "0 to 0.5, b"


def test_without_trials_every_bin_is_empty() -> None:
    assert [part.mean for part in marginal(ACROSS, [], {}).bins] == [None, None]
