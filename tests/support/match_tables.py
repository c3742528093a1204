"""Match tables made by hand or by chance, and a slow definition of their AP."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from longtail.categories import CategoryTable
from longtail.evaluation.metrics.matches.table import MatchTable
from longtail.evaluation.protocol import IOU_THRESHOLDS, RECALLS
from longtail.evaluation.uncertainty.bootstrap import draw_weights

T = len(IOU_THRESHOLDS)
# image, category, score, matched, ignored
Columns = tuple[
    NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]
]


def categories_of(letters: str) -> CategoryTable:
    """One category for each letter r, c, f."""
    records = [
        {"id": i + 1, "name": str(i), "frequency": letter, "image_count": 1, "instance_count": 1}
        for i, letter in enumerate(letters)
    ]
    return CategoryTable.from_records(records, "test")


def table_of(
    letters: str,
    num_images: int,
    detections: Sequence[tuple[int, int, float, bool | list[bool], bool | list[bool]]],
    gt: Sequence[tuple[int, int, int]],
) -> MatchTable:
    """A table out of rows in any order.

    Args:
        letters: Frequency group of each category.
        num_images: Images, ids 0 and up.
        detections: (image, category, score, matched, ignored); the last two for all thresholds at
            once, or ten values.
        gt: (image, category, count).
    """
    image, category = (np.array([d[i] for d in detections], dtype=np.int64) for i in (0, 1))
    score = np.array([d[2] for d in detections], dtype=np.float64)
    matched, ignored = (
        np.array([np.broadcast_to(d[i], T) for d in detections], dtype=bool).reshape(-1, T)
        for i in (3, 4)
    )
    gt_rows = np.array(sorted(gt, key=lambda row: row[1::-1]), dtype=np.int64).reshape(-1, 3)
    return sorted_table(
        categories_of(letters), num_images, (image, category, score, matched, ignored), gt_rows
    )


def sorted_table(
    categories: CategoryTable,
    num_images: int,
    columns: Columns,
    gt_rows: NDArray[np.int64],
) -> MatchTable:
    """A table out of columns in any order; `gt_rows` by category, then image."""
    image, category, score, matched, ignored = columns
    order = np.lexsort((-score, category))
    return MatchTable(
        categories=categories,
        image_ids=np.arange(num_images, dtype=np.int64),
        image=image[order],
        category=category[order],
        score=score[order],
        row=order.astype(np.int64),
        matched=matched[order],
        ignored=ignored[order],
        starts=np.searchsorted(category[order], np.arange(len(categories) + 1)),
        gt_image=gt_rows[:, 0].copy(),
        gt_category=gt_rows[:, 1].copy(),
        gt_count=gt_rows[:, 2].copy(),
    )


def repeated(table: MatchTable, weights: NDArray[np.int64]) -> MatchTable:
    """The table with every image there as often as its weight says, as new images."""
    first = np.concatenate([[0], np.cumsum(weights)])

    def copies(image: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        rows = np.repeat(np.arange(len(image)), weights[image])
        number = np.arange(len(rows)) - np.searchsorted(rows, rows)
        return rows, first[image[rows]] + number

    rows, image = copies(table.image)
    gt_rows, gt_image = copies(table.gt_image)
    columns = image, table.category[rows], table.score[rows], table.matched[rows]
    gt = np.stack([gt_image, table.gt_category[gt_rows], table.gt_count[gt_rows]], axis=1)
    gt = gt[np.lexsort((gt_image, gt[:, 1]))]
    return sorted_table(table.categories, int(first[-1]), (*columns, table.ignored[rows]), gt)


def slow_ap(table: MatchTable) -> NDArray[np.float64]:
    """AP by category, threshold by threshold and recall level by recall level."""
    precision = np.zeros((T, len(RECALLS), len(table.categories)))
    for k in range(len(table.categories)):
        num_gt = sum(table.gt_count[table.gt_category == k])
        own = slice(table.starts[k], table.starts[k + 1])
        for t in range(T):
            right = np.cumsum(table.matched[own, t] & ~table.ignored[own, t])
            wrong = np.cumsum(~table.matched[own, t] & ~table.ignored[own, t])
            points = [
                (r / max(num_gt, 1), r / (w + r + np.spacing(1)))
                for r, w in zip(right, wrong, strict=True)
            ]
            for i, level in enumerate(RECALLS):
                reached = [p for recall, p in points if recall >= level]
                precision[t, i, k] = max(reached, default=0.0) if num_gt else -1
    ap: NDArray[np.float64] = precision.mean(axis=(0, 1))
    return ap


def slow_resampled_ap(table: MatchTable, resamples: int, seed: int) -> NDArray[np.float64]:
    """(B,) AP of every resample by duplicating its images, stretched for few images."""
    draws = draw_weights(len(table.image_ids), resamples, seed)
    ap = np.stack([slow_ap(repeated(table, weights)) for weights in draws])
    for k in range(len(table.categories)):
        num_images = sum(table.gt_category == k)
        defined = ap[:, k] > -1
        deviation = ap[defined, k] - ap[defined, k].mean()
        if num_images > 1:
            ap[defined, k] += deviation * (np.sqrt(num_images / (num_images - 1)) - 1)
    # A stretched value may lie below 0, never below -1.
    return np.array([row[row > -1].mean() for row in ap])


def random_table(
    rng: np.random.Generator, letters: str = "rrcf", num_images: int = 12, num_detections: int = 90
) -> MatchTable:
    """Detections that are right up to some threshold, with tied scores and ignored ones."""
    count = rng.integers(1, 9, (len(letters), num_images))
    count *= rng.random((len(letters), num_images)) < 0.4
    image = rng.integers(num_images, size=num_detections)
    category = rng.integers(len(letters), size=num_detections)
    limit = rng.integers(0, T + 1, num_detections) * (rng.random(num_detections) < 0.6)
    matched = np.arange(T) < limit[:, None]
    for i, pair in enumerate(zip(category, image, strict=True)):
        # No more matches than instances.
        before = matched[:i][(category[:i] == pair[0]) & (image[:i] == pair[1])]
        matched[i] &= before.sum(axis=0) < count[pair]
    ignored = ~matched & (rng.random(num_detections) < 0.2)[:, None]
    columns = image, category, rng.random(num_detections).round(2), matched, ignored
    pairs = np.argwhere(count)
    gt_rows = np.stack([pairs[:, 1], pairs[:, 0], count[count > 0]], axis=1)
    return sorted_table(categories_of(letters), num_images, columns, gt_rows)


def simulated_tables(
    rng: np.random.Generator,
    skills: Sequence[float],
    letters: str = "rrccff",
    num_images: int = 150,
    presence: float = 0.3,
) -> list[MatchTable]:
    """Tables of models of which each finds an instance with known probability, and errs nowhere.

    An instance is in an image with probability `presence`; a model of skill p finds it at threshold
    t with probability p (1 - t / 10). Models share most of their luck.
    """
    present = rng.random((len(letters), num_images)) < presence
    category, image = np.nonzero(present)
    gt_rows = np.stack([image, category, np.ones_like(image)], axis=1)
    luck, is_shared = rng.random(len(image)), rng.random(len(image)) < 0.7
    tables = []
    for skill in skills:
        drawn = np.where(is_shared, luck, rng.random(len(image)))
        matched = drawn[:, None] < skill * _ease()
        found, score = matched[:, 0], rng.random(len(image))
        rows = image[found], category[found], score[found], matched[found]
        columns = (*rows, ~matched[found])
        tables.append(sorted_table(categories_of(letters), num_images, columns, gt_rows))
    return tables


def expected_ap(skill: float, num_images: int = 150, presence: float = 0.3) -> float:
    """Expected AP of a simulated model, exactly: the share of recall levels that are reached."""
    total = 0.0
    num_gt = np.arange(1, num_images + 1)
    for n, chance in zip(num_gt, binom.pmf(num_gt, num_images, presence), strict=True):
        found = np.arange(n + 1)
        levels = np.searchsorted(RECALLS, found / n, side="right") * (found > 0) / len(RECALLS)
        shares = [binom.pmf(found, n, skill * ease) @ levels for ease in _ease()]
        total += chance * float(np.mean(shares))
    return total / (1 - float(binom.pmf(0, num_images, presence)))


def _ease() -> NDArray[np.float64]:
    return 1 - np.arange(T) / T
