import numpy as np
import pytest

from ensemble.screening import EMPTY_MASK, TAKES_PART
from ensemble.statistics import MergeStatistics

RARE, COMMON, FREQUENT = 0, 1, 2


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def two_blocks() -> MergeStatistics:
    statistics = MergeStatistics(["a", "b"])
    statistics.add_detections(
        num_images=2,
        sources=ints(0, 0, 1),
        images=ints(0, 1, 1),
        groups=ints(RARE, FREQUENT, FREQUENT),
        scores=np.array([0.25, 1.0, 0.5]),
        outcomes=ints(TAKES_PART, EMPTY_MASK, TAKES_PART),
    )
    statistics.add_detections(
        num_images=1,
        sources=ints(0),
        images=ints(0),
        groups=ints(RARE),
        scores=np.array([0.75]),
        outcomes=ints(TAKES_PART),
    )
    statistics.add_clusters(
        sizes=ints(2, 1),
        images=ints(0, 1),
        groups=ints(RARE, FREQUENT),
        scores=np.array([1.25, 0.5]),
        kept=np.array([True, False]),
    )
    return statistics


def test_outcomes_are_counted_per_source() -> None:
    sources = two_blocks().as_dict()["sources"]
    assert [sources[name]["detections"] for name in "ab"] == [3, 1]
    assert [sources[name]["to_fusion"] for name in "ab"] == [2, 1]
    assert [sources[name]["empty_mask"] for name in "ab"] == [1, 0]


def test_images_without_detections_are_counted_per_source() -> None:
    assert two_blocks().images_without_detections == {"a": 0, "b": 2}


def test_cap_is_counted_per_group() -> None:
    cap = two_blocks().as_dict()["cap"]
    assert cap["kept"] == {"r": 1, "c": 0, "f": 0}
    assert cap["cut"] == {"r": 0, "c": 0, "f": 1}
    assert cap["share_of_images_where_it_binds"] == pytest.approx(1 / 3)


def test_members_and_scores_over_one_are_counted() -> None:
    tree = two_blocks().as_dict()
    assert tree["fusion"]["clusters_by_members"] == {"1": 1, "2": 1}
    assert tree["fusion"]["members_per_cluster"] == 1.5
    assert tree["scores_over_one_cut_to_one"] == 1


def test_quantiles_are_exact_to_a_bin() -> None:
    random = np.random.default_rng(0)
    scores = random.beta(0.5, 3, 20_000)
    statistics = MergeStatistics(["a"])
    zeros = np.zeros(len(scores), np.int64)
    statistics.add_detections(1, zeros, zeros, zeros + COMMON, scores, zeros)
    quantiles = statistics.as_dict()["sources"]["a"]["score_quantiles"]
    assert quantiles["r"] is None
    for share, value in quantiles["c"].items():
        assert value == pytest.approx(np.quantile(scores, float(share)), abs=2e-4)


def test_nothing_at_all_is_counted_as_nothing() -> None:
    tree = MergeStatistics(["a"]).as_dict()
    assert tree["sources"]["a"]["detections"] == 0
    assert tree["fusion"]["members_per_cluster"] is None
