"""Tables fit the console: whole words, whole numbers, no empty columns."""

import re

from rich.console import Console
from rich.text import Text

from longtail.printed_table import (
    PrintedTable,
    number_columns,
    text_columns,
    word_columns,
)

LONG = "calibration_2019_6_very_long_row_name"


def printed(table: PrintedTable, width: int) -> list[str]:
    console = Console(width=width)
    with console.capture() as capture:
        console.print(table)
    return [line.rstrip() for line in capture.get().splitlines()]


def ranking(name: str = LONG) -> PrintedTable:
    columns = [*text_columns("", "variant"), *number_columns("AP", "95% interval", "APr", "APc")]
    columns += [*number_columns("box AP", spare=1), *number_columns("gap", spare=2)]
    table = PrintedTable("mask AP", [*columns, *text_columns("state")], num_keys=2)
    table.add("1", name, "12.34", "10.00 to 14.00", "1.00", "-", "11.00", "-1.34", "found finished")
    return table


def test_nothing_is_left_out_where_there_is_room() -> None:
    lines = printed(ranking(), 120)
    for cell in (LONG, "12.34", "10.00 to 14.00", "11.00", "-1.34", "found finished"):
        assert cell in lines[3]
    assert "no room" not in "".join(lines)


def test_spare_columns_go_first_and_are_named() -> None:
    lines = printed(ranking("eql_r50"), 66)
    assert "box AP" in lines[1] and "gap" not in lines[1]
    said = re.fullmatch(r"no room for gap; COLUMNS=(\d+) shows all", lines[-1])
    assert said and "gap" in printed(ranking("eql_r50"), int(said[1]))[1]


def test_names_wrap_at_their_separators_and_numbers_never() -> None:
    lines = printed(ranking(), 70)
    end = lines[1].index(" AP")
    pieces = [line[3 : end - 3].strip() for line in lines[3:5]]
    assert "".join(pieces) == LONG and pieces[0].endswith("_")
    assert "12.34  10.00 to 14.00" in lines[3]


def test_a_column_that_is_empty_in_every_row_is_not_shown() -> None:
    assert "APc" not in "".join(printed(ranking(), 120))


def test_columns_without_room_go_on_below_with_the_names_again() -> None:
    headings = [f"AP{n}" for n in range(20)]
    table = PrintedTable("", [*text_columns("name"), *number_columns(*headings)])
    table.add("eql_r50", *(f"{n}.25" for n in range(20)))
    lines = printed(table, 40)
    assert max(map(len, lines)) <= 40
    parts = [line for line in lines if "eql_r50" in line]
    assert len(parts) > 1
    assert re.findall(r"\d+\.\d+", " ".join(parts)) == [f"{n}.25" for n in range(20)]


def test_words_that_are_to_be_copied_stay_whole() -> None:
    table = PrintedTable("", [*word_columns("node"), *text_columns("what")])
    table.add("stage-0123456789ab", "a training with a long description of what it does")
    assert "stage-0123456789ab" in printed(table, 40)[2]


def test_brackets_of_a_name_are_no_markup() -> None:
    table = PrintedTable("", text_columns("name", "state"))
    table.add("a[red]b", Text("failed", style="red"))
    assert "a[red]b" in "".join(printed(table, 40))


def test_decimals_and_exponents_are_not_broken() -> None:
    table = PrintedTable("", text_columns("chosen", "what"))
    table.add("iou 0.7125, sigma 1e-3, weight -0.25", "x" * 20)
    words = " ".join(printed(table, 36)).split()
    assert {"0.7125,", "1e-3,", "-0.25"} <= set(words)


def test_a_table_without_rows_has_its_headings() -> None:
    assert "AP" in "".join(printed(PrintedTable("", number_columns("AP")), 40))
