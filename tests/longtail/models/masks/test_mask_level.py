import pytest
import torch

from longtail.models.masks.mask_level import levels_by_area_and_ratio
from longtail.models.pooling.pyramid import assign_levels

RATIOS = torch.tensor([1.0, 0.6, 0.3, 0.1])


def _levels(side: float, ratios: torch.Tensor, **options: float) -> list[int]:
    areas = torch.full_like(ratios, side**2)
    return levels_by_area_and_ratio(areas, areas * ratios, **options).tolist()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("side", "levels"),
    [(240, [2, 2, 1, 0]), (480, [3, 2, 1, 0]), (64, [0, 0, 0, 0]), (112, [1, 1, 1, 0])],
)
def test_worked_numbers(side: float, levels: list[int]) -> None:
    assert _levels(side, RATIOS) == levels


def test_quarters_of_the_box_begin_a_level() -> None:
    ratios = torch.tensor([0.0, 0.2499, 0.25, 0.4999, 0.5, 0.7499, 0.75, 1.0])
    assert _levels(1000, ratios) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_octaves_of_the_side_begin_a_level() -> None:
    full = torch.ones(1)
    sides = [1.0, 55.9, 56.0, 111.9, 112.0, 223.9, 224.0, 447.9, 448.0, 5000.0]
    assert [_levels(side, full)[0] for side in sides] == [0, 0, 0, 0, 1, 1, 2, 2, 3, 3]


def test_a_mask_that_fills_its_box_is_where_its_area_puts_it() -> None:
    torch.manual_seed(0)
    sides = torch.rand(500, 2) * 900 + 1
    boxes = torch.cat([torch.zeros(500, 2), sides], dim=1)
    areas = sides.prod(dim=1)
    assert torch.equal(levels_by_area_and_ratio(areas, areas), assign_levels(boxes, 4, 32))


def test_a_box_without_area_is_on_the_finest_level() -> None:
    none = torch.zeros(1)
    assert levels_by_area_and_ratio(none, none).tolist() == [0]


def test_fewer_levels_and_another_finest_side() -> None:
    assert _levels(480, RATIOS, num_levels=2) == [1, 1, 1, 0]
    assert _levels(240, RATIOS, finest=28) == [3, 2, 1, 0]


def test_levels_are_integers_also_without_rois() -> None:
    none = torch.zeros(0)
    levels = levels_by_area_and_ratio(none, none)
    assert levels.shape == (0,) and levels.dtype == torch.int64
