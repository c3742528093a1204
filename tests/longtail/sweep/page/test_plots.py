"""What the figures of a sweep show."""

from xml.etree import ElementTree

import pytest
from support.sweep_scene import LAMBDA, trial_of

from longtail.config.search_space import Choice, LogUniform, Uniform
from longtail.sweep.analysis.axis import Axis
from longtail.sweep.analysis.marginals import BinMean, HeatMap, heat_map, marginal
from longtail.sweep.page.curve_plot import curve_plot
from longtail.sweep.page.heat_map_plot import heat_map_plot, is_broad
from longtail.sweep.page.importance_plot import importance_plot
from longtail.sweep.page.marginal_plot import marginal_plot
from longtail.sweep.page.pareto_plot import pareto_plot
from longtail.sweep.trial import Rung, Trial

Element = ElementTree.Element
LOG = Axis(LAMBDA, "tail_frequency", LogUniform(1e-4, 1e-1), 3)


def of_class(svg: str, name: str, tag: str) -> list[Element]:
    found = ElementTree.fromstring(svg).iter(f"{{http://www.w3.org/2000/svg}}{tag}")
    return [element for element in found if name in str(element.get("class")).split()]


def number(element: Element, attribute: str) -> float:
    return float(str(element.get(attribute)))


def text_of(svg: str) -> str:
    return "\n".join(ElementTree.fromstring(svg).itertext())


def test_a_marginal_plot_fills_finished_trials_on_a_log_axis() -> None:
    trials = [
        trial_of(0, 0.1, {LAMBDA: 1e-4}),
        trial_of(1, 0.3, {LAMBDA: 1e-3}),
        trial_of(2, 0.2, {LAMBDA: 1e-2}, state="stopped", step=100),
        trial_of(3, -1.0, {LAMBDA: 1e-2}),
    ]
    means = marginal(LOG, trials, {0: 0.1, 1: 0.3})
    svg = marginal_plot("m", "AP", LOG, means, trials, base=0.00177, best=1)
    (first,) = of_class(svg, "finished", "circle")
    (second,) = of_class(svg, "best-of-all", "circle")
    (third,) = of_class(svg, "stopped", "circle")
    x = [number(element, "cx") for element in (first, second, third)]
    assert x[1] - x[0] == pytest.approx(x[2] - x[1], abs=0.2)
    assert number(second, "cy") < number(third, "cy") < number(first, "cy")
    assert len(of_class(svg, "mean", "path")) == 2
    assert len(of_class(svg, "base", "path")) == 1
    assert "trial 2, stopped after 100 iterations: AP 20.00 at 0.01" in text_of(svg)


def test_a_base_value_that_is_not_searched_is_not_marked() -> None:
    means = marginal(LOG, [], {})
    svg = marginal_plot("m", "AP", LOG, means, [], base=None, best=None)
    assert of_class(svg, "base", "path") == []
    assert "No trial." in text_of(svg)


def test_trials_of_the_same_choice_stand_beside_each_other() -> None:
    axis = Axis("a", "a", Choice(("x", "y")), 2)
    trials = [trial_of(n, 0.1 * n, {"a": "x"}) for n in range(4)]
    svg = marginal_plot("m", "AP", axis, marginal(axis, [], {}), trials, base="y", best=None)
    x = [number(dot, "cx") for dot in of_class(svg, "finished", "circle")]
    assert len(set(x)) == 4
    assert max(x) < 48 + (460 - 48 - 18) / 2


def test_a_heat_map_shows_means_and_counts_and_frames_the_best() -> None:
    down = Axis("b", "b", Uniform(0.0, 1.0), 2)
    points = [(1e-4, 0.1), (1e-4, 0.2), (1e-2, 0.9)]
    trials = [trial_of(n, 0.0, {LAMBDA: a, "b": b}) for n, (a, b) in enumerate(points)]
    cells = heat_map(LOG, down, trials, {0: 0.1, 1: 0.2, 2: 0.3})
    svg = heat_map_plot("h", "AP", LOG, down, cells)
    assert len(of_class(svg, "heat", "rect")) == 2
    assert len(of_class(svg, "nothing", "rect")) == 4
    low, high = of_class(svg, "heat", "rect")
    assert number(low, "y") > number(high, "y")
    assert number(low, "fill-opacity") < number(high, "fill-opacity")
    (best,) = of_class(svg, "best", "rect")
    assert (best.get("x"), best.get("y")) == (high.get("x"), high.get("y"))
    for words in ("15.00", "n 2", "30.00", "n 1", "Best: 0.01 to 0.1, 0.5 to 1 with 30.00"):
        assert words in text_of(svg)


def test_equal_cells_have_no_best() -> None:
    axis = Axis("a", "a", Choice(("x", "y")), 2)
    cell = BinMean("x", 0.2, 1)
    svg = heat_map_plot("h", "AP", axis, axis, HeatMap("a", "a", ((cell, cell), (cell, cell))))
    assert of_class(svg, "best", "rect") == []
    assert "No trial." in text_of(
        heat_map_plot("h", "AP", axis, axis, heat_map(axis, axis, [], {}))
    )


def test_many_columns_make_a_broad_map_with_numbers() -> None:
    across = Axis("a", "a", Choice(tuple(range(12))), 2)
    down = Axis("b", "b", Choice(("x", "y")), 2)
    trials = [trial_of(n, 0.2, {"a": n, "b": "x"}) for n in range(12)]
    cells = heat_map(across, down, trials, {n: n / 100 for n in range(12)})
    svg = heat_map_plot("h", "AP", across, down, cells)
    assert is_broad(across) and not is_broad(down)
    assert len(of_class(svg, "heat-value", "text")) == 12


def test_curves_of_stopped_trials_end_early() -> None:
    rungs = [Rung(step, {"AP": step / 3000}) for step in (100, 300, 900)]
    trials = [
        Trial(0, {}, "finished", rungs, "t", "e", 0.0),
        Trial(1, {}, "stopped", rungs[:2], "t", "e", 0.0),
        Trial(2, {}, "failed", [], "t", "e", 0.0, "boom"),
        Trial(3, {}, "finished", rungs, "t", "e", 0.0),
    ]
    svg = curve_plot("c", "AP", trials, best=3)
    (finished,) = of_class(svg, "finished", "circle")
    (stopped,) = of_class(svg, "stopped", "circle")
    assert number(stopped, "cx") < number(finished, "cx")
    assert len(of_class(svg, "curve", "path")) == 3
    assert of_class(svg, "curve", "path")[-1].get("class") == "curve best-of-all"
    assert "100: 3, 300: 3, 900: 2" in text_of(svg)


def test_a_pareto_plot_numbers_the_front() -> None:
    values = [(0.3, 0.1), (0.2, 0.2), (0.1, 0.1)]
    trials = [trial_of(n, {"AP": a, "APr": b}) for n, (a, b) in enumerate(values)]
    svg = pareto_plot("p", "AP", "APr", trials, [0, 1])
    assert len(of_class(svg, "member", "circle")) == 2
    assert len(of_class(svg, "finished", "circle")) == 1
    (steps,) = of_class(svg, "front", "path")
    assert str(steps.get("d")).count("V") == 2
    assert "Not dominated: trial 0, AP 30.00, APr 10.00; trial 1" in text_of(svg)
    assert of_class(pareto_plot("p", "AP", "APr", [], []), "front", "path") == []


def test_bars_are_as_long_as_the_shares() -> None:
    shares = {"AP": {"a.x": 0.75, "a.y": 0.25}, "APr": {"a.y": 0.5, "a.x": 0.5}}
    svg = importance_plot("i", {"a.x": "x", "a.y": "y"}, shares)
    first, second = of_class(svg, "first", "rect")
    assert number(first, "width") == pytest.approx(3 * number(second, "width"), abs=0.2)
    assert len(of_class(svg, "second", "rect")) == 2
    assert "75%" in text_of(svg)
