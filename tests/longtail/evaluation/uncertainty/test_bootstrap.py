"""Intervals against duplicated images, closed forms, and their coverage on simulated data."""

import json

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom
from support.match_tables import (
    expected_ap,
    random_table,
    repeated,
    simulated_tables,
    slow_ap,
    slow_resampled_ap,
    table_of,
)

from longtail.evaluation.uncertainty import bootstrap as bootstrap_module
from longtail.evaluation.uncertainty.bootstrap import bootstrap, draw_weights, interval
from longtail.evaluation.uncertainty.weighted_ap import WeightedAP
from longtail.metrics import GROUP_METRICS


def ones(num_images: int) -> NDArray[np.int32]:
    return np.ones(num_images, dtype=np.int32)


@pytest.mark.parametrize("letters", ["rc", "rrcf", "rcfrcfrcfff"])
@pytest.mark.parametrize("seed", range(8))
def test_weights_of_one_give_the_tables_own_ap_to_the_last_digit(seed: int, letters: str) -> None:
    table = random_table(np.random.default_rng(seed), letters)
    ap = WeightedAP(table).per_category(ones(12))
    assert ap.tolist() == table.ap_per_category().tolist()


@pytest.mark.parametrize("seed", range(8))
def test_weighted_images_are_duplicated_images(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = random_table(rng)
    (weights,) = draw_weights(12, resamples=1, seed=seed)
    ap, duplicated = WeightedAP(table).per_category(weights), repeated(table, weights)
    assert ap.tolist() == duplicated.ap_per_category().tolist()
    np.testing.assert_allclose(ap, slow_ap(duplicated), rtol=0, atol=1e-14)


@pytest.mark.parametrize("resamples", [1, 7, 8, 9, 300])
@pytest.mark.parametrize("num_images", [1, 2, 5, 40])
def test_many_weightings_at_once_are_those_one_by_one(num_images: int, resamples: int) -> None:
    # Of few images most weightings are alike; of many none are.
    table = random_table(np.random.default_rng(num_images), num_images=num_images)
    weighted = WeightedAP(table)
    draws = list(draw_weights(num_images, resamples, seed=3))
    together = weighted.per_category(np.stack(draws, axis=1))
    assert together.tolist() == [weighted.per_category(weights).tolist() for weights in draws]


def test_a_draw_of_many_images_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(draw_weights(7, resamples=20, seed=5))
    monkeypatch.setattr(bootstrap_module, "MAX_DRAWN", 7 * 3)
    pieces = list(draw_weights(7, resamples=20, seed=5))
    assert [weights.tolist() for weights in pieces] == [weights.tolist() for weights in whole]
    assert all(weights.sum() == 7 for weights in whole)


def test_one_category_is_as_the_slow_definition() -> None:
    table = random_table(np.random.default_rng(0), "f")
    np.testing.assert_allclose(WeightedAP(table).per_category(ones(12)), slow_ap(table), atol=1e-14)


def test_precision_of_a_repeated_image_by_hand() -> None:
    # One instance an image; image 0 has a false positive above its true one.
    detections = [(0, 0, 0.9, False, False), (0, 0, 0.8, True, False), (1, 0, 0.7, True, False)]
    weighted = WeightedAP(table_of("f", 2, detections, [(0, 0, 1), (1, 0, 1)]))
    for weights, precision in (((1, 1), 2 / 3), ((2, 0), 1 / 2), ((0, 2), 1.0), ((3, 1), 4 / 7)):
        ap = weighted.per_category(np.array(weights, dtype=np.int32))
        assert ap[0] == pytest.approx(precision, abs=1e-14)


def test_a_category_without_ground_truth_of_positive_weight_is_undefined() -> None:
    table = table_of("rf", 2, [(0, 0, 0.9, True, False)], [(0, 0, 1), (1, 1, 1)])
    weighted = WeightedAP(table)
    assert weighted.per_category(np.array([2, 0], dtype=np.int32)) == pytest.approx([1, -1])
    assert weighted.per_category(np.array([0, 2], dtype=np.int32)).tolist() == [-1, 0]


def test_intervals_are_those_of_recomputing_every_resample() -> None:
    table = random_table(np.random.default_rng(3))
    found = bootstrap(table, resamples=40, seed=7).metrics["AP"]
    resampled = slow_resampled_ap(table, resamples=40, seed=7)
    assert found.standard_error == pytest.approx(np.std(resampled, ddof=1), abs=1e-14)
    whole = float(slow_ap(table).mean())
    assert found.bias == pytest.approx(np.mean(resampled) - whole, abs=1e-14)
    moved = np.quantile(resampled - np.mean(resampled) + whole, [0.025, 0.975])
    np.testing.assert_allclose([found.low, found.high], moved, atol=1e-14)


def test_stretching_restores_the_variance_of_few_images() -> None:
    # Two images of one instance each, one found: the variance of recall is 1/4 / 2 by n - 1.
    table = table_of("f", 2, [(0, 0, 0.5, True, False)], [(0, 0, 1), (1, 0, 1)])
    found = bootstrap(table, resamples=4000).metrics["AP"]
    assert found.standard_error == pytest.approx(0.5, rel=0.03)


def test_standard_error_of_recall_is_the_binomial_one() -> None:
    # 400 images of one instance, 240 found, no false positive: AP is the recall.
    found = [(image, 0, 0.5, True, False) for image in range(240)]
    table = table_of("f", 400, found, [(image, 0, 1) for image in range(400)])
    ap = bootstrap(table, resamples=2000, seed=1).metrics["AP"]
    assert ap.value == pytest.approx(61 / 101)
    assert ap.standard_error == pytest.approx(np.sqrt(0.6 * 0.4 / 400) * 100 / 101, rel=0.05)
    # Recall levels are a hundredth apart.
    assert ap.high - ap.low == pytest.approx(2 * 1.96 * ap.standard_error, abs=0.01)


def test_means_leave_out_the_categories_of_which_no_image_was_drawn() -> None:
    # The rare category is in one image of three and always found, the other one never.
    table = table_of("rf", 3, [(0, 0, 0.9, True, False)], [(0, 0, 1), (1, 1, 1), (2, 1, 1)])
    intervals = bootstrap(table, resamples=200)
    drawn = np.stack(list(draw_weights(3, resamples=200, seed=0)))
    assert intervals.metrics["APr"].resamples == (drawn[:, 0] > 0).sum()
    assert intervals.metrics["APr"].low == pytest.approx(1)
    assert intervals.metrics["APr"].standard_error == pytest.approx(0, abs=1e-15)
    assert intervals.metrics["AP"].resamples == 200


def test_no_detection_gives_zero_and_no_ground_truth_gives_undefined() -> None:
    metrics = bootstrap(table_of("rc", 2, [], [(0, 0, 1), (1, 0, 2)])).metrics
    assert (metrics["APr"].value, metrics["APr"].low, metrics["APr"].high) == (0, 0, 0)
    assert (metrics["APc"].value, metrics["APc"].low, metrics["APc"].high) == (-1, -1, -1)
    assert metrics["APc"].resamples == 0


def test_a_seed_gives_the_same_intervals_and_another_seed_others() -> None:
    table = random_table(np.random.default_rng(5))
    assert bootstrap(table, 50, seed=1) == bootstrap(table, 50, seed=1)
    assert bootstrap(table, 50, seed=1) != bootstrap(table, 50, seed=2)


def test_a_higher_level_is_wider() -> None:
    drawn = np.random.default_rng(5).normal(0.25, 0.003, 200)
    narrow, wide = (interval(0.25, drawn, level) for level in (0.5, 0.95))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_interval_holds_its_value_where_resamples_are_biased() -> None:
    drawn = np.random.default_rng(0).normal(0.25, 0.003, 500)
    moved = interval(0.235, drawn, 0.95)
    assert moved.low < 0.235 < moved.high
    assert moved.bias == pytest.approx(0.015, abs=0.001)


def test_groups_of_few_images_are_warned_about() -> None:
    gt = [(0, 0, 1), *((image, 1 + image % 4, 1) for image in range(40))]
    (warning,) = bootstrap(table_of("rffff", 40, [], gt), 20).warnings
    assert warning.startswith("APr rests on 1 image (1 if each category's are counted apart")


def test_groups_of_single_images_are_warned_about() -> None:
    gt = [(image, min(image, 24), 1) for image in range(40)]
    warning, _ = bootstrap(table_of("c" * 25, 40, [], gt), 20).warnings
    assert warning.startswith("AP: 24 of 25 categories are in one image only")


def test_progress_counts_the_resamples() -> None:
    calls: list[tuple[int, int]] = []
    table = table_of("r", 1, [], [(0, 0, 1)])
    bootstrap(table, 20, on_resample=lambda done, total: calls.append((done, total)))
    assert calls == [(done, 20) for done in range(1, 21)]


def test_values_are_plain_for_json() -> None:
    record = json.loads(json.dumps(bootstrap(random_table(np.random.default_rng(1)), 20).as_dict()))
    assert list(record["metrics"]) == list(GROUP_METRICS) and record["resamples"] == 20


def test_too_few_resamples_are_refused() -> None:
    with pytest.raises(ValueError, match="19 resamples"):
        bootstrap(table_of("r", 1, [], [(0, 0, 1)]), 19)


def test_a_table_without_images_is_refused() -> None:
    with pytest.raises(ValueError, match="no images"):
        bootstrap(table_of("r", 0, [], []))


@pytest.mark.slow
@pytest.mark.parametrize(("letters", "presence"), [("rrccff", 0.3), ("r" * 30, 0.02)])
def test_intervals_cover_the_expected_ap_at_the_stated_rate(letters: str, presence: float) -> None:
    truth, num_covered = expected_ap(0.6, presence=presence), 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        (table,) = simulated_tables(rng, [0.6], letters, presence=presence)
        ap = bootstrap(table, resamples=200, seed=seed).metrics["AP"]
        num_covered += ap.low <= truth <= ap.high
    low, high = binom.interval(0.99, 200, 0.95)
    assert low <= num_covered <= high
