from collections import Counter

import numpy as np
import pytest
from scipy.stats import chisquare

from longtail.data.lvis.ragged import ragged_from_rows
from longtail.data.sampling.by_category import (
    CategoryImages,
    ClassAwareImages,
    ClassThenImageDraws,
    category_images,
)


def apart(counts: list[int]) -> CategoryImages:
    """Categories of these many images, each image showing one category, in order."""
    return category_images(*ragged_from_rows([[c] for c, n in enumerate(counts) for _ in range(n)]))


def test_category_images_turns_the_table_round_and_leaves_out_empty_categories() -> None:
    source = category_images(*ragged_from_rows([[0, 3], [], [3], [0, 5]]))
    assert source.categories.tolist() == [0, 3, 5]
    assert [source.images.row(i).tolist() for i in range(3)] == [[0, 3], [0, 2], [3]]
    assert source.num_images().tolist() == [2, 2, 1]
    nothing = category_images(*ragged_from_rows([[], []]))
    assert len(nothing.categories) == len(nothing.num_images()) == 0


def test_class_aware_epoch_draws_each_of_1203_categories_five_times() -> None:
    counts = [1 + category % 12 for category in range(1203)]
    category_of = np.repeat(np.arange(1203), counts)
    stream = ClassAwareImages(apart(counts), images_per_category=5, seed=0)
    first, second = stream.epoch_order(0).images, stream.epoch_order(1).images
    assert len(first) == 6015
    assert (np.bincount(category_of[first]) == 5).all()
    assert sorted(first.tolist()) != sorted(second.tolist())
    assert first.tolist() == stream.epoch_order(0).images.tolist()
    other_seed = ClassAwareImages(apart(counts), images_per_category=5, seed=1)
    assert other_seed.epoch_order(0).images.tolist() != first.tolist()


def test_class_aware_repeats_no_image_of_a_category_that_has_enough() -> None:
    stream = ClassAwareImages(apart([5, 9]), images_per_category=5, seed=0)
    for epoch in range(20):
        drawn = Counter(stream.epoch_order(epoch).images.tolist())
        assert set(drawn.values()) == {1} and len(drawn) == 10
        assert set(range(5)) < drawn.keys()


def test_class_aware_shows_all_of_a_few_images_before_it_repeats_any() -> None:
    stream = ClassAwareImages(apart([1, 2, 4]), images_per_category=5, seed=0)
    seen = set()
    for epoch in range(50):
        drawn = Counter(stream.epoch_order(epoch).images.tolist())
        assert drawn[0] == 5 and drawn[1] + drawn[2] == 5
        assert all(drawn[image] >= 1 for image in range(7))
        seen.add((drawn[1], drawn[2]))
    assert seen == {(1, 4), (2, 3), (3, 2), (4, 1)}


def test_class_aware_epoch_is_shuffled() -> None:
    stream = ClassAwareImages(apart([100, 100]), images_per_category=100, seed=0)
    assert 35 < (stream.epoch_order(0).images[:100] < 100).sum() < 65


def test_class_aware_image_can_be_drawn_for_each_of_its_categories() -> None:
    source = category_images(*ragged_from_rows([[0, 1], [0]]))
    stream = ClassAwareImages(source, images_per_category=2, seed=0)
    # Category 0 gives both images, category 1 its only one twice.
    assert sorted(stream.epoch_order(0).images.tolist()) == [0, 0, 0, 1]
    assert stream.expected_copies(3).tolist() == [3, 1, 0]
    assert stream.epoch_order(0).categories is None


def test_class_then_image_draws_categories_and_their_images_uniformly() -> None:
    counts = [1, 3, 20, 2]
    stream = ClassThenImageDraws(apart(counts), images_per_epoch=16_000, seed=5)
    order = stream.epoch_order(0)
    assert order.categories is not None and len(order.images) == 16_000
    assert (np.repeat(np.arange(4), counts)[order.images] == order.categories).all()
    assert chisquare(np.bincount(order.categories)).pvalue > 0.01
    expected = 4000 / np.repeat(counts, counts)
    assert chisquare(np.bincount(order.images), expected).pvalue > 0.01


def test_class_then_image_names_the_drawn_category_of_an_image_that_shows_several() -> None:
    source = category_images(*ragged_from_rows([[2, 7], [], [7]]))
    order = ClassThenImageDraws(source, images_per_epoch=600, seed=0).epoch_order(3)
    assert order.categories is not None
    pairs = Counter(zip(order.images.tolist(), order.categories.tolist(), strict=True))
    assert pairs.keys() == {(0, 2), (0, 7), (2, 7)}
    assert pairs[0, 2] == pytest.approx(300, abs=50)
    assert pairs[0, 7] == pytest.approx(150, abs=40)


def test_class_then_image_draws_with_replacement_and_anew_each_epoch() -> None:
    stream = ClassThenImageDraws(apart([1, 1]), images_per_epoch=16, seed=0)
    orders = [stream.epoch_order(epoch).images.tolist() for epoch in range(20)]
    assert orders[0] == stream.epoch_order(0).images.tolist() != orders[1]
    # Without replacement, every 16 items would hold each of the two images 8 times.
    assert len({order.count(0) for order in orders}) > 3


@pytest.mark.parametrize("kind", ["class_aware", "class_then_image"])
def test_expected_copies_are_the_mean_of_many_epochs(kind: str) -> None:
    source = category_images(*ragged_from_rows([[0, 1], [0], [0], [0, 2], [0], [], [0, 1], [0]]))
    stream: ClassAwareImages | ClassThenImageDraws
    if kind == "class_aware":
        stream = ClassAwareImages(source, images_per_category=3, seed=0)
    else:
        stream = ClassThenImageDraws(source, images_per_epoch=9, seed=0)
    orders = (stream.epoch_order(epoch).images for epoch in range(4000))
    mean = sum(np.bincount(order, minlength=8) for order in orders) / 4000
    # Each category draws 3 of its 7, 2 and 1 images.
    thrice = [3 / 7 + 3 / 2, 3 / 7, 3 / 7, 3 / 7 + 3, 3 / 7, 0, 3 / 7 + 3 / 2, 3 / 7]
    assert stream.expected_copies(8) == pytest.approx(thrice)
    assert mean == pytest.approx(thrice, abs=0.1)
