"""Targets and features of toy size for the tests of the models."""

from collections.abc import Callable, Iterator

import pytest
import torch
from support.one_thread import one_thread
from torch import Tensor

from longtail.models.roi_heads.targets import RoITargets

K = 5


class FilledMasks:
    """Every instance fills its matched region; keeps what it was asked for."""

    def __init__(self, boxes: Tensor) -> None:
        self.boxes = boxes
        self.calls: list[tuple[Tensor, Tensor, int]] = []

    def areas(self) -> Tensor:
        return (self.boxes[:, 2:] - self.boxes[:, :2]).prod(dim=1)

    def crop_to_grid(self, index: Tensor, boxes: Tensor, side: int) -> Tensor:
        self.calls.append((index, boxes, side))
        return torch.ones(len(index), side, side)


TargetsMaker = Callable[..., RoITargets]


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture
def make_targets() -> TargetsMaker:
    """Targets of one image from lists of boxes and labels; K = 5, category 0 verified."""

    def make(boxes: list[list[float]], labels: list[int], **changes: object) -> RoITargets:
        verified = torch.zeros(1, K, dtype=torch.bool)
        verified[0, [0, *labels]] = True
        own_boxes = torch.tensor(boxes).view(-1, 4)
        fields: dict[str, object] = {
            "boxes": own_boxes,
            "labels": torch.tensor(labels, dtype=torch.long),
            "masks": FilledMasks(own_boxes),
            "verified": verified,
            "source": torch.zeros(len(labels), dtype=torch.long),
            "ignore_boxes": torch.zeros(0, 4),
            "ignore_weights": torch.zeros(0),
        }
        return RoITargets(**{**fields, **changes})  # type: ignore[arg-type]

    return make
