"""An experiment gets the views for which it has something."""

from collections.abc import Mapping

from dashboards.views.chosen import ROWS, Search, axes_of, differing, views_of
from longtail.tracking.experiment import SeenRun

AP = {"val/AP": 20.0, "val/APr": 5.0}


def run_of(
    name: str,
    params: Mapping[str, str] | None = None,
    metrics: Mapping[str, float] = AP,
    started: int = 0,
) -> SeenRun:
    """A run that is called as its variant is."""
    return SeenRun(name, name, started, {"longtail.variant_name": name}, params or {}, metrics)


def test_parameters_that_differ_are_columns_those_that_most_rows_have_first() -> None:
    runs = [
        run_of("a", {"same": "1", "loss": "x", "seed": "0"}),
        run_of("b", {"same": "1", "loss": "y", "seed": "0"}),
        run_of("c", {"same": "1", "loss": "y"}),
    ]
    assert differing(runs) == ["loss", "seed"]
    rows = views_of(runs, None)[0]
    assert rows.columns == [
        "metrics.`val/AP`",
        "metrics.`val/APr`",
        "params.`loss`",
        "params.`seed`",
    ]
    assert (rows.condition, rows.order_by) == (ROWS, "metrics.`val/AP`")


def test_the_difference_is_from_the_first_row() -> None:
    views = {view.id: view for view in views_of([run_of("b", started=2), run_of("a")], None)}
    (section,) = views["longtail-difference"].sections
    assert section.charts[0]["baselineColumnUuid"] == "a"
    assert views["longtail-means"].folded == ["b", "a"]
    assert views["longtail-scatter"].opens_charts


def test_one_row_without_rare_categories_has_neither_difference_nor_scatter() -> None:
    views = views_of([run_of("a", metrics={"val/AP": 1.0})], None)
    assert [view.id for view in views] == ["longtail-rows", "longtail-means"]
    assert [chart["metricKey"] for chart in views[0].sections[0].charts] == ["val/AP"]


def test_nothing_is_shown_of_nothing() -> None:
    assert views_of([], None) == []
    assert views_of([], Search("x", [run_of("trial 0", {"a": "1"})])) == []


def test_a_search_has_logarithms_where_they_are_kept() -> None:
    trials = [
        run_of("trial 0", {"s.0.rate": "0.1", "log10_rate": "-1.0", "s.0.alpha": "1"}),
        run_of("trial 1", {"s.0.rate": "0.01", "log10_rate": "-2.0", "s.0.alpha": "2"}),
    ]
    assert axes_of(trials) == ["log10_rate", "s.0.alpha"]
    (view,) = views_of([], Search("found", trials))
    parallel, over_two = view.sections
    assert parallel.charts[0]["selectedParams"] == ["log10_rate", "s.0.alpha"]
    assert [chart["zaxis"]["key"] for chart in over_two.charts] == ["val/AP", "val/APr"]
    assert view.condition == "found"


def test_a_word_is_no_axis_of_a_contour() -> None:
    trials = [run_of(str(n), {"word": "ab"[n], "number": str(n)}) for n in range(2)]
    (view,) = views_of([], Search("found", trials))
    assert [section.title for section in view.sections] == ["All trials"]
