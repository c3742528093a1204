import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ensemble.sources.category_map import NOT_OURS, map_categories, read_categories
from longtail.categories import CategoryTable
from longtail.predictions.columns import DetectionColumns
from longtail.problems import BadInputError
from longtail.rle.codec import pack

OURS = [(3, "bat_(animal)", "bat.n.01"), (5, "baseball_bat", "bat.n.05"), (9, "hot-dog", "")]


def table(rows: list[tuple[int, str, str]]) -> CategoryTable:
    records = [{"id": i, "name": name, "synset": synset} for i, name, synset in rows]
    return CategoryTable.from_records(records, "test", counts_required=False)


def test_synset_comes_before_name() -> None:
    theirs = table([(1, "baseball_bat", "bat.n.01"), (2, "Hot  Dog", "frank.n.02"), (7, "car", "")])
    mapping = map_categories(theirs, table(OURS), "test")
    assert mapping.target.tolist() == [0, 2, NOT_OURS]
    assert mapping.by == ("synset", "name", "")
    assert mapping.known_categories.tolist() == [True, False, True]


def test_a_name_that_two_categories_have_says_nothing() -> None:
    ours = table([(1, "cup", ""), (2, "Cup", ""), (3, "mug", "")])
    mapping = map_categories(table([(1, "cup", ""), (2, "mug", "")]), ours, "test")
    assert mapping.target.tolist() == [NOT_OURS, 2]


def test_nothing_shared_is_bad_input() -> None:
    with pytest.raises(BadInputError, match="none of its 1 categories"):
        map_categories(table([(1, "car", "car.n.01")]), table(OURS), "test")


def test_detections_of_shared_categories_get_our_ids() -> None:
    mapping = map_categories(table([(1, "car", ""), (2, "hot dog", "")]), table(OURS), "test")
    ones = np.ones(3, np.int64)
    counts, offsets = pack([b"06", b"15", b"06"])
    columns = DetectionColumns(
        image_id=ones,
        category_id=np.array([2, 1, 2]),
        score=np.array([0.1, 0.2, 0.3]),
        score_mask=np.array([0.1, 0.2, 0.3]),
        boxes=np.zeros((3, 4)),
        heights=ones,
        widths=ones,
        counts=counts,
        counts_offsets=offsets,
    )
    translated = mapping.translate(columns)
    assert translated.category_id.tolist() == [9, 9]
    assert translated.score.tolist() == [0.1, 0.3]
    assert translated.rles() == [b"06", b"06"]


def test_coco_is_built_in() -> None:
    coco = read_categories("coco")
    assert (len(coco), coco.ids[0], coco.ids[-1]) == (80, 1, 90)
    assert (coco.names[16], coco.synsets[16]) == ("dog", "dog.n.01")


RECORDS = [{"id": 4, "name": "cup", "synset": "cup.n.01", "image_count": 7}]


@pytest.mark.parametrize(
    "tree",
    [
        RECORDS,
        {"categories": RECORDS, "annotations": [{"id": 1}]},
        {"categories": RECORDS, "annotations": [{"score": float("nan")}]},
        {"cup": {"coco_cat_id": 4, "meaning": "a container", "synset": "cup.n.01"}},
    ],
)
def test_file_of_categories_has_three_forms(tmp_path: Path, tree: Any) -> None:
    path = tmp_path / "categories.json"
    path.write_text(json.dumps(tree))
    read = read_categories(str(path))
    assert (read.ids.tolist(), read.names, read.synsets) == ([4], ("cup",), ("cup.n.01",))


@pytest.mark.parametrize("text", ["", "[1]", "[]", "{}", '{"a": 1}', '"x"', '[{"id": "a"}]', "["])
def test_other_files_are_bad_input(tmp_path: Path, text: str) -> None:
    path = tmp_path / "categories.json"
    path.write_text(text)
    with pytest.raises(BadInputError, match=r"categories\.json"):
        read_categories(str(path))


def test_missing_file_is_bad_input() -> None:
    with pytest.raises(BadInputError, match="give coco"):
        read_categories("none.json")
