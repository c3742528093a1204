"""Which images show a category: those where rows differ, then those where it is large."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashboards.pictures.categories import ChosenCategory
from dashboards.pictures.judging import (
    Detection,
    Instance,
    Judgement,
    Verdict,
    instances_of,
)
from dashboards.pictures.opened import OpenRow, OpenTruth
from longtail.evaluation.diagnosis.image_overlaps import IGNORED

CANDIDATES = 8
"""Images that are looked at for each one that is shown."""
MOST_DRAWN = 5
"""Detections of a tile."""

OnPair = Callable[[int, int], object]
"""To be told how many pairs of a category and an image are judged, and of how many."""


@dataclass(frozen=True)
class Choice:
    """An image that shows a category.

    Attributes:
        category: Which one.
        rank: The image's.
        instances: Ground truth of the category.
        judgements: Of each row.
    """

    category: ChosenCategory
    rank: int
    instances: tuple[Instance, ...]
    judgements: tuple[Judgement, ...]


def drawn(judgement: Judgement, score_above: float) -> tuple[Detection, ...]:
    """The best detections above a score, five at most; the best one where none is above it."""
    above = [one for one in judgement.detections if one.score >= score_above]
    return tuple(above[:MOST_DRAWN]) or judgement.detections[:1]


def choose_images(
    opened: OpenTruth,
    rows: Sequence[OpenRow],
    categories: Sequence[ChosenCategory],
    most: int,
    score_above: float,
    on_pair: OnPair = lambda done, total: None,
) -> list[list[Choice]]:
    """At most so many images of each category, the most telling first.

    Images with ground truth of the category; for one that is in no image, those that are known to
    be without it and where a row found it. Of many, some that lie evenly among them are looked at.

    Args:
        opened: The annotations.
        rows: Whose detections are judged.
        categories: Which ones.
        most: Images of each.
        score_above: Wrong detections below it do not tell rows apart.
        on_pair: See `OnPair`.

    Raises:
        BadInputError: A store is damaged.
    """
    pairs = sorted(
        (rank, number)
        for number, category in enumerate(categories)
        for rank in _candidates(opened, category.label, CANDIDATES * most).tolist()
    )
    found: list[list[Choice]] = [[] for _ in categories]
    # By image, so that each block of detections is read once.
    for done, (rank, number) in enumerate(pairs, 1):
        label = categories[number].label
        judgements = tuple(row.judge(rank, label) for row in rows)
        instances = instances_of(opened.truth, opened.instances, rank, label)
        if instances or any(judgement.detections for judgement in judgements):
            found[number].append(Choice(categories[number], rank, instances, judgements))
        on_pair(done, len(pairs))
    return [sorted(of, key=lambda choice: _order(choice, score_above))[:most] for of in found]


def most_images(opened: OpenTruth, category: ChosenCategory, most: int) -> int:
    """How many of so many images there are at most of a category; nothing is judged for it."""
    return len(_candidates(opened, category.label, most))


def by_turns(chosen: Sequence[Sequence[Choice]]) -> list[Choice]:
    """The first image of each category, then the second of each, and so on."""
    longest = max(map(len, chosen), default=0)
    return [of[i] for i in range(longest) for of in chosen if i < len(of)]


def _candidates(opened: OpenTruth, label: int, most: int) -> NDArray[np.int64]:
    instances = opened.instances
    counting = (instances.label == label) & ((instances.flags & IGNORED) == 0)
    ranks = np.unique(instances.image[counting])
    if not len(ranks):
        pairs, num_categories = opened.truth.judged_pairs, len(opened.truth.categories)
        ranks = pairs[pairs % num_categories == label] // num_categories
    places = np.unique(np.linspace(0, len(ranks) - 1, min(most, len(ranks))).astype(np.int64))
    return ranks[places]


def _order(choice: Choice, score_above: float) -> tuple[int, int, float, int]:
    found = [judgement.count(Verdict.FOUND) for judgement in choice.judgements]
    wrong = [
        sum(one.verdict == Verdict.WRONG for one in drawn(judgement, score_above))
        for judgement in choice.judgements
    ]
    largest = max((of.shape.box[2] * of.shape.box[3] for of in choice.instances), default=0.0)
    return -_spread(found), -_spread(wrong), -largest, choice.rank


def _spread(counts: Sequence[int]) -> int:
    return max(counts, default=0) - min(counts, default=0)
