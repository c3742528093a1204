import pytest
from support.dashboards.drawn import check_quiet, drawn_words
from support.dashboards.made_diagnosed import made_diagnosed

from dashboards.figures.diagnosis.confusion import cell_table, confusion, fate_counts

MATRIX = [[5, 1, 0, 4], [0, 0, 0, 0], [2, 0, 10, 8], [30, 0, 10, 0]]
TREE = {"matrix": MATRIX, "same_category": {"r": 3, "c": 0, "f": 9}, "pairs": []}


def test_cells_have_counts_and_shares_of_their_line() -> None:
    (row,) = made_diagnosed("")
    row.diagnosis["confusion"].update(TREE)
    table = cell_table([row]).set_index(["object", "detected"])
    assert table.loc[("rare", "as rare"), ["count", "share"]].tolist() == [5, 0.5]
    assert table.loc[("frequent", "not found"), ["count", "share"]].tolist() == [8, 0.4]
    assert table.loc[("no object", "as rare"), ["count", "share"]].tolist() == [30, 0.75]
    assert table.loc["common"]["share"].isna().all()
    # Nobody counts what is neither there nor found.
    assert len(table) == 15 and ("no object", "not found") not in table.index


def test_objects_are_found_as_themselves_as_something_else_or_not() -> None:
    found = [fate_counts({"confusion": TREE}, letter) for letter in "rcf"]
    assert [list(of.values()) for of in found] == [[3, 3, 4], [0, 0, 0], [9, 3, 8]]


def test_a_group_without_objects_is_named() -> None:
    (row,) = made_diagnosed("")
    row.diagnosis["confusion"].update(TREE)
    shown = drawn_words(confusion([row]))
    assert {"rare, 10", "common, none", "frequent, 20", "masks that overlap by 0.5"} <= {*shown}
    assert shown.count("none") == 4
    assert {"50%", "40%", "75%"} <= {*shown}
    text = confusion([row]).text
    assert "40% of rare objects are not found and 30% are taken for another category" in text
    assert "common" not in text


def test_a_row_without_a_diagnosis_says_so() -> None:
    shown = drawn_words(confusion(made_diagnosed("", None)))
    assert shown.count("not diagnosed") == 1
    assert "rare, not diagnosed" in shown


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    check_quiet(confusion(made_diagnosed("", None, "c")), capfd)
