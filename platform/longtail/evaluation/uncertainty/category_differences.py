"""How far another choice of images could move the difference of each category's AP of two rows.

`comparison` is for means over many categories; here every category has a half width of its own,
from the same paired resamples, stretched in the same way for categories in few images.

M rows, P pairs of them, K categories, B resamples, N images.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longtail.evaluation.metrics.matches.table import MatchTable
from longtail.evaluation.uncertainty.bootstrap import (
    MIN_RESAMPLES,
    check_request,
    draw_blocks,
    images_per_category,
)
from longtail.evaluation.uncertainty.comparison import check_same_annotations
from longtail.evaluation.uncertainty.weighted_ap import WeightedAP
from longtail.metrics import UNDEFINED

if TYPE_CHECKING:
    import pandas as pd

RESAMPLES = 200
NORMAL_95 = 1.96
"""Standard deviations on both sides of the mean that hold 95%."""
MIN_IMAGES = 2
"""Of a category: resamples of a single image do not vary."""
MAX_ALL_PAIRS = 12

Pair = tuple[int, int]


def category_half_widths(
    tables: Iterable[MatchTable], pairs: Sequence[Pair], resamples: int = RESAMPLES, seed: int = 0
) -> NDArray[np.float64]:
    """Half of the 95% interval of the difference of each category's AP, of each pair of rows.

    1.96 standard deviations over the resamples that have an instance of the category.

    Args:
        tables: The matches of M rows of the same annotations; each is asked for once, in order, and
            let go, so that a generator need hold one at a time.
        pairs: Numbers of rows, the smaller first.
        resamples: Resamples to draw, at least 20.
        seed: Of the draws, which are the same for all rows.

    Returns:
        (P, K) fractions; NaN where unknown: a category in fewer than 2 images, or in fewer than 20
        resamples.

    Raises:
        ValueError: Rows of different annotations, or a number out of range.
    """
    last_use = {number: second for number, second in sorted(pairs)}
    held: dict[int, NDArray[np.float64]] = {}
    widths: dict[Pair, NDArray[np.float64]] = {}
    first: MatchTable | None = None
    for number, table in enumerate(tables):
        check_request(table, resamples)
        if first is None:
            first = table
            blocks = list(draw_blocks(len(table.image_ids), resamples, seed))
        check_same_annotations(first, table)
        weighted = WeightedAP(table)
        ap = np.concatenate([weighted.per_category(weights) for weights in blocks])
        for pair in pairs:
            if pair[1] == number:
                widths[pair] = _half_widths(held[pair[0]], ap, images_per_category(table))
        held = {i: kept for i, kept in held.items() if last_use[i] > number}
        if number in last_use:
            held[number] = ap
    assert first is not None
    return np.stack([widths[pair] for pair in pairs])


def pairs_of(num_rows: int, baseline: int = 0) -> list[Pair]:
    """Which rows are compared: all of up to 12, else each with the baseline and the row above.

    Args:
        num_rows: M.
        baseline: Number of a row.
    """
    if num_rows <= MAX_ALL_PAIRS:
        return [(i, j) for j in range(num_rows) for i in range(j)]
    with_baseline = {(min(i, baseline), max(i, baseline)) for i in range(num_rows) if i != baseline}
    return sorted({(i - 1, i) for i in range(1, num_rows)} | with_baseline)


def differences_table(
    ids: NDArray[np.int64], pairs: Sequence[Pair], widths: NDArray[np.float64]
) -> "pd.DataFrame":
    """A line for each category, as a page holds it.

    Args:
        ids: (K,) ids of the categories.
        pairs: Of rows.
        widths: (P, K) fractions, NaN where unknown.

    Returns:
        `id`, then `e0_1`, ... for each pair: the half width in points with one decimal, or NaN.
    """
    # A grid needs the rest alone, and pandas takes a quarter of a second to import.
    import pandas as pd

    columns = {f"e{i}_{j}": np.round(100 * of, 1) for (i, j), of in zip(pairs, widths, strict=True)}
    return pd.DataFrame({"id": ids, **columns})


def _half_widths(
    a: NDArray[np.float64], b: NDArray[np.float64], images: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(K,) of (B, K) AP of two rows, -1 where a resample lacks the category: it does for both."""
    occurs = a > UNDEFINED
    number = occurs.sum(axis=0)
    difference = np.where(occurs, b - a, 0.0)
    mean = difference.sum(axis=0) / np.maximum(number, 1)
    squares = (np.where(occurs, difference - mean, 0.0) ** 2).sum(axis=0)
    known = (number >= MIN_RESAMPLES) & (images >= MIN_IMAGES)
    stretch = images / np.maximum(images - 1, 1)
    deviation = np.sqrt(stretch * squares / np.maximum(number - 1, 1))
    return np.where(known, NORMAL_95 * deviation, np.nan)
