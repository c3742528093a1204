"""A metric over two searched paths."""

import msgspec
import pytest
from support.dashboards.searches import svg_of
from support.sweep_scene import LAMBDA, trial_of

from dashboards.figures.search.heat_map import Cells, cell_table, found, heat_map, mean_colour
from longtail.config.search_space import Choice, LogUniform, Uniform
from longtail.sweep.analysis.axis import Axis
from longtail.sweep.analysis.marginals import BinMean, HeatMap
from longtail.sweep.analysis.marginals import heat_map as means_of

LOG = Axis(LAMBDA, "tail_frequency", LogUniform(1e-4, 1e-1), 3)
UP = Axis("b", "b", Uniform(0.0, 1.0), 2)
PAIR = Axis("a", "a", Choice(("x", "y")), 2)
TRIALS = [
    trial_of(0, 0.1, {LAMBDA: 1e-4, "b": 0.1}),
    trial_of(1, 0.2, {LAMBDA: 1e-4, "b": 0.2}),
    trial_of(2, 0.3, {LAMBDA: 1e-2, "b": 0.9}),
    trial_of(3, 0.3, {LAMBDA: 1e-3, "b": 0.1}, state="stopped"),
    msgspec.structs.replace(trial_of(4, 0.3, {LAMBDA: 1e-3, "b": 0.9}), state="failed"),
    trial_of(5, -1.0, {LAMBDA: 1e-4, "b": 0.9}),
]


def cells() -> Cells:
    return Cells("AP", LOG, UP, means_of(LOG, UP, TRIALS, {0: 0.1, 1: 0.2, 2: 0.3}), TRIALS)


def test_cells_have_means_counts_and_corners_from_the_bottom_up() -> None:
    table = cell_table(cells())
    assert len(table) == 6
    first = table.iloc[0]
    assert (first["mean"], first["trials"]) == (pytest.approx(15.0), 2)
    assert tuple(first[["x0", "x1", "y0", "y1"]]) == pytest.approx((0, 1 / 3, 0, 0.5))
    assert list(table["best"]) == [False, False, False, False, False, True]
    assert found(table) == "Best: 0.01 to 0.1, 0.5 to 1 with 30.00, trials: 1."


def test_none_has_a_cell_before_those_of_numbers() -> None:
    axis = Axis("a", "a", Choice((0.5, None, 0.1)), 3)
    trials = [trial_of(0, 0.1, {"a": None, "b": 0.1}), trial_of(1, 0.2, {"a": 0.5, "b": 0.1})]
    means = means_of(axis, UP, trials, {0: 0.1, 1: 0.2})
    low = cell_table(Cells("AP", axis, UP, means, trials))[:3]
    assert [name.partition(",")[0] for name in low["name"]] == ["none", "0.1", "0.5"]
    assert low["mean"].tolist() == pytest.approx([10.0, float("nan"), 20.0], nan_ok=True)
    assert low["hole"].tolist() == ["", "not tried", ""]


def test_an_empty_cell_says_why() -> None:
    table = cell_table(cells())
    assert list(table["hole"]) == ["", "stopped", "not tried", "not defined", "failed", ""]
    assert list(table["mean"].isna()) == [bool(hole) for hole in table["hole"]]


def test_the_picture_has_numbers_holes_and_edges(capfd: pytest.CaptureFixture[str]) -> None:
    svg = svg_of(heat_map(cells(), "3 finished trials", "h"))
    for text in ("15.00", "n 2", "30.00", "n 1", "not tried", "0.0001", "tail_frequency"):
        assert f">{text}<" in svg
    assert "WARN" not in capfd.readouterr().err


def test_equal_cells_have_no_best_and_one_colour(capfd: pytest.CaptureFixture[str]) -> None:
    cell = BinMean("x", 0.2, 1)
    same = Cells("AP", PAIR, PAIR, HeatMap("a", "a", ((cell, cell), (cell, cell))), ())
    assert not cell_table(same)["best"].any()
    assert svg_of(heat_map(same, "4 finished trials", "h")).count(">20.00<") == 5
    assert "WARN" not in capfd.readouterr().err


def test_cells_that_differ_below_the_digits_that_are_shown_are_equal() -> None:
    row = BinMean("x", 0.000361, 1), BinMean("y", 0.000399, 1)
    alike = Cells("AP", PAIR, PAIR, HeatMap("a", "a", (row, row)), ())
    table = cell_table(alike)
    assert not table["best"].any() and not table["light"].any()
    assert found(table) == "No cell is best: all have 0.04."
    # Less than a hundredth of a point stays in the darkest colours.
    low, high = mean_colour("AP", table["mean"]).to_dict()["scale"]["domain"]
    assert high - low == 1


def test_without_a_trial_all_cells_are_holes() -> None:
    none = Cells("AP", PAIR, PAIR, means_of(PAIR, PAIR, [], {}), ())
    assert set(cell_table(none)["hole"]) == {"not tried"}
    assert "No trial." in heat_map(none, "0 finished trials", "h").text


def test_many_columns_take_the_breadth_of_the_page() -> None:
    across = Axis("a", "a", Choice(tuple(range(12))), 2)
    up = Axis("b", "b", Choice(("x", "y")), 2)
    trials = [trial_of(n, 0.2, {"a": n, "b": "x"}) for n in range(12)]
    level = {n: n / 100 for n in range(12)}
    wide = Cells("AP", across, up, means_of(across, up, trials, level), trials)
    assert heat_map(wide, "12 finished trials", "h").broad
    assert not heat_map(cells(), "3 finished trials", "h").broad
    assert cell_table(wide)["mean"].notna().sum() == 12
