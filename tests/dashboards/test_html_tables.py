"""Tables as HTML: values, what is not defined, and what sorting goes by."""

from typing import Any

import pytest

from dashboards.tables import Column, Table, html_table


def _cells(value: Any, column: Column | None = None) -> str:
    """The line of a table with a name and a value."""
    column = column or Column("value", "value")
    page = html_table(
        Table("t", "T", [Column("name", "name"), column], [{"name": "a", "value": value}])
    )
    return page.partition("<tbody>")[2].partition("</tbody>")[0]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (1.239, '<td data-value="1.239">1.24</td>'),
        (0.0, '<td data-value="0.0">0.00</td>'),
        (None, '<td class="undefined">not defined</td>'),
        (float("nan"), '<td class="undefined">not defined</td>'),
        ("words", '<td class="text">words</td>'),
        ("34.81 to 36.81", '<td data-value="34.81">34.81 to 36.81</td>'),
        ("\u22121.5 \u00b1 0.2 (x)", '<td data-value="-1.5">\u22121.5 \u00b1 0.2 (x)</td>'),
        ("1,203", '<td data-value="1203.0">1,203</td>'),
        ("3 of them", '<td class="text">3 of them</td>'),
        ("a" * 61, f'<td class="text long">{"a" * 61}</td>'),
        ("<b>", '<td class="text">&lt;b&gt;</td>'),
    ],
)  # fmt: skip
def test_values_are_cells(value: Any, cell: str) -> None:
    assert _cells(value) == f'<tr><th scope="row" class="text">a</th>{cell}</tr>'


def test_intervals_beside_words_are_words() -> None:
    table = Table(
        "t", "T", [Column("name", "name"), Column("value", "value")],
        [{"name": "a", "value": "1 to 2"}, {"name": "b", "value": "stopped"}],
    )  # fmt: skip

    page = html_table(table)
    assert '<td class="text">1 to 2</td>' in page
    assert '<th scope="col" class="text"><button type="button">value</button></th>' in page


def test_undefined_names_of_rows_are_heads_too() -> None:
    page = html_table(Table("t", "T", [Column("name", "name")], [{"name": None}]))

    assert '<th scope="row" class="undefined text">not defined</th>' in page


def test_titles_texts_and_classes_are_escaped() -> None:
    hostile = '"><script>'
    table = Table(
        "t", hostile, [Column("name", hostile, hint=hostile)], [{"name": hostile}], hostile,
        classes=lambda row: hostile,
    )  # fmt: skip

    assert "<script>" not in html_table(table)


def test_best_number_is_bold() -> None:
    column = Column("value", "value", best="low")
    table = Table(
        "t", "T", [Column("name", "name"), column],
        [{"name": "a", "value": 2.0}, {"name": "b", "value": 1.0}],
    )  # fmt: skip

    page = html_table(table)
    assert '<td data-value="1.0"><b>1.00</b></td>' in page
    assert '<td data-value="2.0">2.00</td>' in page


def test_column_without_a_title_has_no_button() -> None:
    table = Table("t", "T", [Column("name", "name"), Column("note", "")], [{"name": "a"}])

    assert html_table(table).count("<button") == 1


def test_numbers_that_look_equal_have_no_best() -> None:
    columns = [Column("name", "name"), Column("value", "value", best="high")]

    def bold(*values: float) -> int:
        return html_table(
            Table("t", "", columns, [{"name": "a", "value": value} for value in values])
        ).count("</b></td>")

    assert bold(0.0361, 0.0399) == 0
    assert bold(0.0361, 0.0461) == 1
