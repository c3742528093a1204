from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList

from longtail.config.detector import Proposals
from longtail.engines.anchors import PyramidAnchors, level_sizes
from longtail.models.necks.feature_pyramid import FeaturePyramid

LEVELS = FeaturePyramid.levels
SIZES, RATIOS = (8, 16, 32, 64, 128), (0.5, 1.0, 2.0)


def _exact() -> AnchorGenerator:
    return PyramidAnchors([[size] for size in SIZES], RATIOS, LEVELS.strides)


def _rounded() -> AnchorGenerator:
    return AnchorGenerator(tuple((size,) for size in SIZES), (RATIOS,) * 5)


def _anchors(
    kind: Callable[[], AnchorGenerator], side: int, dtype: torch.dtype = torch.float32
) -> list[Tensor]:
    cells = [-(-side // stride) for stride in (4, 8, 16, 32, 64)]
    levels = [torch.zeros(1, 1, n, n, dtype=dtype) for n in cells]
    anchors: list[Tensor] = kind()(
        ImageList(torch.zeros(2, 3, side, side), [(side, side)] * 2), levels
    )
    return anchors


def test_anchors_are_torchvisions_before_rounding_where_strides_divide_the_image() -> None:
    exact, rounded = _anchors(_exact, 128), _anchors(_rounded, 128)
    torch.testing.assert_close([anchors.round() for anchors in exact], rounded, rtol=0, atol=0)


def test_anchors_have_the_size_and_the_ratio_that_are_asked_for() -> None:
    width, height = (_anchors(_exact, 64)[0][:, 2:] - _anchors(_exact, 64)[0][:, :2]).T
    torch.testing.assert_close(width[:3] * height[:3], torch.full((3,), 64.0))
    torch.testing.assert_close(height[:3] / width[:3], torch.tensor(RATIOS))


def test_anchors_of_a_level_that_rounds_up_keep_its_stride() -> None:
    # A side of 96 gives p6 two cells: the second is centred at 64 pixels, not at 96 / 2 = 48.
    last = _anchors(_exact, 96)[0][-3:]
    torch.testing.assert_close((last[:, :2] + last[:, 2:]) / 2, torch.full((3, 2), 64.0))


def test_anchors_are_exact_on_features_of_low_precision() -> None:
    exact, coarse = (_anchors(_exact, 1024, d) for d in (torch.float32, torch.bfloat16))
    torch.testing.assert_close(coarse, exact, rtol=0, atol=0)


def test_every_level_has_its_own_size() -> None:
    assert level_sizes(Proposals(), LEVELS) == [[32], [64], [128], [256], [512]]


def test_one_anchor_size_a_level_is_needed() -> None:
    with pytest.raises(ValueError, match=r"anchor_sizes \(32, 64\): one size for each of the 5"):
        level_sizes(Proposals(anchor_sizes=(32, 64)), LEVELS)
