"""The test scale whose masks suit an object: fine ones for small and thin objects. D boxes.

Source: lvisTraveler 2020 (report 000), test-time modification 4: the mask comes from the resolution
chosen by box scale and area ratio. The report gives a rule for the levels of a feature pyramid
only, its Eq. 1 (`levels_by_area_and_ratio`). Where we differ: sizes are pixels of the original
image, and the levels from 3 to 0 are spread evenly over the scales from the smallest to the
largest.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from longtail.models.masks.mask_level import levels_by_area_and_ratio

COARSEST_LEVEL = 3


def chosen_scales(box_areas: Tensor, mask_areas: Tensor, short_sides: Sequence[int]) -> Tensor:
    """(D,) int64, the short side of the scale that suits each object.

    Args:
        box_areas: (D,) float64 over 0, in pixels of the original image.
        mask_areas: (D,) in the same pixels.
        short_sides: Of the scales; those that are equal are one.
    """
    levels = levels_by_area_and_ratio(box_areas, mask_areas, COARSEST_LEVEL + 1)
    ordered = torch.tensor(sorted(set(short_sides)), device=box_areas.device)
    share = (COARSEST_LEVEL - levels).double() / COARSEST_LEVEL
    return ordered[torch.floor(share * (len(ordered) - 1) + 0.5).long()]
