"""Which categories are worth seeing: rare ones, those that fail, those that changed, in turn."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from dashboards.pictures.opened import OpenTruth, ShownRow, ap_of
from longtail.categories import CategoryTable
from longtail.metrics import signed_points_text

NAMED = "asked for"
OTHER = "of the split"


@dataclass(frozen=True)
class ChosenCategory:
    """Attributes:
    label: Its index.
    why: A few words.
    """

    label: int
    why: str


def choose_categories(
    opened: OpenTruth, rows: Sequence[ShownRow], baseline: int, shown: int
) -> list[ChosenCategory]:
    """All categories that the images show, the most telling first.

    In turn one of the rarest, one of the lowest AP, and one that changed most from the baseline to
    the shown row; each category once.

    Args:
        opened: The annotations.
        rows: With their AP by category.
        baseline: Number of the row that others are compared with.
        shown: Number of the row whose AP is looked at.
    """
    table = opened.truth.categories
    num_instances = np.bincount(opened.truth.labels, minlength=len(table))
    there = num_instances > 0
    ap, before = (ap_of(rows[number], table.ids) for number in (shown, baseline))
    names = rows[baseline].name, rows[shown].name
    lists = (
        _rarest(table, there),
        _worst(ap, num_instances, names[1]),
        _changed(ap - before, there, *names),
    )
    first: dict[int, str] = {}
    for label, why in _in_turn(*lists):
        first.setdefault(label, why)
    for label in np.flatnonzero(there).tolist():
        first.setdefault(label, OTHER)
    return [ChosenCategory(label, why) for label, why in first.items()]


def named_categories(table: CategoryTable, names: Sequence[str]) -> list[ChosenCategory]:
    """Categories by name or id, in the order that they are named.

    Raises:
        ValueError: One is unknown; the message has the names that are like it.
    """
    return [ChosenCategory(_label(table, name), NAMED) for name in dict.fromkeys(names)]


def _label(table: CategoryTable, name: str) -> int:
    if name in table.names:
        return table.names.index(name)
    ids: list[int] = table.ids.tolist()
    if name.isdecimal() and int(name) in ids:
        return ids.index(int(name))
    like = difflib.get_close_matches(name, table.names, 3)
    hint = f"did you mean {' or '.join(like)}?" if like else "name one of the annotation file"
    raise ValueError(f"category {name!r} is not in the annotation file; {hint}")


def _rarest(table: CategoryTable, there: NDArray[np.bool_]) -> list[tuple[int, str]]:
    if not table.has_counts:
        return []
    labels = np.flatnonzero(there & table.group("r"))
    order = labels[np.argsort(table.image_count[labels], kind="stable")]
    return [(label, "among the rarest") for label in order.tolist()]


def _worst(
    ap: NDArray[np.float64], num_instances: NDArray[np.int64], name: str
) -> list[tuple[int, str]]:
    """By rising AP; of equal ones that with more instances fails more."""
    labels = np.flatnonzero(~np.isnan(ap) & (num_instances > 0))
    order = labels[np.lexsort((-num_instances[labels], ap[labels]))]
    return [(label, f"among the lowest AP of {name}") for label in order.tolist()]


def _changed(
    change: NDArray[np.float64], there: NDArray[np.bool_], before: str, after: str
) -> list[tuple[int, str]]:
    labels = np.flatnonzero(there & ~np.isnan(change) & (change != 0))
    order = labels[np.argsort(-np.abs(change[labels]), kind="stable")]
    told = f"AP from {before} to {after}"
    return [
        (label, f"among the most changed, {signed_points_text(float(change[label]))} {told}")
        for label in order.tolist()
    ]


def _in_turn(*lists: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """One new category of each list, then the next of each."""
    seen: set[int] = set()

    def fresh(items: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
        for item in items:
            if item[0] not in seen:
                seen.add(item[0])
                yield item

    for items in zip_longest(*map(fresh, lists)):
        yield from (item for item in items if item is not None)
