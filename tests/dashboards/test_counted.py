"""Numbers of things in words."""

import pytest

from dashboards.counted import counted


@pytest.mark.parametrize(
    ("count", "what", "words"),
    [
        (1, "category", "1 category"),
        (1203, "category", "1,203 categories"),
        (1, "image", "1 image"),
        (0, "image", "0 images"),
    ],
)
def test_one_is_not_several(count: int, what: str, words: str) -> None:
    assert counted(count, what) == words
