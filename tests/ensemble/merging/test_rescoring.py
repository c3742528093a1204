import math

import numpy as np
import pytest
from numpy.typing import NDArray

from ensemble.merging.rescoring import order_by_margin, ranks_in_image
from longtail.evaluation.margins import Margins

RARE, COMMON, FREQUENT = 0, 1, 2


def order(
    scores: list[float],
    groups: list[int],
    sources: list[int] | None = None,
    images: list[int] | None = None,
    margins: Margins | None = None,
) -> list[int]:
    zeros = [0] * len(scores)
    return order_by_margin(
        np.array(images or zeros, np.int64),
        np.array(scores, np.float64),
        np.array(groups, np.int64),
        np.array(sources or zeros, np.int64),
        margins or Margins(),
    ).tolist()


def test_example_of_the_report() -> None:
    # Keys 0.50, 0.47 and 0.52: rare, frequent, common.
    assert order([0.50, 0.42, 0.42], [FREQUENT, COMMON, RARE]) == [2, 0, 1]


def test_higher_score_goes_first_at_equal_keys() -> None:
    assert order([0.25, 0.5], [RARE, FREQUENT], margins=Margins(rare=0.25, common=0.0)) == [1, 0]


def test_rarer_group_goes_first_at_equal_keys_and_scores() -> None:
    no_margins = Margins(rare=0.0, common=0.0)
    assert order([0.5] * 3, [FREQUENT, COMMON, RARE], margins=no_margins) == [2, 1, 0]


def test_source_then_given_order_break_full_ties() -> None:
    assert order([0.5] * 3, [RARE] * 3, sources=[1, 0, 0]) == [1, 2, 0]


def test_images_stay_together_in_order() -> None:
    assert order([0.1, 0.9, 0.5], [FREQUENT] * 3, images=[0, 1, 0]) == [2, 0, 1]


def test_order_within_a_group_is_that_of_the_scores() -> None:
    random = np.random.default_rng(0)
    scores: NDArray[np.float64] = random.uniform(0, 1, 1000)
    groups = random.integers(0, 3, 1000)
    ranked = np.array(order(scores.tolist(), groups.tolist()))
    for group in (RARE, COMMON, FREQUENT):
        assert (np.diff(scores[ranked[groups[ranked] == group]]) <= 0).all()


@pytest.mark.parametrize(
    ("rare", "common"),
    [(0.05, 0.1), (-0.1, -0.2), (0.1, -0.05), (math.nan, 0.0), (math.inf, 0.0)],
)
def test_margins_that_do_not_fall_with_frequency_are_refused(rare: float, common: float) -> None:
    with pytest.raises(ValueError, match="0 <= common <= rare"):
        Margins(rare, common)


def test_ranks_restart_with_every_image() -> None:
    assert ranks_in_image(np.array([0, 0, 2, 2, 2, 5])).tolist() == [0, 1, 0, 1, 2, 0]
    assert ranks_in_image(np.array([], np.int64)).tolist() == []
