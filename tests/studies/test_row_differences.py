"""Means over seeds, and differences with both kinds of chance."""

import numpy as np
import pytest

from docs.studies.row_differences import Runs, pair_differences, row_means


def runs(values: list[float], image_noise: list[float]) -> Runs:
    """S seeds of a value in all four metrics; every resample adds the same to all of them."""
    metrics = np.repeat(np.array(values)[:, None], 4, axis=1)
    drawn = metrics[:, None, :] + np.array(image_noise)[None, :, None]
    return Runs(tuple(range(len(values))), metrics, drawn)


NOISE = np.random.default_rng(0).normal(0, 0.01, 200).tolist()


def test_chance_that_both_rows_share_is_not_in_their_difference() -> None:
    both = {"a": runs([0.1, 0.2, 0.3], NOISE), "b": runs([0.15, 0.25, 0.35], NOISE)}
    difference = pair_differences(both, [("a", "b")])["a", "b"]["APr"]
    assert difference.mean == pytest.approx(0.05)
    assert difference.image_error == pytest.approx(0, abs=1e-12)
    assert difference.seed_error == pytest.approx(0, abs=1e-12)
    assert difference.real


def test_both_errors_add_in_quadrature() -> None:
    still = [0.0] * len(NOISE)
    both = {"a": runs([0.1, 0.1, 0.1], still), "b": runs([0.1, 0.2, 0.3], NOISE)}
    difference = pair_differences(both, [("a", "b")])["a", "b"]["AP"]
    image_error, seed_error = np.std(NOISE, ddof=1), 0.1 / np.sqrt(3)
    assert difference.mean == pytest.approx(0.1)
    assert difference.image_error == pytest.approx(image_error)
    assert difference.seed_error == pytest.approx(seed_error)
    assert difference.high - difference.mean == pytest.approx(
        1.96 * np.sqrt(image_error**2 + seed_error**2)
    )
    assert not difference.real


def test_the_deviation_over_seeds_is_pooled_over_pairs() -> None:
    still = [0.0] * len(NOISE)
    rows = {
        "a": runs([0.1, 0.1], still),
        "b": runs([0.2, 0.2], still),
        "c": runs([0.1, 0.3], still),
    }
    found = pair_differences(rows, [("a", "b"), ("a", "c")])
    # Variances 0 and 0.02, mean 0.01; two seeds.
    expected = np.sqrt(0.01 / 2)
    assert [d["AP"].seed_error for d in found.values()] == pytest.approx([expected, expected])


def test_rows_of_other_seeds_are_refused() -> None:
    rows = {"a": runs([0.1, 0.1], NOISE), "b": runs([0.1], NOISE)}
    with pytest.raises(ValueError, match="a, b: both need the same two or more seeds"):
        pair_differences(rows, [("a", "b")])


def test_a_row_has_its_mean_over_seeds_and_an_interval_over_images() -> None:
    mean = row_means(runs([0.1, 0.2, 0.3], NOISE))["APf"]
    assert (mean.mean, mean.sd) == (pytest.approx(0.2), pytest.approx(0.1))
    assert mean.low < 0.2 < mean.high
    assert mean.high - mean.low == pytest.approx(
        np.subtract(*np.quantile(NOISE, [0.975, 0.025])), rel=1e-6
    )
