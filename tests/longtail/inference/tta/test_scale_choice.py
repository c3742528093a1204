"""The rule of report 000 for levels (Eq. 1), spread over test scales."""

import pytest
import torch

from ensemble.masks.by_scale import levels, wanted_scales
from longtail.inference.tta.scale_choice import chosen_scales

FIVE = (800, 1000, 1200, 1400, 1600)
SIDES = [240] * 4 + [480] * 4 + [64, 64, 112]
RATIOS = [1.0, 0.6, 0.3, 0.1] * 2 + [1.0, 0.1, 1.0]
LEVELS = [2, 2, 1, 0, 3, 2, 1, 0, 0, 0, 1]


@pytest.mark.parametrize(
    ("short_sides", "of_level"),
    [
        (FIVE, {3: 800, 2: 1000, 1: 1400, 0: 1600}),
        ((1600, 800), {3: 800, 2: 800, 1: 1600, 0: 1600}),
        ((400, 800, 400, 1200), {3: 400, 2: 800, 1: 800, 0: 1200}),
    ],
)
def test_small_and_thin_objects_take_fine_scales(
    short_sides: tuple[int, ...], of_level: dict[int, int]
) -> None:
    boxes = torch.tensor(SIDES, dtype=torch.float64) ** 2
    masks = boxes * torch.tensor(RATIOS, dtype=torch.float64)
    chosen = chosen_scales(boxes, masks, short_sides).tolist()
    assert chosen == [of_level[level] for level in LEVELS]


def test_a_merge_of_files_chooses_the_same() -> None:
    generator = torch.Generator().manual_seed(0)
    boxes = torch.rand(200, generator=generator, dtype=torch.float64) * 4e5 + 1
    masks = (boxes * torch.rand(200, generator=generator, dtype=torch.float64)).long()
    expected = wanted_scales(levels(boxes.numpy(), masks.numpy()), FIVE)
    assert chosen_scales(boxes, masks, FIVE).tolist() == expected.tolist()


def test_no_object_chooses_nothing() -> None:
    nothing = torch.zeros(0, dtype=torch.float64)
    assert chosen_scales(nothing, nothing, FIVE).tolist() == []
