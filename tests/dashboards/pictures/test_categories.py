"""Which categories are shown, by hand."""

from pathlib import Path

import pytest
from support.dashboards.picture_scene import instance, write_annotations

from dashboards.pictures.categories import choose_categories, named_categories
from dashboards.pictures.opened import OpenTruth, ShownRow
from dashboards.sources.pictures import PictureSource

DISC, CUP, KITE, LAMP = range(4)


def opened(folder: Path, categories: tuple[int, ...] = (1, 2, 3, 4)) -> OpenTruth:
    there = [instance(1, category, (0, 0, 20, 20)) for category in categories]
    return OpenTruth(PictureSource(write_annotations(folder, there, 1), folder))


def row(called: str = "row", **ap: float) -> ShownRow:
    numbers = {"disc": 1, "cup": 2, "kite": 3, "lamp": 4}
    return ShownRow(called, Path(), {numbers[name]: value for name, value in ap.items()})


def test_the_rarest_the_worst_and_the_most_changed_take_turns(tmp_path: Path) -> None:
    rows = [
        row("plain", disc=0.5, cup=0.5, kite=0.1, lamp=0.1),
        row("eql", disc=0.5, cup=0.6, kite=0.2, lamp=0.9),
    ]
    chosen = choose_categories(opened(tmp_path), rows, baseline=0, shown=1)
    # A cup has 1 training image, a disc 2.
    assert [(of.label, of.why) for of in chosen] == [
        (CUP, "among the rarest"),
        (KITE, "among the lowest AP of eql"),
        (LAMP, "among the most changed, +80.00 AP from plain to eql"),
        (DISC, "among the rarest"),
    ]


def test_categories_without_ground_truth_are_not_chosen(tmp_path: Path) -> None:
    chosen = choose_categories(opened(tmp_path, (3, 4)), [row(disc=0.0)], 0, 0)
    assert {of.label for of in chosen} == {KITE, LAMP}


def test_undefined_ap_is_neither_worst_nor_changed(tmp_path: Path) -> None:
    chosen = choose_categories(opened(tmp_path), [row(), row(lamp=0.4)], 0, 1)
    assert [(of.label, of.why) for of in chosen] == [
        (CUP, "among the rarest"),
        (LAMP, "among the lowest AP of row"),
        (DISC, "among the rarest"),
        (KITE, "of the split"),
    ]


def test_categories_are_named_by_name_or_id(tmp_path: Path) -> None:
    table = opened(tmp_path).truth.categories
    assert [of.label for of in named_categories(table, ["kite", "1", "kite"])] == [KITE, DISC]


def test_an_unknown_name_is_told_with_those_like_it(tmp_path: Path) -> None:
    table = opened(tmp_path).truth.categories
    with pytest.raises(ValueError, match=r"'kites' is not in .*; did you mean kite"):
        named_categories(table, ["kites"])
    with pytest.raises(ValueError, match="'17' is not in"):
        named_categories(table, ["17"])
