import numpy as np
import pytest

from ensemble.merging.statistics import MergeStatistics
from ensemble.sources.filters import EMPTY_MASK, LOW_SCORE, OTHER_SIZE, TAKES_PART

RARE, COMMON, FREQUENT = 0, 1, 2


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def first_block() -> MergeStatistics:
    statistics = MergeStatistics(["a", "b"])
    statistics.add_detections(
        seen=np.array([[True, True], [False, True]]),
        sources=ints(0, 0, 0, 0, 1),
        groups=ints(RARE, FREQUENT, FREQUENT, RARE, FREQUENT),
        scores=np.array([0.25, 1.0, 0.01, 0.5, 0.5]),
        reasons=ints(TAKES_PART, EMPTY_MASK, LOW_SCORE, OTHER_SIZE, TAKES_PART),
    )
    return statistics


def second_block() -> MergeStatistics:
    statistics = MergeStatistics(["a", "b"])
    statistics.add_detections(
        seen=np.array([[True], [False]]),
        sources=ints(0),
        groups=ints(RARE),
        scores=np.array([0.75]),
        reasons=ints(TAKES_PART),
    )
    statistics.add_clusters(
        members=ints(3, 1, 1),
        found=np.array([[True, True], [True, False], [False, True]]),
        groups=ints(RARE, FREQUENT, COMMON),
        kept=np.array([True, False, True]),
        has_mask=np.array([True, True, True]),
    )
    statistics.add_clusters(
        members=ints(1),
        found=np.array([[True, False]]),
        groups=ints(FREQUENT),
        kept=np.array([False]),
        has_mask=np.array([False]),
    )
    statistics.add_boxes(ints(RARE, FREQUENT, COMMON, FREQUENT), ints(0, 3), 2)
    statistics.add_results(1, 1, empty_groups=ints(COMMON))
    return statistics


def both() -> MergeStatistics:
    statistics = first_block()
    statistics.add(second_block())
    return statistics


def test_outcomes_are_counted_per_source() -> None:
    sources = both().as_dict()["sources"]
    assert [sources[name]["detections"] for name in "ab"] == [5, 1]
    assert [sources[name]["to_fusion"] for name in "ab"] == [2, 1]
    assert [sources[name]["empty_mask"] for name in "ab"] == [1, 0]
    assert sources["a"]["detections_by_group"] == {"r": 3, "c": 0, "f": 2}


def test_stages_are_counted_per_group() -> None:
    stages = both().as_dict()["stages"]
    assert stages == {
        "detections in": {"all": 6, "r": 3, "c": 0, "f": 3},
        "valid": {"all": 5, "r": 3, "c": 0, "f": 2},
        "of a trusted category and size": {"all": 4, "r": 2, "c": 0, "f": 2},
        "at or above the score threshold": {"all": 3, "r": 2, "c": 0, "f": 1},
        "clusters": {"all": 4, "r": 1, "c": 1, "f": 2},
        "without a mask": {"all": 1, "r": 0, "c": 0, "f": 1},
        "cut by the cap": {"all": 1, "r": 0, "c": 0, "f": 1},
        "empty after the vote": {"all": 1, "r": 0, "c": 1, "f": 0},
        "written": {"all": 1, "r": 1, "c": 0, "f": 0},
    }


def test_images_without_detections_are_counted_per_source() -> None:
    assert both().images_without_detections == {"a": 0, "b": 2}


def test_cap_is_counted_per_group() -> None:
    cap = both().as_dict()["cap"]
    assert cap["kept"] == {"r": 1, "c": 1, "f": 0}
    assert cap["cut"] == {"r": 0, "c": 0, "f": 1}
    assert cap["share_of_images_where_it_binds"] == pytest.approx(1 / 3)


def test_clusters_of_boxes_only_are_in_the_submission_of_boxes() -> None:
    tree = both().as_dict()
    assert tree["clusters_without_mask"] == {"r": 0, "c": 0, "f": 1}
    assert tree["boxes"]["kept"] == {"r": 1, "c": 0, "f": 1}
    assert tree["boxes"]["cut"] == {"r": 0, "c": 1, "f": 1}


def test_members_sources_and_scores_over_one_are_counted() -> None:
    tree = both().as_dict()
    assert tree["fusion"]["clusters_by_members"] == {"1": 3, "3": 1}
    assert tree["fusion"]["clusters_by_sources"] == {"1": 3, "2": 1}
    assert tree["fusion"]["members_per_cluster"] == {"all": 6 / 4, "r": 3, "c": 1, "f": 1}
    assert tree["fusion"]["sources_per_cluster"]["r"] == 2
    assert tree["scores_over_one_cut_to_one"] == 1
    assert tree["box_scores_over_one_cut_to_one"] == 2


def test_what_each_source_found_is_counted_with_what_the_cap_left() -> None:
    tree = both().as_dict()
    assert tree["fusion"]["clusters_kept_by_sources"] == {"1": 1, "2": 1}
    assert tree["sources"]["a"]["clusters"] == {
        "found": {"r": 1, "c": 0, "f": 2},
        "found_kept": {"r": 1, "c": 0, "f": 0},
        "alone": {"r": 0, "c": 0, "f": 2},
        "alone_kept": {"r": 0, "c": 0, "f": 0},
    }
    assert tree["sources"]["b"]["clusters"] == {
        "found": {"r": 1, "c": 1, "f": 0},
        "found_kept": {"r": 1, "c": 1, "f": 0},
        "alone": {"r": 0, "c": 1, "f": 0},
        "alone_kept": {"r": 0, "c": 1, "f": 0},
    }


def test_parts_may_be_added_in_any_order_and_written_down() -> None:
    one, other = first_block(), second_block()
    other.add(one)
    again = MergeStatistics.from_arrays(["a", "b"], both().arrays())
    assert other.as_dict() == both().as_dict() == again.as_dict()


def test_quantiles_are_exact_to_a_bin() -> None:
    scores = np.random.default_rng(0).beta(0.5, 3, 20_000)
    statistics = MergeStatistics(["a"])
    zeros = np.zeros(len(scores), np.int64)
    statistics.add_detections(np.ones((1, 1), np.bool_), zeros, zeros + COMMON, scores, zeros)
    statistics.add_calibrated(zeros, zeros + COMMON, np.sqrt(scores))
    source = statistics.as_dict()["sources"]["a"]
    assert source["score_quantiles"]["r"] is None
    for share, value in source["score_quantiles"]["c"].items():
        assert value == pytest.approx(np.quantile(scores, float(share)), abs=2e-4)
    for share, value in source["calibrated_quantiles"]["c"].items():
        assert value == pytest.approx(np.quantile(np.sqrt(scores), float(share)), abs=2e-4)


def test_quantiles_of_calibrated_scores_need_a_calibration() -> None:
    assert "calibrated_quantiles" not in both().as_dict()["sources"]["a"]


def test_nothing_at_all_is_counted_as_nothing() -> None:
    tree = MergeStatistics(["a"]).as_dict()
    assert tree["sources"]["a"]["detections"] == 0
    assert tree["fusion"]["members_per_cluster"]["all"] is None
