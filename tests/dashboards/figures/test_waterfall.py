"""Steps of an ablation: where they start and end, how sure they are, in what order they stand."""

import math
from pathlib import Path

import pytest
from support.dashboards.drawn import drawn_words
from support.dashboards.made_results import made_difference, made_rows

from dashboards.figures.waterfall import step_table, waterfall
from dashboards.look import PAGE
from dashboards.pages.vega import compiled


def test_steps_lead_from_the_first_row_to_the_last(tmp_path: Path) -> None:
    rows = made_rows(tmp_path, 3, 30)
    ap = [100 * row.evaluation["segm"]["AP"] for row in rows]
    differences = {("row_1", "row_0"): made_difference("row_1", "row_0", 0.02)}
    table = step_table(rows, differences)
    assert table["row"].tolist() == ["row_0", "row_1", "row_2"]
    assert table["end"].tolist() == pytest.approx(ap)
    assert table["start"].tolist() == pytest.approx([ap[0], ap[0], ap[1]])
    assert table["gain"].tolist()[1:] == pytest.approx([ap[1] - ap[0], ap[2] - ap[1]])
    # The interval of the difference, 0.5 to 3.5 points, from where the step starts.
    assert table["low"][1] == pytest.approx(ap[0] + 0.5)
    assert table["high"][1] == pytest.approx(ap[0] + 3.5)
    assert math.isnan(table["gain"][0]) and math.isnan(table["low"][2])


def test_the_interval_of_a_step_ends_where_ap_does(tmp_path: Path) -> None:
    rows = made_rows(tmp_path, 2, 30)
    made = made_difference("row_1", "row_0", 0.0)
    made.comparison["metrics"]["AP"].update(low=-0.99, high=0.99)
    figure = waterfall(rows, {("row_1", "row_0"): made})
    table = figure.tables["waterfall"]
    assert (table["low"][1], table["high"][1]) == (0, 100)
    assert "Intervals end where AP does" in figure.text
    (spec,) = figure.panel_specs(PAGE)
    (x,) = (scale for scale in compiled(spec)["scales"] if scale["name"] == "x")
    assert x["domain"] == [0, 100]


def test_a_step_is_better_worse_not_sure_or_not_known(tmp_path: Path) -> None:
    rows = made_rows(tmp_path, 5, 10)
    made = {1: 0.02, 2: -0.03, 3: 0.01}
    differences = {
        (f"row_{n}", f"row_{n - 1}"): made_difference(f"row_{n}", f"row_{n - 1}", of)
        for n, of in made.items()
    }
    table = step_table(rows, differences)
    assert table["verdict"].tolist()[1:] == ["better", "worse", "not sure", "not known"]


def test_a_step_that_changed_nothing_is_the_same(tmp_path: Path) -> None:
    rows = made_rows(tmp_path, 2, 10)
    made = made_difference("row_1", "row_0", 0.0)
    made.comparison["metrics"]["AP"].update(low=0.0, high=0.0, standard_error=0.0)
    assert step_table(rows, {("row_1", "row_0"): made})["verdict"][1] == "the same"


def test_a_row_without_ap_is_left_out(tmp_path: Path) -> None:
    rows = list(made_rows(tmp_path, 3, 10))
    rows[1].evaluation["box"]["AP"] = rows[1].evaluation["segm"]["AP"] = -1.0
    table = step_table(rows, {})
    assert table["row"].tolist() == ["row_0", "row_2"] and table["above"][1] == "row_0"


def test_rows_are_drawn_in_their_order_with_gains(tmp_path: Path) -> None:
    rows = made_rows(tmp_path, 12, 20)
    words = drawn_words(waterfall(rows, {}))
    assert [word for word in words if word.startswith("row_")] == [row.name for row in rows]
    first, second = (100 * row.evaluation["segm"]["AP"] for row in rows[:2])
    assert f"{first:.1f}" in words and f"{second - first:+.1f}".replace("-", "\u2212") in words


def test_a_hundred_rows_are_thirty_and_it_says_so(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    figure = waterfall(made_rows(tmp_path, 100, 3), {})
    assert len(figure.tables["waterfall"]) == 30 and "first 30 of 100 rows" in figure.text
    for spec in figure.panel_specs(PAGE):
        compiled(spec)
    assert "WARN" not in "".join(capfd.readouterr())
