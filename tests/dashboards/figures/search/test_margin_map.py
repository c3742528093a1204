"""A square for each pair of margins."""

import pytest
from support.dashboards.searches import svg_of

from dashboards.figures.search.margin_map import margin_map, margin_table
from dashboards.look import PAGE
from ensemble.tuning.objective.margins import MAX_COMMON, MAX_RARE, MarginTrials, try_margins
from longtail.evaluation.margins import Margins


class Slope:
    def evaluate(self, margins: Margins) -> dict[str, float]:
        return {"AP": margins.rare, "APr": -1.0, "APc": 0.1, "APf": 0.1}


def tried(rare: float, common: float, number: int, metric: str) -> MarginTrials:
    return try_margins(Slope(), Margins(rare, common), number, [metric])  # type: ignore[arg-type]


def test_every_pair_has_a_square_within_the_range() -> None:
    trials = tried(0.1, 0.05, 100, "AP")
    table = margin_table(trials, "AP")
    assert len(table) == len(trials)
    assert list(zip(table["rare"], table["mean"], strict=True)) == [
        (rare, pytest.approx(100 * rare)) for rare in table["rare"]
    ]
    assert (table["x0"] < table["x1"]).all() and (table["y0"] < table["y1"]).all()
    assert table["x0"].min() >= 0 and table["x1"].max() <= MAX_COMMON
    assert table["y0"].min() >= 0 and table["y1"].max() <= MAX_RARE
    # Of the coarse grid first: the small squares lie on it.
    sides = table["y1"] - table["y0"]
    inside = sides[(table["y0"] > 0) & (table["y1"] < MAX_RARE)]
    assert (inside.round(9).diff().dropna() <= 0).all() and inside.nunique() > 1
    assert (table["rare"].iloc[0], table["common"].iloc[0]) == (0.1, 0.05)


def test_a_group_without_a_category_is_said_to_have_none(capfd: pytest.CaptureFixture[str]) -> None:
    figure = margin_map(tried(0.1, 0.05, 100, "AP"), "3 of 4 images & more.")
    assert figure.tables["margins-apr"].empty
    svg = svg_of(figure)
    assert "APr is not defined: no category of the group occurs" in svg
    assert "3 of 4 images & more." in figure.text
    assert ">common margin<" in svg and ">rare margin<" in svg and ">AP in points<" in svg
    assert "WARN" not in capfd.readouterr().err


def test_a_start_outside_the_range_and_equal_values_are_drawn() -> None:
    trials = tried(0.9, 0.5, 30, "APc")
    trials.metrics["APr"][:] = [0.2] * len(trials)
    assert len(margin_table(trials, "AP")) == len(trials) - 1
    assert set(margin_table(trials, "APr")["mean"]) == {20.0}
    layers = [len(panel["layer"]) for panel in margin_map(trials, "").panel_specs(PAGE)]
    # Of AP the best is the start, which is outside: neither is marked. Of APr all are equal.
    assert layers == [1, 1]
    inside = margin_map(tried(0.1, 0.05, 30, "AP"), "").panel_specs(PAGE)
    assert len(inside[0]["layer"]) == 5
