"""Points of a search that stand for the same merge: only values that it reads tell them apart."""

from collections.abc import Iterable
from itertools import product
from math import prod
from typing import Any

from optuna.distributions import CategoricalDistribution

from ensemble.tuning.objective.space import Point, Space

THRESHOLDS = frozenset(("iou_thr", "first_iou_thr", "sigma"))
TOGETHER = ("method", "match", "mask")
"""Choices that decide which other values are read."""


def meaning_of(space: Space, point: Point) -> dict[str, Any]:
    """The values of a point that its merge reads.

    A point that no merge would accept keeps all of them.
    """
    try:
        fusion = space.settings_at(point).fusion
    except ValueError:
        return dict(point)
    unread = THRESHOLDS - fusion.fusion_method.parameters(fusion.soft_nms)
    read = {name: value for name, value in point.items() if name not in unread}
    # As `settings_at` resolves them: WBF of one source is NMS, and nobody votes in soft-NMS.
    if "method" in read:
        read["method"] = fusion.method
    if read.get("mask") == "vote":
        read["mask"] = fusion.mask
    return read


def key_of(space: Space, point: Point) -> tuple[tuple[str, Any], ...]:
    """Equal for points that stand for the same merge."""
    return tuple(sorted(meaning_of(space, point).items()))


def once(space: Space, points: Iterable[Point]) -> list[Point]:
    """The points without those that stand for the merge of an earlier one."""
    first: dict[tuple[tuple[str, Any], ...], Point] = {}
    for point in points:
        first.setdefault(key_of(space, point), point)
    return list(first.values())


def num_merges(space: Space) -> int | None:
    """How many different merges there are without margins; None for any number."""
    areas = space.distributions()
    choices = {n: d.choices for n, d in areas.items() if isinstance(d, CategoricalDistribution)}
    start = space.start()
    together = {name: choices[name] for name in TOGETHER if name in choices}
    points = [
        {**start, **dict(zip(together, values, strict=True))}
        for values in product(*together.values())
    ]
    found = [meaning_of(space, point) for point in points]
    if any(name not in choices for point in found for name in point):
        return None
    others = prod(len(of) for name, of in choices.items() if name not in together)
    return others * len({tuple(sorted(point.items())) for point in found})
