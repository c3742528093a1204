"""AP of sources and steps of a merge."""

import pytest
from support.dashboards.charts import assert_compiles
from support.dashboards.made_merge import made_merge_evaluation

from dashboards.figures.ensemble.steps import step_table, steps
from longtail.metrics import GROUP_METRICS, UNDEFINED


def test_the_table_has_points_intervals_and_changes() -> None:
    table = step_table(made_merge_evaluation())
    ap = table[table.metric == "AP"].set_index("name")
    names = ["a", "b", "union", "+ fusion", "+ cap", "+ margins = merged"]
    assert list(ap.index) == names
    assert ap.value.tolist() == pytest.approx([20, 30, 25, 35, 32, 33])
    assert ap.low["+ fusion"] == pytest.approx(30) and ap.high["+ fusion"] == pytest.approx(40)
    assert ap.change[names[2:]].tolist() == pytest.approx([float("nan"), 10, -3, 1], nan_ok=True)
    assert ap.sure.tolist() == [False, False, False, True, True, False]
    assert ap.kind.tolist() == ["source"] * 2 + ["step"] * 4
    assert table[table.metric == "APc"].value.isna().all()


def test_a_change_of_minus_a_hundred_points_is_a_change() -> None:
    tree = made_merge_evaluation()
    tree["steps"]["merged"]["change"]["AP"] = UNDEFINED
    table = step_table(tree)
    assert table[table.metric == "AP"].change.iloc[-1] == -100


def test_intervals_and_axes_end_where_ap_does(capfd: pytest.CaptureFixture[str]) -> None:
    tree = made_merge_evaluation()
    of_ap = tree["sources"]["a"]["intervals"]["segm"]["metrics"]
    of_ap["AP"] |= {"low": -0.02, "high": 0.2}
    of_ap["APf"] |= {"low": 0.9, "high": 1.01}
    table = step_table(tree)
    a = table[table.name == "a"].set_index("metric")
    assert (a.low["AP"], a.high["AP"], a.high["APf"]) == (0, pytest.approx(20), 100)
    figure = steps(tree)
    assert figure is not None and "Intervals end where AP does, at 0 and 100." in figure.text
    for panel in assert_compiles(figure, capfd):
        (x,) = (scale for scale in panel["scales"] if scale["name"] == "x")
        assert 0 <= x["domain"][0] < x["domain"][1] <= 100
    whole = steps(made_merge_evaluation())
    assert whole is not None and "Intervals end" not in whole.text


def test_undefined_metrics_have_no_panel(capfd: pytest.CaptureFixture[str]) -> None:
    figure = steps(made_merge_evaluation())
    assert figure is not None and len(figure.panels) == 3
    (table,) = figure.tables.values()
    assert set(table.metric) == {"AP", "APr", "APf"} and table.value.notna().all()
    titles = [panel["title"]["text"] for panel in assert_compiles(figure, capfd)]
    assert titles == ["AP: all categories", "APr: rare", "APf: frequent"]


def test_boxes_are_shown_where_no_mask_was_judged(capfd: pytest.CaptureFixture[str]) -> None:
    tree = made_merge_evaluation("box")
    tree["steps"] = {"merged": tree["steps"]["merged"]}
    figure = steps(tree, "-2")
    assert figure is not None and figure.name == "merge-steps-2"
    assert "Box AP" in figure.title and "change" not in figure.text
    assert list(figure.tables["merge-steps-2"].name.unique()) == ["a", "b", "merged"]
    assert_compiles(figure, capfd)


def test_nothing_defined_is_no_figure() -> None:
    tree = made_merge_evaluation()
    for row in (*tree["sources"].values(), *tree["steps"].values()):
        for kind in ("segm", "box"):
            row[kind] = dict.fromkeys(GROUP_METRICS, UNDEFINED)
    assert steps(tree) is None
