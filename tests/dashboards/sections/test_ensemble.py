"""The section of merges."""

import json
import re
from pathlib import Path

import pytest
from support.dashboards.made_merge import (
    made_calibration,
    made_merge_evaluation,
    made_statistics,
)

from dashboards.figure import Figure
from dashboards.section import Note, Section
from dashboards.sections.ensemble import ensemble
from dashboards.sources.found import Found, Report
from dashboards.tables import Table, html_table

REQUEST = {
    "settings": {"max_dets": 300, "margins": {"rare": 0.1, "common": 0.05}},
    "sources": [{"name": "a"}, {"name": "b"}],
}


def _found(name: str = "made", **tree: object) -> Found:
    whole = {
        "request": REQUEST,
        "statistics": made_statistics(),
        "evaluation": made_merge_evaluation(),
        "calibration": made_calibration(),
    }
    return Found(name, "merge", tree={**whole, **tree})


def _section(*found: Found) -> Section:
    section = ensemble(Report("", found))
    assert section is not None
    return section


def _table(section: Section, name: str) -> Table:
    return next(of for of in section.blocks if isinstance(of, Table) and of.name == name)


def test_everything_of_a_merge_has_its_place() -> None:
    blocks = _section(_found()).blocks
    assert [of.name for of in blocks if isinstance(of, Figure | Table)] == [
        "merge-steps",
        "merge-step-table",
        "merge-contributions",
        "merge-source-table",
        "merge-cap",
        "merge-margins",
        "merge-calibration",
    ]


def test_the_table_of_steps_has_their_verdicts() -> None:
    rows = {row["name"]: row for row in _table(_section(_found()), "merge-step-table").rows}
    assert [row["verdict"] for row in rows.values()] == [
        None, None, None, "higher", "lower", "not told apart",
    ]  # fmt: skip
    assert rows["+ fusion"]["AP"] == pytest.approx(35)
    assert rows["+ fusion"]["change_interval"] == "+8.00 to +12.00"
    assert rows["b"]["interval"] == "25.00 to 35.00"
    html = html_table(_table(_section(_found()), "merge-step-table"))
    assert "not defined" in html and "nan" not in html


def test_a_step_that_changed_nothing_is_the_same_and_no_cell_is_blank() -> None:
    tree = made_merge_evaluation()
    cap = tree["steps"]["cap"]
    cap["change"]["AP"] = 0.0
    cap["change_intervals"]["AP"] = {"low": 0.0, "high": 0.0, "standard_error": 0.0}
    table = _table(_section(_found(evaluation=tree)), "merge-step-table")
    assert [row["verdict"] for row in table.rows if row["name"] == "+ cap"] == ["the same"]
    assert not re.findall(r"<td[^>]*></td>", html_table(table))


def test_the_table_of_sources_has_the_counts_of_the_statistics() -> None:
    rows = {row["name"]: row for row in _table(_section(_found()), "merge-source-table").rows}
    shown = ("objects", "kept", "alone", "alone_kept", "alone_r", "alone_f")
    assert [rows["c"][key] for key in shown] == [3, 2, 2, 1, 0, 1]
    assert [rows["a"][key] for key in shown] == [3, 2, 1, 1, 1, 0]
    assert rows["b"]["share"] == pytest.approx(1 / 3)


def test_merges_have_names_of_their_own() -> None:
    section = _section(_found("one"), _found("two"))
    names = [of.name for of in section.blocks if isinstance(of, Figure | Table)]
    assert len(set(names)) == len(names) == 14
    assert [of.text for of in section.blocks if isinstance(of, Note)] == [
        "The merge one.", "The merge two.",
    ]  # fmt: skip


def test_what_is_not_there_is_left_out() -> None:
    section = _section(_found(evaluation={}, statistics={}, calibration=None))
    assert [of.name for of in section.blocks if isinstance(of, Figure)] == ["merge-margins"]
    assert ensemble(Report("", (Found("grid", "grid"),))) is None


@pytest.mark.slow
def test_a_real_merge_is_shown_with_its_numbers(tmp_path: Path) -> None:
    from support.dashboards.made_merge import make_merge

    from dashboards.sources.merge import read_merge

    out = make_merge(tmp_path, "--resamples=20")
    section = _section(read_merge(out))
    tree = json.loads((out / "evaluation.json").read_text())
    last = _table(section, "merge-step-table").rows[-1]
    assert last["AP"] == pytest.approx(100 * tree["steps"]["merged"]["segm"]["AP"])
    statistics = json.loads((out / "stats.json").read_text())
    for row in _table(section, "merge-source-table").rows:
        clusters = statistics["sources"][row["name"]]["clusters"]
        assert row["alone_kept"] == sum(clusters["alone_kept"].values())
