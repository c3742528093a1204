"""How the two rows of scores of a calibrated classifier become one.

Classification calibration, LVIS Challenge 2019 report (004), section 2.2 and Table 6. P proposals,
K categories, background is the last column. A merged row need not sum to 1: where the new scores
stand beside the original ones, the two were trained on different shares of background.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

import torch
from torch import Tensor
from torch.nn import functional as F

from longtail.models.classifiers.base import Classifier
from longtail.models.classifiers.calibrated import CalibratedClassifier

Rule = Literal["only", "avg", "det", "cat", "cat_thr", "cat_scale"]
Scale = Literal["new_over_original", "original_over_new"]
LEAST_MEAN = 1e-6
"""Keeps ratios finite; a detector that is not broken is far above."""


def new_on_tail(original: Tensor, new: Tensor, tail: Tensor) -> Tensor:
    """(P, K + 1) `cat`: new scores of tail categories, original ones of the others and background.

    Args:
        original: (P, K + 1) scores of the original classifier.
        new: (P, K + 1) scores of the new one.
        tail: (K,) bool.
    """
    return torch.where(F.pad(tail, (0, 1)), new, original)


def above_threshold(new: Tensor, threshold: float) -> Tensor:
    """`cat_thr`: scores at or below the threshold become 0; NaN stays, so that it is noticed."""
    return torch.where(new <= threshold, torch.zeros_like(new), new)


def scaled(new: Tensor, factor: float | Tensor) -> Tensor:
    """`cat_scale`: scores times a factor, at most 1."""
    return (new * factor).clamp(max=1)


@dataclass(frozen=True)
class BackgroundMeans:
    """Mean background score of each classifier over the same proposals, in [0, 1].

    Attributes:
        original: Of the original classifier.
        new: Of the new one.
    """

    original: float
    new: float

    def ratio(self, scale: Scale) -> float:
        """One mean over the other; means below `LEAST_MEAN` count as that."""
        original, new = max(self.original, LEAST_MEAN), max(self.new, LEAST_MEAN)
        return new / original if scale == "new_over_original" else original / new


@dataclass(frozen=True)
class BackgroundSums:
    """Adds up background scores. A proposal with one that is no number counts in neither sum: one
    broken row would spoil the scores of all.

    Attributes:
        original: Sum over the proposals so far.
        new: Sum over the same ones.
        count: How many they are.
    """

    original: float = 0.0
    new: float = 0.0
    count: int = 0

    def plus(self, original: Tensor, new: Tensor) -> "BackgroundSums":
        """The sums with (P,) more scores of each classifier."""
        finite = original.isfinite() & new.isfinite()
        return BackgroundSums(
            self.original + float(original[finite].double().sum()),
            self.new + float(new[finite].double().sum()),
            self.count + int(finite.sum()),
        )

    def means(self) -> BackgroundMeans:
        """0 without any proposal."""
        count = max(self.count, 1)
        return BackgroundMeans(self.original / count, self.new / count)


@dataclass(frozen=True)
class MergedRows:
    """One row of scores of two; implements `ScoreRows` for a `CalibratedClassifier`.

    Attributes:
        rule: See `HeadMerge.rule`.
        tail: (K,) bool, the categories whose scores are the new classifier's.
        threshold: Of `cat_thr`.
        scale: Of `cat_scale`: which mean of the two is divided by the other.
        means: Of `cat_scale`; "of the image" takes those of each image by itself, and None says
            that they are not measured yet.
    """

    rule: Rule
    tail: Tensor
    threshold: float
    scale: Scale
    means: BackgroundMeans | Literal["of the image"] | None

    def __call__(
        self, classifier: Classifier, logits: Tensor, lengths: Sequence[int]
    ) -> tuple[Tensor, ...]:
        """See `ScoreRows`; `det` gives the rows of both.

        Raises:
            ValueError: `cat_scale` needs means that nobody measured.
        """
        assert isinstance(classifier, CalibratedClassifier)
        new = classifier.new_scores(logits)
        if self.rule == "only":
            return (new,)
        original = classifier.original_scores(logits)
        tail = self.tail.to(logits.device)
        match self.rule:
            case "avg":
                return ((original + new) / 2,)
            case "det":
                return original, new
            case "cat":
                return (new_on_tail(original, new, tail),)
            case "cat_thr":
                return (new_on_tail(original, above_threshold(new, self.threshold), tail),)
            case "cat_scale":
                factor = self._factor(original[:, -1], new[:, -1], lengths)
                return (new_on_tail(original, scaled(new, factor), tail),)
            case _:
                assert_never(self.rule)

    @property
    def needs_means(self) -> bool:
        """Whether background means have to be measured before anything is scored."""
        return self.rule == "cat_scale" and self.means is None

    def _factor(self, original: Tensor, new: Tensor, lengths: Sequence[int]) -> float | Tensor:
        """What new scores are multiplied by: a number, or (P, 1) of (P,) background scores."""
        match self.means:
            case None:
                raise ValueError(
                    "inference.head_merge.rule cat_scale: the mean background scores of the first"
                    " images are not measured; set scale_images to 0, which takes each image's own"
                )
            case BackgroundMeans():
                return self.means.ratio(self.scale)
            case "of the image":
                images = zip(*(torch.split(s, list(lengths)) for s in (original, new)), strict=True)
                means = [BackgroundSums().plus(*of_image).means() for of_image in images]
                ratios = original.new_tensor([of_image.ratio(self.scale) for of_image in means])
                return ratios.repeat_interleave(original.new_tensor(lengths).long())[:, None]
