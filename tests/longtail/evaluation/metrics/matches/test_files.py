"""Match tables written and read back."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from support.match_tables import categories_of, random_table, table_of

from longtail.evaluation.metrics.matches.files import matches_path, read_matches, write_matches
from longtail.evaluation.metrics.matches.table import MatchTable
from longtail.problems import BadInputError
from longtail.sealed_arrays import read_arrays, write_arrays


def assert_equal(one: MatchTable, other: MatchTable) -> None:
    for column in fields(MatchTable):
        if column.name == "categories":
            continue
        a, b = getattr(one, column.name), getattr(other, column.name)
        assert a.dtype == b.dtype, column.name
        np.testing.assert_array_equal(a, b, err_msg=column.name)


@pytest.mark.parametrize("seed", range(5))
def test_every_array_comes_back_as_it_was(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    segm, box = random_table(rng), random_table(rng)
    write_matches(tmp_path / "new", {"box": box, "segm": segm})
    back = read_matches(tmp_path / "new", segm.categories)
    assert list(back) == ["segm", "box"]
    assert_equal(back["segm"], segm)
    assert_equal(back["box"], box)


@pytest.mark.parametrize("num_images", [0, 3])
def test_a_table_without_detections_comes_back(num_images: int, tmp_path: Path) -> None:
    table = table_of("rf", num_images, [], [])
    write_matches(tmp_path, {"segm": table})
    assert_equal(read_matches(tmp_path, table.categories)["segm"], table)


def test_numbers_over_32_bits_and_scores_keep_every_digit(tmp_path: Path) -> None:
    table = table_of("rf", 2, [(0, 1, 0.1 + 0.2, True, False), (1, 0, 5e-324, False, True)], [])
    large = MatchTable(**{**vars(table), "image_ids": np.array([7, 2**62])})
    write_matches(tmp_path, {"segm": large})
    assert_equal(read_matches(tmp_path, large.categories)["segm"], large)


def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    table = random_table(np.random.default_rng(0))
    for name in ("a", "b"):
        write_matches(tmp_path / name, {"box": table})
    one, other = (matches_path(tmp_path / name, "box").read_bytes() for name in ("a", "b"))
    assert one == other


def test_a_kind_that_is_not_written_does_not_stay_from_before(tmp_path: Path) -> None:
    table = random_table(np.random.default_rng(0))
    write_matches(tmp_path, {"segm": table, "box": table})
    write_matches(tmp_path, {"box": table})
    assert list(read_matches(tmp_path, table.categories)) == ["box"]
    assert [path.name for path in tmp_path.iterdir()] == ["matches_box.npz"]


def test_a_folder_without_matches_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no matches are kept here; evaluate"):
        read_matches(tmp_path, categories_of("r"))


def test_matches_of_other_categories_are_refused(tmp_path: Path) -> None:
    write_matches(tmp_path, {"segm": random_table(np.random.default_rng(0), "rcf")})
    with pytest.raises(BadInputError, match=r"matches_segm\.npz: matches of other categories"):
        read_matches(tmp_path, categories_of("rc"))


def test_any_changed_or_missing_byte_is_noticed(tmp_path: Path) -> None:
    table = random_table(np.random.default_rng(0), num_detections=20)
    write_matches(tmp_path, {"segm": table})
    path = matches_path(tmp_path, "segm")
    whole = path.read_bytes()
    random = np.random.default_rng(1)
    for _ in range(300):
        place = int(random.integers(len(whole)))
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(random.integers(8))
        path.write_bytes(damaged if random.random() < 0.7 else whole[:place])
        try:
            back = read_matches(tmp_path, table.categories)["segm"]
        except BadInputError as error:
            assert str(path) in str(error) and "evaluate the predictions again" in str(error)
        else:
            raise AssertionError(f"byte {place} was not noticed: {back}")


@pytest.mark.parametrize(
    ("name", "values", "text"),
    [
        ("gt_image", np.full(3, 99, np.int32), "gt_image has a value outside 0 to 11"),
        ("gt_category", np.full(3, -1, np.int32), "gt_category has a value outside 0 to 3"),
        ("matched", np.full(2, 1 << 10, np.uint16), "matched has a value outside 0 to 1023"),
        ("score", np.zeros(2, np.float32), "score is 1-dimensional of float32"),
        ("image", np.zeros((2, 1), np.int32), "image is 2-dimensional of int32"),
        ("row", np.zeros(3, np.int32), "row has 3 values, not 2"),
        ("starts", np.array([0, 2, 1, 1, 2], np.int32), "starts does not go from 0 up to 2"),
    ],
)
def test_columns_that_make_no_table_are_refused(
    name: str, values: np.ndarray, text: str, tmp_path: Path
) -> None:
    gt = [(0, 0, 1), (1, 1, 2), (2, 3, 1)]
    detections = [(0, 0, 0.5, True, False), (1, 3, 0.4, False, False)]
    table = table_of("rrcf", 12, detections, gt)
    write_matches(tmp_path, {"box": table})
    path = matches_path(tmp_path, "box")
    write_arrays(path, {**read_arrays(path, ""), name: values})
    with pytest.raises(BadInputError, match=text):
        read_matches(tmp_path, table.categories)
