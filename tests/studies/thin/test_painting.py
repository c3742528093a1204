"""The data set of the study of thin objects."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from docs.studies.thin.painting import LOOKS, Painted, labels_of, write_thin_set
from longtail.data.lvis.annotations import open_annotations

SMALL = Painted(images=6, val_images=30, side=96, seed=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("thin")
    write_thin_set(out, SMALL)
    return out


def tree_of(folder: Path, name: str) -> Any:
    return json.loads((folder / f"{name}.json").read_text())


def test_three_images_show_every_category_once() -> None:
    for first in (0, 3, 57):
        shown = [label for i in range(first, first + 3) for label in labels_of(0, 1, i)]
        assert sorted(shown) == list(range(len(LOOKS)))
    assert labels_of(0, 0, 0) != labels_of(0, 0, 3)


def test_everything_is_annotated_and_verified(folder: Path) -> None:
    tree = tree_of(folder, "val")
    shown = {i: Counter[int]() for i in range(7, 37)}
    for annotation in tree["annotations"]:
        shown[annotation["image_id"]][annotation["category_id"]] += 1
    for image in tree["images"]:
        assert not image["not_exhaustive_category_ids"]
        assert {*image["neg_category_ids"]} | {*shown[image["id"]]} == set(range(1, 10))
        assert not {*image["neg_category_ids"]} & {*shown[image["id"]]}


def test_thin_shapes_fill_little_of_their_boxes(folder: Path) -> None:
    # Of boxes that are not too narrow: a stick along an axis fills its box.
    tree = tree_of(folder, "val")
    letters = {c["id"]: c["frequency"] for c in tree["categories"]}
    filled: dict[str, list[float]] = {"r": [], "c": [], "f": []}
    for annotation in tree["annotations"]:
        width, height = annotation["bbox"][2:]
        if max(width, height) < 2 * min(width, height):
            share = annotation["area"] / (width * height)
            filled[letters[annotation["category_id"]]].append(share)
    assert sorted(filled["r"])[len(filled["r"]) // 2] < 0.25
    assert 0.25 < sorted(filled["c"])[len(filled["c"]) // 2] < 0.6
    assert sorted(filled["f"])[len(filled["f"]) // 2] > 0.6


def test_the_same_seed_gives_the_same_files_and_training_can_read_them(
    folder: Path, tmp_path: Path
) -> None:
    train, val, _ = write_thin_set(tmp_path, SMALL)
    assert train.read_bytes() == (folder / "train.json").read_bytes()
    assert val.read_bytes() == (folder / "val.json").read_bytes()
    assert open_annotations(train).num_images == SMALL.images


def test_other_parameters_paint_anew(tmp_path: Path) -> None:
    write_thin_set(tmp_path, Painted(3, 3, 64, 0))
    before = (tmp_path / "val.json").read_bytes()
    write_thin_set(tmp_path, Painted(3, 3, 64, 0))
    assert (tmp_path / "val.json").read_bytes() == before
    write_thin_set(tmp_path, Painted(3, 3, 64, 1))
    assert (tmp_path / "val.json").read_bytes() != before
