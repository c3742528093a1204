"""The section of categories: which columns its table has, and what it says where it has none."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
from support.dashboards.made_results import made_evaluation, made_rows

from dashboards.figures.ap_by_images import ap_by_images
from dashboards.section import Html, Note, Section
from dashboards.sections.by_category import DIFFERENCES, by_category, section_of
from dashboards.sources.found import Found, Report, Row


def _table(section: Section | None) -> str:
    assert section is not None
    (html,) = (of.html for of in section.blocks if isinstance(of, Html))
    return html


def test_two_rows_are_compared(tmp_path: Path) -> None:
    rows = made_rows(tmp_path, 2, 5)
    report = Report("", (Found("a", "grid", rows=rows),), rows[0].name)

    table = _table(by_category(report))
    keys = ("name", "group", "images", "instances", "row", "against", "difference")
    assert all(f'data-key="{key}"' in table for key in keys)
    assert "category-real" not in table


def test_one_row_is_not_compared(tmp_path: Path) -> None:
    rows = made_rows(tmp_path, 1, 5)
    report = Report("", (Found("a", "grid", rows=rows),), rows[0].name)

    table = _table(by_category(report))
    assert 'data-key="row"' in table
    assert "against" not in table


def test_real_differences_are_asked_for_where_their_intervals_are_known(tmp_path: Path) -> None:
    rows = made_rows(tmp_path, 2, 5)
    figure = ap_by_images(rows)
    known = pd.DataFrame({"id": [1], "e0_1": [2.0]})
    figure = replace(figure, tables={**figure.tables, DIFFERENCES: known})

    table = _table(section_of(figure, len(rows)))
    assert "category-real" in table
    assert "by chance" in table


def test_no_annotated_category_is_said() -> None:
    tree = made_evaluation(2, 0.3)
    for record in tree["per_category"]:
        record.update(segm_ap=-1, box_ap=-1)
    row = Row("row_0", "variant", tree)

    section = by_category(Report("", (Found("a", "grid", rows=(row,)),), "row_0"))
    assert section is not None
    assert [type(block) for block in section.blocks] == [Note]


def test_no_row_has_no_section() -> None:
    assert by_category(Report("", (Found("a", "grid"),))) is None
