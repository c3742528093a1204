"""Confidence intervals of AP by resampling images (percentile bootstrap, Efron 1979).

A resample draws as many images as there are, with replacement; its APs come from the matches that
are already known, each image counting as often as it was drawn. What the intervals cover is the
choice of images: not the chance of another training run, for which see `seeds`.

Where we differ from the plain percentile interval, because LVIS has many categories of few images:

- AP of a resample is too high on average, by more than its spread (a repeated true positive lifts
  the interpolated precision), so that a plain interval lies beside its own value. The resamples
  are moved by that `bias`, to have the value as their mean.
- A category in n images varies too little over the resamples, by a factor of (n - 1) / n in its
  variance. Its deviations from its mean are stretched accordingly (Rao and Wu 1988); a category
  in one image stays as it is.

The interval is for the AP expected on as many images.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longtail.categories import FREQUENCY_GROUPS, CategoryTable
from longtail.evaluation.metrics.matches.table import MatchTable
from longtail.evaluation.uncertainty.weighted_ap import WeightedAP
from longtail.metrics import GROUP_METRICS, UNDEFINED

LEVEL = 0.95
"""Fraction of the resamples within an interval."""
MIN_RESAMPLES = 20
# Beyond these, 95% intervals covered 73 to 92% of simulated truths (benchmarks/uncertainty.py).
MIN_PLACES = 30
MAX_SINGLE_IMAGE_FRACTION = 0.25
# Images times resamples that are drawn at a time: what they take is bounded by 40 MB.
MAX_DRAWN = 2**20

OnResample = Callable[[int, int], None]


@dataclass(frozen=True)
class Interval:
    """A metric and how far another choice of images could move it; -1 where undefined.

    Attributes:
        value: The metric on all images, a fraction.
        low: Lower end of the interval.
        high: Upper end of the interval.
        standard_error: Standard deviation over the resamples.
        bias: Mean over the resamples - value; low and high are free of it.
        resamples: Resamples in which the metric is defined: a group is not, where no image with
            one of its instances was drawn.
    """

    value: float
    low: float
    high: float
    standard_error: float
    bias: float
    resamples: int


@dataclass(frozen=True)
class Intervals:
    """Intervals of AP, APr, APc and APf, how they were made, and which are doubtful."""

    metrics: dict[str, Interval]
    resamples: int
    seed: int
    level: float
    warnings: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def bootstrap(
    table: MatchTable,
    resamples: int = 1000,
    seed: int = 0,
    on_resample: OnResample | None = None,
) -> Intervals:
    """Intervals of AP, APr, APc and APf over resampled images.

    A category that has no ground truth in a resample is left out of the means of that resample.

    Args:
        table: The matches of one model.
        resamples: Resamples to draw, at least 20.
        seed: Of the draws; the same seed draws the same images for any model.
        on_resample: Told the number of resamples done and of all, as they are done.

    Raises:
        ValueError: `resamples` out of range, or a table without images.
    """
    check_request(table, resamples)
    (drawn,) = resampled_metrics([table], resamples, seed, on_resample)
    columns = zip(GROUP_METRICS, whole_metrics(table), drawn.T, strict=True)
    intervals = {name: interval(value, values, LEVEL) for name, value, values in columns}
    return Intervals(intervals, resamples, seed, LEVEL, tuple(rough_intervals(table)))


def check_request(table: MatchTable, resamples: int) -> None:
    """Check what a caller chooses.

    Raises:
        ValueError: `resamples` out of range, or a table without images.
    """
    if resamples < MIN_RESAMPLES:
        raise ValueError(
            f"{resamples} resamples; an interval needs at least {MIN_RESAMPLES}, 1000 are usual"
        )
    if not len(table.image_ids):
        raise ValueError("no images to resample; evaluate a file with at least one image")


def rough_intervals(table: MatchTable) -> Iterator[str]:
    """A warning for each metric that rests on too few pairs or images for its interval to hold."""
    images = images_per_category(table)
    for name, members in zip(GROUP_METRICS, _groups(table.categories), strict=True):
        occurring = images[members & (images > 0)]
        num_single, num_places = int((occurring == 1).sum()), int(occurring.sum())
        if 0 < num_places < MIN_PLACES:
            of_group = members[table.gt_category]
            num_images = len(np.unique(table.gt_image[of_group]))
            yield (
                f"{name} rests on {num_images} image{'s' if num_images > 1 else ''} ({num_places} "
                f"if each category's are counted apart, fewer than {MIN_PLACES}): its interval may "
                "be too narrow"
            )
        elif num_single > MAX_SINGLE_IMAGE_FRACTION * len(occurring):
            yield (
                f"{name}: {num_single} of {len(occurring)} categories are in one image only: its "
                "interval may be too narrow"
            )


def resampled_metrics(
    tables: Sequence[MatchTable], resamples: int, seed: int, on_resample: OnResample | None = None
) -> NDArray[np.float64]:
    """(M, B, 4) AP, APr, APc, APf of M tables of the same images in the same B resamples.

    Stretched for the categories of few images; NaN where a resample has no ground truth of a group.
    """
    weighted = [WeightedAP(table) for table in tables]
    ap = np.empty((len(tables), resamples, len(tables[0].categories)))
    done = 0
    for weights in draw_blocks(len(tables[0].image_ids), resamples, seed):
        end = done + weights.shape[1]
        for model, weighted_ap in enumerate(weighted):
            ap[model, done:end] = weighted_ap.per_category(weights)
        if on_resample is not None:
            for resample in range(done, end):
                on_resample(resample + 1, resamples)
        done = end
    return np.stack([_stretched_means(*model) for model in zip(ap, tables, strict=True)])


def _stretched_means(ap: NDArray[np.float64], table: MatchTable) -> NDArray[np.float64]:
    """(B, 4) means over the groups of (B, K) AP by category, -1 in and NaN out where undefined."""
    images = images_per_category(table)
    # The others are undefined in all resamples. One column alone would be added in another order.
    some = np.flatnonzero(images) if (images > 0).sum() > 1 else np.arange(len(images))
    ap, images = np.take(ap, some, axis=1), images[some]
    occurs = ap > UNDEFINED
    stretch = np.sqrt(np.where(images > 1, images / np.maximum(images - 1, 1), 1.0))
    mean = np.where(occurs, ap, 0.0).sum(axis=0) / np.maximum(occurs.sum(axis=0), 1)
    # All columns again: the last digit of a sum depends on where its zeros are.
    stretched = np.zeros((len(ap), len(table.categories)))
    stretched[:, some] = np.where(occurs, mean + (ap - mean) * stretch, 0.0)
    means = np.full((len(ap), len(GROUP_METRICS)), np.nan)
    for column, members in enumerate(_groups(table.categories)):
        num_defined = occurs[:, members[some]].sum(axis=1)
        defined = num_defined > 0
        means[defined, column] = stretched[:, members].sum(axis=1)[defined] / num_defined[defined]
    return means


def draw_weights(num_images: int, resamples: int, seed: int) -> Iterator[NDArray[np.int32]]:
    """How often each of the images is drawn, (N,) int32 with sum N, resample by resample."""
    for weights in draw_blocks(num_images, resamples, seed):
        yield from weights.T


def draw_blocks(num_images: int, resamples: int, seed: int) -> Iterator[NDArray[np.int32]]:
    """The same as (N, B) int32 of as many resamples at once as take little memory."""
    rng = np.random.default_rng(seed)
    most = max(1, MAX_DRAWN // max(num_images, 1))
    for first in range(0, resamples, most):
        num = min(most, resamples - first)
        drawn = rng.integers(num_images, size=(num, num_images))
        cells = drawn * num + np.arange(num)[:, None]
        counts = np.bincount(cells.ravel(), minlength=num_images * num)
        yield counts.reshape(num_images, num).astype(np.int32)


def whole_metrics(table: MatchTable) -> list[float]:
    """AP, APr, APc and APf on all images, -1 without a category that occurs."""
    ap = table.ap_per_category()
    defined = (ap[members & (ap > UNDEFINED)] for members in _groups(table.categories))
    return [float(values.mean()) if values.size else UNDEFINED for values in defined]


def interval(value: float, drawn: NDArray[np.float64], level: float) -> Interval:
    """The interval of a value out of its (B,) values in the resamples, NaN where undefined."""
    defined = drawn[~np.isnan(drawn)]
    if len(defined) < 2:
        return Interval(value, UNDEFINED, UNDEFINED, UNDEFINED, UNDEFINED, len(defined))
    bias = float(defined.mean()) - value
    low, high = np.quantile(defined - bias, [(1 - level) / 2, (1 + level) / 2]).tolist()
    return Interval(value, low, high, float(defined.std(ddof=1)), bias, len(defined))


def _groups(categories: CategoryTable) -> list[NDArray[np.bool_]]:
    every = np.ones(len(categories), dtype=np.bool_)
    return [every, *(categories.group(letter) for letter in FREQUENCY_GROUPS)]


def images_per_category(table: MatchTable) -> NDArray[np.int64]:
    """(K,) images with ground truth of each category."""
    return np.bincount(table.gt_category, minlength=len(table.categories))
