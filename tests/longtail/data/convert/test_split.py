"""Which images go to validation."""

import numpy as np
import pytest

from longtail.data.convert.split import draw_val_images, one_sided


def random_labels(seed: int, num_images: int, num_categories: int) -> dict[int, set[int]]:
    """Long-tailed labels, some images without any."""
    rng = np.random.default_rng(seed)
    shares = 1 / np.arange(1, num_categories + 1)
    shares /= shares.sum()
    return {
        image: set(rng.choice(num_categories, rng.integers(0, 4), p=shares).tolist())
        for image in range(num_images)
    }


@pytest.mark.parametrize("seed", range(20))
def test_categories_of_two_images_or_more_are_on_both_sides(seed: int) -> None:
    labels = random_labels(seed, num_images=60, num_categories=12)
    val = draw_val_images(labels, 0.2, seed)
    assert one_sided(labels, val) == []
    assert len(val) == 12


def test_rare_categories_take_more_images_than_the_share_and_no_more_than_they_need() -> None:
    labels = {image: {image // 2} for image in range(20)} | {image: {99} for image in range(20, 40)}
    assert len(draw_val_images(labels, 0.1, 0)) == 11


def test_single_image_of_a_category_is_learned_from() -> None:
    labels = {image: {0} for image in range(9)} | {9: {1}}
    assert all(9 not in draw_val_images(labels, 0.3, seed) for seed in range(10))


def test_share_is_exact_where_every_image_shows_one_category() -> None:
    labels = {image: {image % 3} for image in range(60)}
    val = draw_val_images(labels, 0.3, 0)
    assert [sum(image % 3 == category for image in val) for category in range(3)] == [6, 6, 6]


def test_images_without_instances_are_shared_out_too() -> None:
    labels: dict[int, set[int]] = {image: set() for image in range(10)}
    assert len(draw_val_images(labels, 0.2, 0)) == 2


def test_category_that_no_draw_can_part_is_named() -> None:
    # Images 1 and 2 alone show what there is: each side needs both.
    labels: dict[int, set[int]] = {1: {0, 1}, 2: {0, 1}, 3: set()}
    assert one_sided(labels, draw_val_images(labels, 0.4, 0)) == []
    assert one_sided(labels, {1, 2}) == [0, 1]


def test_seed_decides_and_nothing_else() -> None:
    labels = random_labels(0, num_images=40, num_categories=6)
    assert draw_val_images(labels, 0.2, 1) == draw_val_images(labels, 0.2, 1)
    assert len({frozenset(draw_val_images(labels, 0.2, seed)) for seed in range(5)}) > 1
