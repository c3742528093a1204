from collections import Counter

import numpy as np
import pytest

from longtail.data.lvis.ragged import ragged_from_rows
from longtail.data.sampling.repeats import RepeatedImages, repeat_factors


def test_repeat_factors_of_ten_thousand_images_match_the_formula() -> None:
    counts = [1, 2, 5, 8, 10, 100]
    images = [[label] for label, count in enumerate(counts) for _ in range(count)]
    factors = repeat_factors(*ragged_from_rows(images), 10_000, threshold=1e-3)
    first_of_each = factors[np.cumsum([0, *counts[:-1]])]
    assert first_of_each.round(4).tolist() == [3.1623, 2.2361, 1.4142, 1.118, 1, 1]


def test_an_image_takes_the_largest_factor_of_its_categories() -> None:
    labels = ragged_from_rows([[0, 1], [0], [], [0], [0, 2]])
    factors = repeat_factors(*labels, 4, threshold=1.0)
    # f = 1, 1/4 and 1/4: r = 1, 2 and 2; the empty image has r = 1.
    assert factors.tolist() == [2, 1, 1, 1, 2]


def test_stochastic_rounding_keeps_the_expected_number_of_copies() -> None:
    stream = RepeatedImages(np.array([0, 10, 20]), np.array([1, 2**0.5, 10**0.5]), seed=0)
    epochs = [Counter(stream.epoch_order(epoch).images.tolist()) for epoch in range(2000)]
    assert {(e[0], e[10] in (1, 2), e[20] in (3, 4)) for e in epochs} == {(1, True, True)}
    assert np.mean([sum(e.values()) for e in epochs]) == pytest.approx(5.58, abs=0.04)


def test_images_that_are_not_used_have_no_copies() -> None:
    stream = RepeatedImages(np.array([1, 3]), np.array([1.0, 2.5]), seed=0)
    assert stream.expected_copies(5).tolist() == [0, 1, 0, 2.5, 0]
