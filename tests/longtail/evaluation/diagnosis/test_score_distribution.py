"""Quantiles and histograms of scores."""

import numpy as np
import pytest

from longtail.evaluation.diagnosis.score_distribution import distribution


def test_quantiles_of_evenly_spread_scores_are_the_scores() -> None:
    result = distribution(np.linspace(0, 1, 101))
    assert result.count == 101
    assert result.quantiles == pytest.approx((0.05, 0.25, 0.5, 0.75, 0.95))


def test_the_histogram_counts_every_score_once() -> None:
    result = distribution(np.array([0.0, 0.01, 0.52, 1.0]))
    assert len(result.histogram) == 20
    assert {i: n for i, n in enumerate(result.histogram) if n} == {0: 2, 10: 1, 19: 1}


def test_no_scores_have_no_quantiles() -> None:
    result = distribution(np.zeros(0))
    assert (result.count, result.quantiles, sum(result.histogram)) == (0, (), 0)
