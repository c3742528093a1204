"""Half widths by category: the slow definition, the paired comparison, and what is unknown."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from support.match_tables import random_table, simulated_tables, table_of
from support.references.half_widths import slow_half_widths

from longtail.evaluation.metrics.matches.table import MatchTable
from longtail.evaluation.uncertainty.category_differences import (
    category_half_widths,
    differences_table,
    pairs_of,
)
from longtail.evaluation.uncertainty.comparison import compare


def worse(table: MatchTable, share: float, seed: int = 0) -> MatchTable:
    """The same model with a part of its true positives lost."""
    keep = np.random.default_rng(seed).random(len(table)) < share
    return replace(table, matched=table.matched & keep[:, None])


def test_half_widths_are_those_of_recomputing_every_resample() -> None:
    first = random_table(np.random.default_rng(4), letters="rcff")
    tables = [first, worse(first, 0.7), worse(first, 0.4, seed=1)]
    pairs = [(0, 1), (0, 2), (1, 2)]
    found = category_half_widths(tables, pairs, resamples=30, seed=9)
    for pair, widths in zip(pairs, found, strict=True):
        slow = slow_half_widths(tables[pair[0]], tables[pair[1]], resamples=30, seed=9)
        np.testing.assert_allclose(widths, slow, atol=1e-13)
    assert np.nanmax(found) > 0


def test_a_single_category_varies_as_the_paired_comparison_says() -> None:
    table_a, table_b = simulated_tables(np.random.default_rng(0), [0.5, 0.6], letters="f")
    ap = compare(table_a, table_b, resamples=100, seed=3).metrics["AP"]
    ((width,),) = category_half_widths([table_a, table_b], [(0, 1)], resamples=100, seed=3)
    assert width == pytest.approx(1.96 * ap.standard_error, rel=1e-9)


def test_identical_rows_differ_by_nothing() -> None:
    table = random_table(np.random.default_rng(1), letters="ff")
    assert not category_half_widths([table, table], [(0, 1)], resamples=100).any()


def test_a_category_in_one_image_or_none_is_unknown() -> None:
    gt = [(0, 0, 1), (0, 1, 1), (1, 1, 1), (2, 1, 1)]
    found = [(0, 0, 0.9, True, False), (0, 1, 0.9, True, False), (1, 1, 0.8, True, False)]
    full, half = table_of("rrr", 3, found, gt), table_of("rrr", 3, found[:2], gt)
    ((single, several, absent),) = category_half_widths([half, full], [(0, 1)], resamples=50)
    assert np.isnan(single) and np.isnan(absent) and several > 0


def test_a_category_in_too_few_resamples_is_unknown() -> None:
    # In 2 of 3000 images: of 20 resamples about 10 draw one of them.
    table = table_of("r", 3000, [(0, 0, 0.9, True, False)], [(0, 0, 1), (1, 0, 1)])
    few, many = (category_half_widths([table, table], [(0, 1)], resamples=n) for n in (20, 200))
    assert np.isnan(few).all() and not np.isnan(many).any()


def test_rows_are_asked_for_one_at_a_time() -> None:
    first = random_table(np.random.default_rng(5))
    asked = []

    def rows() -> Iterator[MatchTable]:
        for number in range(4):
            asked.append(number)
            yield worse(first, 0.5, seed=number)

    pairs = [(0, 1), (1, 2), (0, 3), (2, 3)]
    found = category_half_widths(rows(), pairs, resamples=20)
    assert asked == [0, 1, 2, 3]
    again = [category_half_widths(list(rows()), [pair], resamples=20)[0] for pair in pairs]
    np.testing.assert_array_equal(found, again)


def test_rows_of_other_annotations_are_refused() -> None:
    table = table_of("r", 3, [(0, 0, 0.9, True, False)], [(0, 0, 1)])
    other = table_of("r", 4, [(0, 0, 0.9, True, False)], [(0, 0, 1)])
    with pytest.raises(ValueError, match="different images"):
        category_half_widths([table, other], [(0, 1)])
    with pytest.raises(ValueError, match="at least 20"):
        category_half_widths([table, table], [(0, 1)], resamples=19)


def test_up_to_twelve_rows_are_compared_with_each_other_and_more_with_two() -> None:
    assert pairs_of(3) == [(0, 1), (0, 2), (1, 2)]
    assert len(pairs_of(12)) == 66
    pairs = pairs_of(13, baseline=4)
    assert {(i - 1, i) for i in range(1, 13)} < set(pairs)
    assert {(min(i, 4), max(i, 4)) for i in range(13) if i != 4} < set(pairs)
    # The neighbours of the baseline are both.
    assert len(pairs) == 12 + 12 - 2
    assert pairs_of(1) == []


def test_the_table_has_points_with_one_decimal() -> None:
    widths = np.array([[0.0123, np.nan], [0.5, 0.06789]])
    table = differences_table(np.array([3, 7]), [(0, 1), (0, 2)], widths)
    assert list(table) == ["id", "e0_1", "e0_2"] and table["id"].tolist() == [3, 7]
    assert table["e0_1"][0] == 1.2 and np.isnan(table["e0_1"][1])
    assert table["e0_2"].tolist() == [50.0, 6.8]
