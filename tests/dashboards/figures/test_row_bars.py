"""Bars of rows: values of the evaluation, holes that are named, long names that stay apart."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from support.dashboards.drawn import drawn_words
from support.dashboards.made_results import made_rows

from dashboards.figure import Figure
from dashboards.figures.bin_bars import bin_bars, bin_table
from dashboards.figures.gap_bars import gap_bars, gap_table
from dashboards.figures.group_bars import group_bars, group_table
from dashboards.figures.row_bars import Bars, row_bars
from dashboards.look import PAGE
from dashboards.pages.vega import compiled
from longtail.categories import INSTANCE_BINS


def figure_of(table: pd.DataFrame) -> Figure:
    panels = row_bars("t", table, [Bars("AP", "AP, points", "grey")])
    return Figure("t", "T", "", panels, {"t": table})


def test_groups_have_the_values_and_intervals_of_the_evaluation(tmp_path: Path) -> None:
    rows = made_rows(tmp_path, 2, 40)
    table = group_table(rows, baseline="row_1")
    assert table["is_baseline"].tolist() == [False, True]
    for key in ("AP", "APr", "APc", "APf"):
        of = rows[0].evaluation["intervals"]["segm"]["metrics"][key]
        assert table[key][0] == pytest.approx(100 * rows[0].evaluation["segm"][key])
        assert table[f"{key}_low"][0] == pytest.approx(100 * of["low"])
        assert table[f"{key}_high"][0] == pytest.approx(100 * of["high"])


def test_an_interval_ends_where_ap_does(tmp_path: Path) -> None:
    rows = made_rows(tmp_path, 2, 40)
    assert "Intervals end" not in group_bars(rows).text
    intervals = rows[0].evaluation["intervals"]["segm"]["metrics"]
    intervals["APr"] |= {"low": -0.03}
    intervals["APf"] |= {"high": 1.02}
    table = group_table(rows)
    assert (table["APr_low"][0], table["APf_high"][0]) == (0, 100)
    assert group_bars(rows).text.endswith("Intervals end where AP does, at 0 and 100.")


def test_without_intervals_there_are_bars_alone(tmp_path: Path) -> None:
    (row,) = made_rows(tmp_path, 1, 40)
    bare = {key: value for key, value in row.evaluation.items() if key != "intervals"}
    figure = group_bars([replace(row, evaluation=bare)])
    assert figure.tables["group-bars"]["AP_low"].isna().all()
    assert f"{100 * row.evaluation['segm']['AP']:.1f}" in drawn_words(figure)


def test_boxes_have_their_own_values(tmp_path: Path) -> None:
    rows = made_rows(tmp_path, 2, 10)
    table = group_table(rows, kind="box")
    assert table["AP"][1] == pytest.approx(100 * rows[1].evaluation["box"]["AP"])
    assert group_bars(rows, kind="box").title == "Box AP by frequency group"


def test_bins_are_those_of_the_evaluation_and_empty_ones_are_named(tmp_path: Path) -> None:
    rows = made_rows(tmp_path, 2, 40)
    for row in rows:
        row.evaluation["bins"][INSTANCE_BINS[2]] = -1.0
    table = bin_table(rows)
    value = rows[0].evaluation["bins"][INSTANCE_BINS[0]]
    assert table[INSTANCE_BINS[0]][0] == pytest.approx(100 * value)
    assert table[INSTANCE_BINS[2]].isna().all()
    figure = bin_bars(rows)
    assert "No category of 100 to 999 instances is judged." in figure.text
    assert len(figure.panels) == table[list(INSTANCE_BINS)].notna().any().sum() < 4


def test_gaps_are_box_ap_less_mask_ap(tmp_path: Path) -> None:
    rows = made_rows(tmp_path, 2, 40)
    segm, box = rows[0].evaluation["segm"], rows[0].evaluation["box"]
    segm["APm"] = -1.0
    table = gap_table(rows)
    assert table["all"][0] == pytest.approx(100 * (box["AP"] - segm["AP"]))
    assert table["r"][0] == pytest.approx(100 * (box["APr"] - segm["APr"]))
    assert table["APs"][0] == pytest.approx(100 * (box["APs"] - segm["APs"]))
    assert pd.isna(table["APm"][0]) and not pd.isna(table["APm"][1])
    assert drawn_words(gap_bars(rows)).count("not defined") == 1


def test_an_undefined_value_is_a_hole_and_says_so() -> None:
    table = pd.DataFrame(
        {"row": ["a", "b"], "is_baseline": [True, False], "AP": [12.34, float("nan")]}
    )
    words = drawn_words(figure_of(table))
    assert "12.3" in words and words.count("not defined") == 1


def test_long_names_lack_their_middle_and_stay_apart() -> None:
    names = [f"a_variant_of_a_rather_long_name_{n}" for n in range(3)]
    table = pd.DataFrame({"row": names, "is_baseline": False, "AP": [1.0, 2.0, 3.0]})
    words = [word for word in drawn_words(figure_of(table)) if "\u2026" in word]
    assert words == [f"a_variant\u2026ng_name_{n}" for n in range(3)]


def test_the_best_thirty_of_a_hundred_rows_are_shown_and_no_chart_warns(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = made_rows(tmp_path, 100, 4)
    best = sorted((row.evaluation["segm"]["AP"] for row in rows), reverse=True)[:30]
    for figure in (group_bars(rows), bin_bars(rows), gap_bars(rows)):
        (table,) = figure.tables.values()
        assert (
            "30 of 100 rows are shown: the best, and the baseline." in figure.text
            and len(table) == 30
        )
        for spec in figure.panel_specs(PAGE):
            compiled(spec)
    assert group_bars(rows).tables["group-bars"]["AP"].tolist() == pytest.approx(
        [100 * ap for ap in best]
    )
    assert "WARN" not in "".join(capfd.readouterr())


def test_a_baseline_that_is_not_among_the_best_is_shown_all_the_same(tmp_path: Path) -> None:
    rows = sorted(made_rows(tmp_path, 32, 10), key=lambda row: row.evaluation["segm"]["AP"])
    worst, best = rows[0].name, [row.name for row in reversed(rows)]
    shown = group_bars(rows, worst).tables["group-bars"]
    assert shown["row"].tolist() == [*best[:29], worst]
    assert shown["is_baseline"].tolist() == [False] * 29 + [True]
    assert group_bars(rows, best[3]).tables["group-bars"]["row"].tolist() == best[:30]
