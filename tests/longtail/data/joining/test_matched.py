from pathlib import Path

import numpy as np
import pytest
from support.pictures.lvis_files import box, category, image, write_lvis

from longtail.categories import CategoryTable
from longtail.data.joining.matched import matched_images, matched_labels
from longtail.data.lvis.annotations import open_annotations
from longtail.problems import BadInputError


def table(*categories: tuple[str, str]) -> CategoryTable:
    records = [
        {**category(number, synset, name), "synset": synset}
        for number, (synset, name) in enumerate(categories, start=3)
    ]
    return CategoryTable.from_records(records, "a.json")


TRAINING = table(("cat.n.01", "cat"), ("dog.n.01", "dog"), ("", "owl"))


def test_categories_are_those_of_the_same_synset_whatever_their_names_and_order() -> None:
    other = table(("dog.n.01", "cat"), ("yak.n.01", "dog"), ("cat.n.01", "x"), ("dog.n.01", "y"))
    assert matched_labels(TRAINING, other, "b.json").tolist() == [1, -1, 0, 1]


def test_names_count_only_with_the_word_and_only_without_synset() -> None:
    other = table(("", "Owl"), ("", "DOG"), ("yak.n.01", "cat"), ("cat.n.01", "dog"))
    assert matched_labels(TRAINING, other, "b.json").tolist() == [-1, -1, -1, 0]
    named = matched_labels(TRAINING, other, "b.json", by_name=True)
    assert named.tolist() == [2, 1, -1, 0]


def test_a_synset_of_several_training_categories_tells_nothing() -> None:
    training = table(("bag.n.04", "handbag"), ("bag.n.04", "purse"), ("cat.n.01", "cat"))
    other = table(("bag.n.04", "bag"), ("cat.n.01", "cat"))
    assert matched_labels(training, other, "b.json").tolist() == [-1, 2]


@pytest.mark.parametrize(
    ("other", "by_name", "remedy"),
    [
        (table(("yak.n.01", "cat")), False, "its first synset is yak.n.01"),
        (table(("", "cat")), False, "add ,by=name"),
        (table(("", "yak")), True, "its first name is yak"),
    ],
)
def test_files_without_a_common_category_are_refused(
    other: CategoryTable, by_name: bool, remedy: str
) -> None:
    with pytest.raises(BadInputError, match=r"b.json: none of its 1 categories") as refused:
        matched_labels(TRAINING, other, "b.json", by_name=by_name)
    assert remedy in str(refused.value)


def test_images_are_matched_by_id_and_size_then_by_the_name_of_their_file(tmp_path: Path) -> None:
    cats = [category(1, "cat.n.01")]
    first = write_lvis(
        tmp_path / "first.json",
        [
            image(1, "a/1.png"),
            image(2, "a/2.png"),
            image(3, "a/3.png"),
            image(4, "a/4.png"),
            image(5, "a/5.png"),
        ],
        [box(1, 1, 0, 0, 5, 5)],
        cats,
        pictures=False,
    )
    second = write_lvis(
        tmp_path / "second.json",
        [
            image(1, "other_name.png"),
            image(2, "4.png", size=(50, 50)),
            image(30, "b/3.png"),
            image(31, "b/2.png", size=(41, 60)),
            image(32, "c/5.png"),
            image(33, "d/5.png"),
        ],
        [box(1, 1, 0, 0, 5, 5)],
        cats,
        pictures=False,
    )
    opened = [open_annotations(path) for path in (first, second)]
    # Image 1 by its id, 3 by its name; 2 and 4 are of other sizes, and two files are called 5.png.
    assert matched_images(*opened).tolist() == [0, -1, 2, -1, -1]
    assert np.array_equal(matched_images(opened[0], opened[0]), np.arange(5))
