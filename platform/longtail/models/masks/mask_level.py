"""The pyramid level that a mask is pooled from. R RoIs."""

import torch
from torch import Tensor

SHARE_OF_LEVEL = 0.25
"""Of the box that a mask must fill to go one level up."""


def levels_by_area_and_ratio(
    box_areas: Tensor, mask_areas: Tensor, num_levels: int = 4, finest: float = 56.0
) -> Tensor:
    """The level of each RoI, 0 for the finest: lvisTraveler, LVIS Challenge 2020, Eq. 1.

    level = min(floor(log2(sqrt(S_box) / 56)), floor(S_mask / (0.25 S_box)), num_levels - 1), at
    least 0. The first is FPN's rule (`assign_levels`); the second keeps thin masks in large boxes
    on fine levels. The report's formula lost its layout in print and is read so from its text.

    Boxes are the RoIs. In training a mask fills as much of its RoI as the matched instance's does
    of its own box; in inference as much as a first mask does, from the level by area alone.

    Args:
        box_areas: (R,) pixels of the network's input; a box without area is on level 0.
        mask_areas: (R,) pixels, of the mask inside its box.
        num_levels: From the finest to the coarsest.
        finest: Side in pixels where level 0 begins; smaller boxes are on it, too.

    Returns:
        (R,) int64 in 0..num_levels-1.
    """
    by_area = torch.floor(torch.log2(box_areas.sqrt() / finest))
    tiny = torch.finfo(box_areas.dtype).tiny
    by_ratio = torch.floor(mask_areas / (SHARE_OF_LEVEL * box_areas).clamp(min=tiny))
    return torch.minimum(by_area, by_ratio).clamp(0, num_levels - 1).long()
