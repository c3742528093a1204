"""A paired bootstrap: whether one model is better than another on these images for real.

Both models are judged on the same resamples, so what makes an image easy or hard for both drops
out of the difference. The images are what varies; the chance of another training run is not in
the interval (see `seeds`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longtail.evaluation.metrics.matches.table import MatchTable
from longtail.evaluation.uncertainty.bootstrap import (
    LEVEL,
    OnResample,
    check_request,
    interval,
    resampled_metrics,
    rough_intervals,
    whole_metrics,
)
from longtail.metrics import GROUP_METRICS, UNDEFINED


@dataclass(frozen=True)
class Difference:
    """A metric of models A and B; all values are fractions, -1 where the metric is undefined.

    Attributes:
        a: The metric of model A.
        b: The metric of model B.
        difference: B - A.
        low: Lower end of the interval of the difference.
        high: Upper end of the interval of the difference.
        standard_error: Standard deviation of the difference over the resamples.
        bias: Mean difference over the resamples - difference, which low and high are free of.
        p_value: Two-sided: twice the fraction of resamples, moved by the bias, beyond 0 or on it.
        real: The interval excludes 0.
        resamples: Resamples in which the metric is defined.
    """

    a: float
    b: float
    difference: float
    low: float
    high: float
    standard_error: float
    bias: float
    p_value: float
    real: bool
    resamples: int


@dataclass(frozen=True)
class Comparison:
    """Differences of AP, APr, APc and APf, how they were made, and which are doubtful.

    A warning means that `real` comes out too easily there.
    """

    metrics: dict[str, Difference]
    resamples: int
    seed: int
    level: float
    warnings: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def compare(
    table_a: MatchTable,
    table_b: MatchTable,
    resamples: int = 1000,
    seed: int = 0,
    on_resample: OnResample | None = None,
) -> Comparison:
    """Differences of AP, APr, APc and APf of model B to model A, with paired intervals.

    Args:
        table_a: The matches of model A.
        table_b: The matches of model B, for the same annotations.
        resamples: Resamples to draw, at least 20.
        seed: Of the draws.
        on_resample: Told the number of resamples done and of all, as they are done.

    Raises:
        ValueError: The tables are not of the same annotations, or a number is out of range.
    """
    check_same_annotations(table_a, table_b)
    check_request(table_a, resamples)
    drawn = resampled_metrics([table_a, table_b], resamples, seed, on_resample)
    a, b = (_Resampled.of(*model) for model in zip((table_a, table_b), drawn, strict=True))
    return _comparison(a, b, resamples, seed)


def compare_pairs(
    tables: Iterable[MatchTable],
    pairs: Sequence[tuple[int, int]],
    resamples: int = 1000,
    seed: int = 0,
) -> list[Comparison]:
    """What `compare` finds for each pair, with each model resampled once, not once a pair.

    Args:
        tables: The matches of some models for the same annotations; each is asked for once and let
            go, so that a generator need hold two at a time.
        pairs: Numbers of models A and B.
        resamples: Resamples to draw, at least 20.
        seed: Of the draws.

    Raises:
        ValueError: The tables are not of the same annotations, or a number is out of range.
    """
    first: MatchTable | None = None
    models = []
    for table in tables:
        first = table if first is None else first
        check_same_annotations(first, table)
        check_request(table, resamples)
        (drawn,) = resampled_metrics([table], resamples, seed)
        models.append(_Resampled.of(table, drawn))
    return [_comparison(models[a], models[b], resamples, seed) for a, b in pairs]


@dataclass(frozen=True, eq=False)
class _Resampled:
    """A model's metrics: (4,) whole, (B, 4) in resamples; and what makes intervals doubtful."""

    whole: list[float]
    drawn: NDArray[np.float64]
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, table: MatchTable, drawn: NDArray[np.float64]) -> "_Resampled":
        return cls(whole_metrics(table), drawn, tuple(rough_intervals(table)))


def _comparison(a: _Resampled, b: _Resampled, resamples: int, seed: int) -> Comparison:
    columns = zip(GROUP_METRICS, a.whole, b.whole, (b.drawn - a.drawn).T, strict=True)
    differences = {name: _difference(*metric) for name, *metric in columns}
    return Comparison(differences, resamples, seed, LEVEL, a.warnings)


def _difference(a: float, b: float, drawn: NDArray[np.float64]) -> Difference:
    bounds = interval(UNDEFINED if a == UNDEFINED else b - a, drawn, LEVEL)
    known = bounds.standard_error != UNDEFINED
    return Difference(
        a=a,
        b=b,
        difference=bounds.value,
        low=bounds.low,
        high=bounds.high,
        standard_error=bounds.standard_error,
        bias=bounds.bias,
        p_value=_p_value(drawn[~np.isnan(drawn)] - bounds.bias) if known else UNDEFINED,
        real=known and not bounds.low <= 0 <= bounds.high,
        resamples=bounds.resamples,
    )


def _p_value(drawn: NDArray[np.float64]) -> float:
    """Two-sided and never 0: the value itself counts as one resample beyond 0."""
    beyond = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    return min(1.0, 2 * (beyond + 1) / (len(drawn) + 1))


def check_same_annotations(table_a: MatchTable, table_b: MatchTable) -> None:
    """Check that two models were judged by the same annotations.

    Raises:
        ValueError: They were not; says in what these differ.
    """
    same = {
        "images": np.array_equal(table_a.image_ids, table_b.image_ids),
        "categories": table_a.categories.same_ids(table_b.categories),
        "frequency groups": np.array_equal(
            table_a.categories.frequency, table_b.categories.frequency
        ),
        "instances": all(
            np.array_equal(getattr(table_a, column), getattr(table_b, column))
            for column in ("gt_image", "gt_category", "gt_count")
        ),
    }
    differing = [name for name, equal in same.items() if not equal]
    if differing:
        raise ValueError(
            f"the two models were judged on different {', '.join(differing)}; evaluate both "
            "against one annotation file"
        )


HIGHER, LOWER, UNDECIDED = "higher", "lower", "not told apart"


def significance(difference: Difference) -> str:
    """Whether model B is higher or lower than model A for real; "-" where undefined."""
    if difference.standard_error == UNDEFINED:
        return "-"
    if not difference.real:
        return UNDECIDED
    return HIGHER if difference.low > 0 else LOWER


def difference_cells(difference: Difference) -> tuple[str, str, str]:
    """Difference and interval in points, and the significance."""
    if difference.standard_error == UNDEFINED:
        return "-", "-", "-"
    low, high = _signed(difference.low), _signed(difference.high)
    return _signed(difference.difference), f"{low} to {high}", significance(difference)


def _signed(fraction: float) -> str:
    return f"{100 * fraction:+z.2f}"
