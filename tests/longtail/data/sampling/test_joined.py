"""The stream of images of several files: who is drawn, how often, and from what."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from longtail.data.joining.images import JoinedImages
from longtail.data.sampling.joined import WithJoinedImages
from longtail.data.sampling.repeats import RepeatedImages
from longtail.data.sampling.steps import EpochOrder, items


@dataclass
class Listed:
    num_images: int


def joined(num_images: int, images: list[int], images_per_epoch: int) -> JoinedImages:
    labels: NDArray[np.int64] = np.zeros(1, np.int64)
    annotations = cast(Any, Listed(num_images))
    of_epoch = np.array(images), images_per_epoch
    return JoinedImages("a", annotations, cast(Any, None), labels, *of_epoch, 1.0, None)


OWN = RepeatedImages(np.array([0, 2, 3]), np.array([1.0, 1.0, 2.0]), seed=5)
STREAM = WithJoinedImages(OWN, 4, (joined(10, [1, 4, 5, 9], 2), joined(3, [0, 2], 2)), seed=5)


@pytest.mark.parametrize("epoch", [0, 1, 7])
def test_an_epoch_shows_what_the_sampler_shows_and_of_each_file_its_number(epoch: int) -> None:
    counts = Counter(STREAM.epoch_order(epoch).images.tolist())
    first = {i: n for i, n in counts.items() if 4 <= i < 14}
    assert {i: n for i, n in counts.items() if i < 4} == {0: 1, 2: 1, 3: 2}
    # Of the first file, whose images start at 4, two different ones; of the second, at 14, all.
    assert set(first) <= {5, 8, 9, 13} and sorted(first.values()) == [1, 1]
    assert {i: n for i, n in counts.items() if i >= 14} == {14: 1, 16: 1}


def test_every_epoch_draws_anew_and_always_the_same() -> None:
    drawn = [frozenset(STREAM.epoch_order(epoch).images.tolist()) for epoch in range(20)]
    assert len(set(drawn)) > 1
    again = WithJoinedImages(OWN, 4, STREAM.files, seed=5)
    assert all(
        np.array_equal(STREAM.epoch_order(n).images, again.epoch_order(n).images) for n in range(3)
    )
    other = WithJoinedImages(OWN, 4, STREAM.files, seed=6)
    assert not np.array_equal(STREAM.epoch_order(0).images, other.epoch_order(0).images)


def test_all_images_are_drawn_in_the_end() -> None:
    seen = {i for epoch in range(40) for i in STREAM.epoch_order(epoch).images.tolist()}
    assert seen == {0, 2, 3, 5, 8, 9, 13, 14, 16}


def test_joined_images_are_drawn_for_no_category() -> None:
    @dataclass
    class ByCategory:
        def epoch_order(self, epoch: int) -> EpochOrder:
            return EpochOrder(np.array([1, 0]), np.array([7, 8]))

        def expected_copies(self, num_images: int) -> NDArray[np.float64]:
            return np.ones(num_images)

    stream = WithJoinedImages(ByCategory(), 4, STREAM.files, seed=5)
    found = items(stream, 0, 0)
    pairs = {(item.image, item.category) for item, _ in zip(found, range(6), strict=False)}
    assert {(1, 7), (0, 8), (14, None), (16, None)} < pairs
    assert stream.expected_copies(4).tolist() == [1, 1, 1, 1]
