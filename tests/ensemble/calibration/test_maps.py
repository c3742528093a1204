"""Every kind of calibration: known answers, order kept, nothing outside [0, 1]."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from ensemble.calibration.kinds import CalibrationKind
from ensemble.calibration.knot_maps import IsotonicMap, RankMap
from ensemble.calibration.maps import MAP_TYPES, calibrated
from ensemble.calibration.sigmoid_maps import (
    MIN_SLOPE,
    BetaMap,
    PlattMap,
    TemperatureMap,
    fit_logistic,
    log_odds,
)

KINDS = sorted(MAP_TYPES)


def made_up(num: int = 200_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """True shares of right detections, uniform, and which ones are right."""
    random = np.random.default_rng(seed)
    shares = random.uniform(0.01, 0.99, num)
    return shares, random.random(num) < shares


def test_platt_finds_the_slope_and_shift_that_were_put_in() -> None:
    shares, right = made_up()
    found = PlattMap.fit(expit((logit(shares) - 0.7) / 0.5), right)
    assert found.slope == pytest.approx(0.5, abs=0.01)
    assert found.intercept == pytest.approx(0.7, abs=0.02)


def test_temperature_finds_the_temperature_that_was_put_in() -> None:
    shares, right = made_up()
    assert TemperatureMap.fit(expit(2.5 * logit(shares)), right).temperature == pytest.approx(
        2.5, abs=0.04
    )


def test_beta_finds_the_slopes_that_were_put_in() -> None:
    random = np.random.default_rng(1)
    scores = random.uniform(0.01, 0.99, 300_000)
    shares = expit(1.5 * np.log(scores) - 0.6 * np.log1p(-scores) + 0.3)
    found = BetaMap.fit(scores, random.random(len(scores)) < shares)
    assert (found.low, found.high, found.intercept) == pytest.approx((1.5, 0.6, 0.3), abs=0.04)


def test_beta_with_equal_slopes_is_platt() -> None:
    scores = np.linspace(0, 1, 101)
    platt, beta = PlattMap(0.8, -0.4)(scores), BetaMap(0.8, 0.8, -0.4)(scores)
    assert beta == pytest.approx(platt, rel=1e-9)


def test_platt_of_two_scores_has_a_closed_form() -> None:
    # Two log odds determine slope and intercept: the map meets the mean target at both.
    scores = np.repeat([0.25, 0.75], [10, 10])
    right = np.array([True] * 2 + [False] * 8 + [True] * 6 + [False] * 4)
    high, low = 9 / 10, 1 / 14
    means = [(2 * high + 8 * low) / 10, (6 * high + 4 * low) / 10]
    assert PlattMap.fit(scores, right)(np.array([0.25, 0.75])) == pytest.approx(means, abs=1e-6)


def test_detections_told_apart_perfectly_have_a_finite_platt_map() -> None:
    found = PlattMap.fit(np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True]))
    assert np.isfinite([found.slope, found.intercept]).all()


def test_scores_that_mislead_keep_their_order() -> None:
    shares, right = made_up(5000)
    assert PlattMap.fit(1 - shares, right).slope == pytest.approx(MIN_SLOPE)
    weights = fit_logistic(log_odds(1 - shares)[:, None], right, with_intercept=False)
    assert weights.tolist() == [pytest.approx(MIN_SLOPE), 0.0]


def test_isotonic_pools_neighbours_whose_precision_falls() -> None:
    scores = np.array([0.1, 0.2, 0.3, 0.3, 0.4])
    right = np.array([False, True, False, False, True])
    found = IsotonicMap.fit(scores, right)
    # 1 of 1 before 0 of 2: pooled to 1 of 3.
    assert found.knots == (0.1, 0.2, 0.3, 0.4)
    assert found.values == pytest.approx((0, 1 / 3, 1 / 3, 1))
    assert found(np.array([0.0, 0.25, 0.35, 1.0])) == pytest.approx([0, 1 / 3, 2 / 3, 1])


def test_rank_is_the_share_of_lower_scores() -> None:
    found = RankMap.fit(np.array([0.4, 0.1, 0.4, 0.9]), np.zeros(4, np.bool_))
    assert found.knots == (0.1, 0.4, 0.9)
    assert found.values == pytest.approx((1 / 8, 1 / 2, 7 / 8))


def test_rank_of_many_scores_keeps_1001_knots_near_the_shares() -> None:
    scores = np.random.default_rng(0).beta(0.5, 3, 20_000)
    found = RankMap.fit(scores, np.zeros(len(scores), np.bool_))
    assert len(found.knots) == 1001
    assert np.abs(found(np.sort(scores)) - np.arange(20_000) / 20_000).max() < 2e-3


@pytest.mark.parametrize("kind", KINDS)
def test_a_map_does_not_depend_on_the_order_of_sorted_input(kind: CalibrationKind) -> None:
    shares, right = made_up(2000)
    order = np.lexsort((right, shares))
    fit = MAP_TYPES[kind].fit
    shuffled = np.random.default_rng(5).permutation(2000)
    again = shuffled[np.lexsort((right[shuffled], shares[shuffled]))]
    assert fit(shares[order], right[order]) == fit(shares[again], right[again])


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_order_is_kept_and_scores_stay_in_range(kind: CalibrationKind, data: st.DataObject) -> None:
    scores = np.array(data.draw(st.lists(st.floats(0, 1), min_size=1, max_size=30)))
    right = np.array(data.draw(st.lists(st.booleans(), min_size=len(scores), max_size=len(scores))))
    score_map = MAP_TYPES[kind].fit(scores, right)
    new = np.array(data.draw(st.lists(st.floats(0, 1), min_size=2, max_size=50, unique=True)))
    new.sort()
    new = new[np.append(True, np.diff(new) >= 1e-8)]
    result = calibrated(score_map, new)
    assert bool((np.diff(result) > 0).all())
    assert bool(((result >= 0) & (result <= 1)).all())


@pytest.mark.parametrize("kind", KINDS)
def test_scores_of_single_precision_never_tie(kind: CalibrationKind) -> None:
    shares, right = made_up(5000)
    score_map = MAP_TYPES[kind].fit(expit(3 * logit(shares) + 4), right)
    neighbours = [np.float32(0.5)]
    for start in (1e-4, 0.3, 0.999, 0.999999):
        neighbours += [np.float32(start)]
        for _ in range(200):
            neighbours.append(np.nextafter(neighbours[-1], np.float32(2)))
    scores = np.unique(np.array(neighbours, np.float64).clip(0, 1))
    assert bool((np.diff(calibrated(score_map, scores)) > 0).all())
