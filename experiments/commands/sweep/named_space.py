"""What a named search space is, and the threshold that some of them lie round."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from longtail.config.search_space import Dimension, SearchSpace
from longtail.config.variant import Variant
from longtail.data.lvis.annotations import open_annotations

TailThreshold = Callable[[], float]
"""Finds the threshold between common and frequent categories, see `tail_threshold`."""

Follows = Callable[[Variant, TailThreshold], Dimension]


@dataclass(frozen=True)
class Axis:
    """What a named space varies in one field.

    Attributes:
        path: Of the field; `stages.last` is the last stage of the variant.
        range: Values, or how they follow variant and data.
        centre: The value of the report, or of the public code.
        starts_at_tail_threshold: Whether a variant without a value there begins with the tail
            threshold.
    """

    path: str
    range: Dimension | Follows
    centre: str
    starts_at_tail_threshold: bool = False

    def path_in(self, variant: Variant) -> str:
        """The whole path of the field."""
        return self.path.replace("stages.last", f"stages.{len(variant.stages) - 1}")


@dataclass(frozen=True)
class NamedSpace:
    """A search space that can be asked for by name.

    Attributes:
        base: Name of the variant that it varies unless another is given.
        why: What it finds out.
        axes: What varies.
    """

    base: str
    why: str
    axes: tuple[Axis, ...]

    def on(self, variant: Variant, tail_threshold: TailThreshold) -> SearchSpace:
        """The space of a variant.

        Args:
            variant: At its final size.
            tail_threshold: Of the training file.
        """
        dimensions: dict[str, Dimension] = {}
        for axis in self.axes:
            follows = axis.range
            dimensions[axis.path_in(variant)] = (
                follows(variant, tail_threshold) if callable(follows) else follows
            )
        return SearchSpace(dimensions)

    def start(self, variant: Variant, tail_threshold: TailThreshold) -> Variant:
        """The variant that a search can begin with: a tail of the groups r and c as a number.

        Raises:
            ValueError: A field of the space is none of the variant's.
        """
        paths = [axis.path_in(variant) for axis in self.axes if axis.starts_at_tail_threshold]
        leaves = variant.leaves()
        return variant.override(
            {path: tail_threshold() for path in paths if leaves.get(path) is None}
        )


def tail_threshold(train: Path) -> float:
    """The threshold that makes the groups r and c the tail: half-way between the largest share of
    annotated images that one of them is in and the next larger share.

    Raises:
        ValueError: All categories are frequent.
    """
    annotations = open_annotations(train)
    categories = annotations.categories
    tail = categories.group("r") | categories.group("c")
    if not tail.any():
        raise ValueError(
            f"{train}: every category is frequent, so no threshold divides tail from head; vary"
            " something else with --search"
        )
    shares = categories.image_count / annotations.num_annotated_images
    largest = float(shares[tail].max())
    above = shares[shares > largest]
    return float(f"{(largest + float(above.min() if len(above) else 1.02 * largest)) / 2:.4g}")
