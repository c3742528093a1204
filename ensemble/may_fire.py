"""Which sources could have found an object: the ones whose silence about it says something.

D detections of one block, M sources, K categories. A source cannot find an object of a category
that it does not know (an expert, or one that is trusted with some frequency groups), of a size that
it is not trusted with, or in an image that it was not run on. An image without a single detection
of a source counts as such: detectors that are run with a score threshold of 0 always say something.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ensemble.sources import Block
from ensemble.valid_area import ValidArea


def may_fire(
    block: Block,
    sides: NDArray[np.float64],
    seen: NDArray[np.bool_],
    knows: NDArray[np.bool_],
    areas: Sequence[ValidArea],
) -> NDArray[np.bool_] | None:
    """(D, M) whether a source can find the object of a row; None where all can find all.

    Args:
        block: The detections.
        sides: (D,) their sides, from `box_sides`.
        seen: (M, images of the block) whether the source was run on the image.
        knows: (M, K) the categories of each source.
        areas: M valid areas.
    """
    everywhere = [area.is_everything for area in areas]
    if seen.all() and knows.all() and all(everywhere):
        return None
    found = np.ones((len(block), len(areas)), np.bool_)
    for source, area in enumerate(areas):
        if not seen[source].all():
            found[:, source] &= seen[source][block.images]
        if not knows[source].all():
            found[:, source] &= knows[source][block.categories]
        if not area.is_everything:
            found[:, source] &= area.holds(sides)
    return found
