"""What the cap of a merge cuts."""

import math

import pytest
from support.dashboards.charts import assert_compiles
from support.dashboards.drawn import drawn_words
from support.dashboards.made_merge import made_statistics

from dashboards.figures.ensemble.cap_pressure import cap_pressure, cap_table


def test_kept_and_cut_are_those_of_the_statistics() -> None:
    table = cap_table(made_statistics()).set_index(["group", "state"])
    assert table.objects.to_dict() == {
        ("rare", "kept"): 2,
        ("rare", "cut"): 0,
        ("common", "kept"): 0,
        ("common", "cut"): 1,
        ("frequent", "kept"): 1,
        ("frequent", "cut"): 1,
    }
    assert table.cut.loc[[("common", "cut"), ("frequent", "cut")]].tolist() == [1, 0.5]


def test_a_group_without_objects_has_no_share() -> None:
    statistics = made_statistics()
    statistics["cap"]["cut"]["c"] = 0
    table = cap_table(statistics)
    assert all(math.isnan(share) for share in table[table.group == "common"].cut)


def test_the_figure_compiles_and_tells_how_often_the_cap_binds(
    capfd: pytest.CaptureFixture[str],
) -> None:
    figure = cap_pressure(made_statistics(), 300)
    assert figure is not None and "300" in figure.text and "1 of 4 images" in figure.text
    assert_compiles(figure, capfd)


def test_few_objects_are_counted_whole() -> None:
    figure = cap_pressure(made_statistics(), 300)
    assert figure is not None
    ticks = [word for word in drawn_words(figure) if word[0].isdigit() and "%" not in word]
    assert ticks == ["0", "1", "2"]


def test_a_submission_of_boxes_has_a_panel_of_its_own() -> None:
    statistics = made_statistics()
    statistics["boxes"]["kept"]["r"] = 7
    figure = cap_pressure(statistics, 300)
    assert figure is not None and len(figure.panels) == 2


def test_a_merge_of_nothing_has_no_figure() -> None:
    statistics = made_statistics()
    for state in ("kept", "cut"):
        statistics["cap"][state] = {"r": 0, "c": 0, "f": 0}
    assert cap_pressure(statistics, 300) is None
