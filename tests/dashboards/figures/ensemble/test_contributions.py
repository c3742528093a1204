"""Who found the objects of a merge."""

import pandas as pd
import pytest
from support.dashboards.charts import assert_compiles
from support.dashboards.made_merge import made_statistics

from dashboards.figures.ensemble.contributions import (
    agreement_table,
    contributions,
    found_table,
)


def _counts(table: pd.DataFrame) -> dict[tuple[str, str], int]:
    return {(of.name, of.state): of.objects for of in table.itertuples(index=False)}


def test_objects_are_counted_by_sources_that_agree() -> None:
    assert _counts(agreement_table(made_statistics())) == {
        ("1 source", "one alone, kept"): 2,
        ("1 source", "one alone, cut"): 1,
        ("2 sources", "several, cut"): 1,
        ("3 sources", "several, kept"): 1,
    }


def test_objects_are_counted_for_each_source_that_found_them() -> None:
    table = found_table(made_statistics())
    assert _counts(table) == {
        ("a", "several, kept"): 1,
        ("a", "one alone, kept"): 1,
        ("a", "several, cut"): 1,
        ("b", "several, kept"): 1,
        ("b", "several, cut"): 1,
        ("c", "several, kept"): 1,
        ("c", "one alone, kept"): 1,
        ("c", "one alone, cut"): 1,
    }
    assert table[table.name == "b"].share.tolist() == [0.5, 0.5]


def test_the_figure_compiles(capfd: pytest.CaptureFixture[str]) -> None:
    figure = contributions(made_statistics())
    assert figure is not None and "Pale" in figure.text
    assert len(assert_compiles(figure, capfd)) == 2


def test_without_masks_nothing_is_said_to_be_cut(capfd: pytest.CaptureFixture[str]) -> None:
    statistics = made_statistics()
    for state in ("kept", "cut"):
        statistics["cap"][state] = {"r": 0, "c": 0, "f": 0}
    figure = contributions(statistics)
    assert figure is not None and "Pale" not in figure.text
    assert not any(table.state.str.contains("cut").any() for table in figure.tables.values())
    assert_compiles(figure, capfd)


def test_merges_of_before_did_not_count_it() -> None:
    statistics = made_statistics()
    del statistics["fusion"]["clusters_kept_by_sources"]
    assert contributions(statistics) is None
