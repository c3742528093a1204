"""A training file of cats and dogs, and another one with its own ids."""

from pathlib import Path

import pytest
from support.pictures.lvis_files import box, category, image, square, write_lvis

from longtail.data.joining.also_file import AlsoFile


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def train(tmp_path: Path) -> Path:
    """Two images, ids 5 and 9; indices are cat 0, dog 1, owl 2."""
    return write_lvis(
        tmp_path / "train" / "train.json",
        [image(5, "a.png"), image(9, "b.png", neg_category_ids=[70])],
        [square(5, 20, 10, 5, 20), square(9, 50, 0, 0, 30)],
        [category(20, "cat.n.01"), category(50, "dog.n.01"), category(70, "owl.n.01")],
    )


@pytest.fixture
def other(tmp_path: Path) -> AlsoFile:
    """Dogs are 1 and 4, cats 3 here, and 2 is foreign; image 8 shows nothing but a foreign one."""
    path = write_lvis(
        tmp_path / "other" / "other.json",
        [
            image(7, "x.png", neg_category_ids=[3, 2, 4]),
            image(8, "y.png"),
            image(6, "z.png", not_exhaustive_category_ids=[3]),
        ],
        [
            box(7, 1, 4, 6, 10, 8),
            box(7, 2, 0, 0, 5, 5),
            box(8, 2, 0, 0, 5, 5),
            box(6, 3, 1, 1, 9, 9),
            box(6, 4, 20, 20, 30, 30, iscrowd=1),
            box(6, 2, 20, 20, 10, 10, iscrowd=1),
        ],
        [
            category(1, "dog.n.01", "puppy"),
            category(2, "yak.n.01"),
            category(3, "cat.n.01"),
            category(4, "dog.n.01", "hound"),
        ],
    )
    return AlsoFile("other", path, path.parent)
