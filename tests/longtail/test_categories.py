import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.places import SHARED

from longtail.categories import FREQUENCY_GROUPS, INSTANCE_BINS, CategoryTable
from longtail.problems import BadInputError

Record = dict[str, Any]


def record(identifier: int, frequency: str = "f", images: int = 1, instances: int = 1) -> Record:
    return {
        "id": identifier,
        "name": f"name {identifier}",
        "frequency": frequency,
        "image_count": images,
        "instance_count": instances,
    }


def table(*records: Record) -> CategoryTable:
    return CategoryTable.from_records(records, "train.json")


def test_categories_are_ordered_by_id_and_background_comes_after_the_last() -> None:
    categories = table(record(7, "r", 2, 5), record(3, "f", 200, 900))
    assert categories.ids.tolist() == [3, 7]
    assert categories.names == ("name 3", "name 7")
    assert categories.synsets == ("", "")
    assert categories.frequency.tolist() == ["f", "r"]
    assert categories.image_count.tolist() == [200, 2]
    assert categories.instance_count.tolist() == [900, 5]
    assert len(categories) == categories.background == 2


def test_index_of_keeps_shape_and_skips_gaps() -> None:
    categories = table(record(1), record(4), record(9))
    index = categories.index_of(np.array([[9, 1], [4, 9]]))
    assert index.tolist() == [[2, 0], [1, 2]]
    assert categories.index_of(np.array([], dtype=np.int64)).tolist() == []


@pytest.mark.parametrize("unknown", [0, 2, 10])
def test_index_of_names_unknown_ids(unknown: int) -> None:
    with pytest.raises(ValueError, match=f"1 unknown category ids: {unknown}; .* from 1 to 9"):
        table(record(1), record(9)).index_of(np.array([1, unknown, unknown]))


def test_members_are_of_a_group_or_of_a_bin() -> None:
    counts = {1: ("r", 5), 2: ("c", 5), 3: ("c", 100), 4: ("f", 5000)}
    categories = table(
        *(record(i, frequency=f, instances=number) for i, (f, number) in counts.items())
    )
    assert categories.members("c").tolist() == [False, True, True, False]
    assert categories.members("0001-0009").tolist() == [True, True, False, False]
    assert categories.members("0100-0999").tolist() == [False, False, True, False]
    assert categories.members("1000-inf").tolist() == [False, False, False, True]
    with pytest.raises(ValueError, match="'10-99' is none of r, c, f"):
        categories.members("10-99")


@pytest.mark.parametrize(
    ("instances", "expected"),
    [(0, 0), (9, 0), (10, 1), (99, 1), (100, 2), (999, 2), (1000, 3), (50_000, 3)],
)
def test_instance_bins_start_at_10_100_and_1000(instances: int, expected: int) -> None:
    assert table(record(1, instances=instances)).instance_bin().tolist() == [expected]


def test_groups_are_the_letters_of_the_file_whatever_the_counts() -> None:
    categories = table(record(1, "r", 500), record(2, "c", 1), record(3, "f", 0))
    members = [categories.group(letter).tolist() for letter in FREQUENCY_GROUPS]
    assert members == [[True, False, False], [False, True, False], [False, False, True]]


def test_a_group_of_another_letter_is_refused() -> None:
    with pytest.raises(ValueError, match="frequency group 'x' is none of r, c, f"):
        table(record(1)).group("x")


def test_same_ids_compares_ids_only() -> None:
    assert table(record(1, "r"), record(5)).same_ids(table(record(5), record(1, "f")))
    assert not table(record(1), record(5)).same_ids(table(record(1), record(6)))


def without(field: str) -> Record:
    return {key: value for key, value in record(4).items() if key != field}


@pytest.mark.parametrize(
    ("records", "text"),
    [
        pytest.param([], "categories: no category", id="none"),
        pytest.param([without("id")], r"categories.id: missing\n.*categories\[0\]", id="no id"),
        pytest.param([without("name")], "categories.name: missing\n.*category 4", id="no name"),
        pytest.param(
            [without("frequency")],
            "categories.frequency: missing\n.*category 4\n.*training file",
            id="no frequency",
        ),
        pytest.param(
            [without("image_count")], "categories.image_count: missing", id="no image_count"
        ),
        pytest.param(
            [without("instance_count")], "categories.instance_count: missing", id="no instances"
        ),
        pytest.param([record(4, "x")], "not r, c or f\n.*category 4: 'x'", id="other letter"),
        pytest.param([record(4, images=-1)], "not a count\n.*category 4: -1", id="negative"),
        pytest.param([record(4) | {"image_count": 1.5}], "not a count", id="fraction"),
        pytest.param([record(4) | {"image_count": True}], "not a count", id="truth value"),
        pytest.param([record(4) | {"id": "4"}], "not a whole number from 0", id="text id"),
        pytest.param([record(4) | {"id": 2**63}], "not a whole number from 0", id="huge id"),
        pytest.param([record(4) | {"name": None}], "categories.name: not a text", id="null name"),
        pytest.param([record(4) | {"synset": 3}], "categories.synset: not a text", id="synset"),
        pytest.param(
            [record(4), record(4)], "ids that occur twice\n.*at 4\n.*renumber", id="twice"
        ),
    ],
)
def test_faulty_categories_are_refused(records: list[Record], text: str) -> None:
    with pytest.raises(BadInputError, match=text) as error:
        CategoryTable.from_records(records, "train.json")
    assert str(error.value).startswith("train.json: ")


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(BadInputError, match="3 kinds of problem"):
        table(record(1, "x"), record(2, images=-2), without("name"))


def test_a_test_file_may_lack_all_counts_and_then_has_no_groups() -> None:
    records = [{"id": 1, "name": "one"}]
    categories = CategoryTable.from_records(records, "test.json", counts_required=False)
    assert not categories.has_counts
    assert categories.image_count.tolist() == [-1]
    for use in (
        lambda: categories.group("r"),
        categories.instance_bin,
    ):
        with pytest.raises(ValueError, match="use the categories of the training file"):
            use()


def test_a_test_file_with_some_counts_needs_all() -> None:
    records = [{"id": 1, "name": "one", "frequency": "r"}]
    with pytest.raises(BadInputError, match=r"categories.image_count: missing"):
        CategoryTable.from_records(records, "test.json", counts_required=False)


def test_from_json_reads_the_categories_and_passes_over_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "train.json"
    content = {"annotations": [{"not": "read"}], "categories": [record(2), record(1)]}
    path.write_text(json.dumps(content))
    assert CategoryTable.from_json(path).ids.tolist() == [1, 2]


def test_from_json_asks_for_counts_only_where_there_are_annotations(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text(json.dumps({"images": [], "categories": [{"id": 1, "name": "one"}]}))
    assert not CategoryTable.from_json(path).has_counts
    path.write_text(json.dumps({"annotations": [], "categories": [{"id": 1, "name": "one"}]}))
    with pytest.raises(BadInputError, match=r"categories.frequency: missing"):
        CategoryTable.from_json(path)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param("", "the file is empty", id="empty"),
        pytest.param("[]", "Expected `object`, got `array`", id="list"),
        pytest.param(
            '{"categories": [1]}',
            "categories: Expected `object`, got `int`",
            id="number",
        ),
        pytest.param("{}", "missing required field `categories`", id="no categories"),
        pytest.param('{"categories": ' + "[" * 100_000, "nested too deeply", id="deep"),
    ],
)
def test_from_json_refuses_other_files(content: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "train.json"
    path.write_text(content)
    with pytest.raises(BadInputError, match=text):
        CategoryTable.from_json(path)


@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data")
def test_lvis_v05_categories_keep_their_groups_and_zero_counts() -> None:
    categories = CategoryTable.from_json(SHARED / "lvis_val_100.json")
    sizes = [int(categories.group(letter).sum()) for letter in FREQUENCY_GROUPS]
    assert sizes == [454, 461, 315]
    assert (categories.image_count == 0).any()
    assert categories.synsets[0] == "acorn.n.01"


@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data")
def test_groups_and_bins_of_a_real_file_are_different_partitions() -> None:
    categories = CategoryTable.from_json(SHARED / "real200/train.json")
    bins = categories.instance_bin()
    rare = bins[categories.group("r")]
    assert [int((bins == i).sum()) for i in range(len(INSTANCE_BINS))] == [61, 18, 1, 0]
    assert [int((rare == i).sum()) for i in range(len(INSTANCE_BINS))] == [34, 3, 0, 0]
