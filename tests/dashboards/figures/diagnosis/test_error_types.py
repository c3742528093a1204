from typing import Any

import pytest
from support.dashboards.drawn import check_quiet, drawn_words
from support.dashboards.made_diagnosed import made_diagnosed

from dashboards.figures.diagnosis.error_types import error_types, missed_counts
from dashboards.sources.found import Row

WORDS = {
    "background": "on nothing",
    "localisation": "place",
    "classification": "category",
    "both": "place and category",
    "duplicate": "duplicate",
}


def shares(figure_table: Any, row: int, group: str) -> dict[str, tuple[int, float]]:
    lines = figure_table[(figure_table["row"] == row) & (figure_table["group"] == group)]
    return {
        of.part: (of.count_, of.share)
        for of in lines.rename(columns={"count": "count_"}).itertuples()
    }


def test_parts_are_the_counts_of_the_diagnosis() -> None:
    rows = made_diagnosed("", "c")
    table = error_types(rows).tables["errors"]
    names = {"all": "all", "r": "rare", "c": "common", "f": "frequent"}
    for number, row in enumerate(rows):
        errors = row.diagnosis["errors"]
        for group, name in names.items():
            total = sum(errors[kind][group] for kind in WORDS)
            if not total:
                continue
            expected = {
                words: (errors[kind][group], round(errors[kind][group] / total, 4))
                for kind, words in WORDS.items()
            }
            assert shares(table, number, name) == expected


def test_missed_objects_are_parts_of_the_objects_of_their_group() -> None:
    (row,) = made_diagnosed("")
    objects = {
        letter: sum(line)
        for letter, line in zip("rcf", row.diagnosis["confusion"]["matrix"], strict=False)
    }
    missed = row.diagnosis["errors"]["missed"]
    assert missed_counts(row.diagnosis, "r")["missed"] == missed["r"]
    assert sum(missed_counts(row.diagnosis, "r").values()) == objects["r"]
    everything = missed_counts(row.diagnosis, "all")
    assert sum(everything.values()) == row.diagnosis["counts"]["objects"]


def test_groups_without_anything_are_named_and_the_most_frequent_error_is_told() -> None:
    rows = made_diagnosed("c")
    errors = rows[0].diagnosis["errors"]
    for kind in WORDS:
        errors[kind]["r"] = 60 if kind == "localisation" else 10
    figure = error_types(rows)
    assert drawn_words(figure).count("common, none") == 2
    assert "rare, 100" in drawn_words(figure)
    assert "60% of rare: place" in figure.text and "common" not in figure.text


def test_a_row_without_a_diagnosis_says_so() -> None:
    bare = Row("bare", "result", {})
    shown = drawn_words(error_types([*made_diagnosed(""), bare]))
    assert shown.count("rare, not diagnosed") == 2


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    check_quiet(error_types(made_diagnosed("", None, "c")), capfd)
