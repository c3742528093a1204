from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from longtail.data.loading.sample import Sample
from longtail.data.loading.scenes.masks import PolygonMask
from longtail.engines.targets import roi_targets

pytest.importorskip("detectron2", reason="detectron2 is not installed")

from detectron2.structures import BitMasks, Boxes, Instances, PolygonMasks

from longtail.engines.detectron2.targets import TargetInstances, targets_of

K = 6
CPU = torch.device("cpu")
SampleMaker = Callable[..., Sample]


def plain(sample: Sample, masks: str = "polygons") -> Instances:
    """The sample as detectron2's own data pipeline gives it."""
    instances = Instances(sample.image.size, gt_boxes=Boxes(sample.boxes), gt_classes=sample.labels)
    rings = [[ring.ravel() for ring in mask.rings] for mask in sample.masks.items if mask]
    if masks == "polygons":
        instances.gt_masks = PolygonMasks(rings)
    if masks == "bitmaps":
        instances.gt_masks = BitMasks.from_polygon_masks(rings, *sample.image.size)
    return instances


def test_targets_travel_with_the_instances_to_a_device(make_sample: SampleMaker) -> None:
    targets = roi_targets(make_sample(ignore_weights=torch.zeros(0), loss_weight=0.5), K, CPU)
    instances = TargetInstances((64, 64), targets)
    moved = instances.to(CPU)
    assert (len(moved), moved.image_size) == (2, (64, 64))
    assert torch.equal(moved.gt_boxes.tensor, targets.boxes)
    taken = targets_of(moved, K)
    torch.testing.assert_close(_tensors(taken), _tensors(targets))
    assert (taken.masks, taken.loss_weight) == (targets.masks, 0.5)


@pytest.mark.parametrize("masks", ["polygons", "bitmaps"])
def test_plain_instances_give_the_targets_of_the_same_sample(
    make_sample: SampleMaker, masks: str
) -> None:
    sample = make_sample()
    expected, found = roi_targets(sample, K, CPU), targets_of(plain(sample, masks), K)
    known = replace(expected, verified=found.verified)
    torch.testing.assert_close(_tensors(found), _tensors(known))
    index, regions = torch.tensor([1, 0, 1]), torch.tensor([[4.0, 6.0, 50.0, 60.0]] * 3)
    grids = found.masks.crop_to_grid(index, regions, 28)
    assert (grids.dtype, grids.device, grids.shape) == (torch.float32, CPU, (3, 28, 28))
    torch.testing.assert_close(grids, expected.masks.crop_to_grid(index, regions, 28))
    none = found.masks.crop_to_grid(index[:0], regions[:0], 28)
    assert none.shape == (0, 28, 28)


def test_only_categories_that_are_shown_are_verified_in_plain_instances(
    make_sample: SampleMaker,
) -> None:
    assert targets_of(plain(make_sample()), K).verified.tolist() == [[True] * 2 + [False] * 4]


def test_plain_instances_without_masks_are_annotated_with_boxes_only(
    make_sample: SampleMaker,
) -> None:
    targets = targets_of(plain(make_sample(), masks="none"), K)
    assert not targets.has_masks
    assert targets.masks.crop_to_grid(torch.zeros(0, dtype=torch.long), torch.zeros(0, 4), 28).shape


def test_masks_of_another_kind_are_named(make_sample: SampleMaker) -> None:
    instances = plain(make_sample(), masks="none")
    instances.gt_masks = torch.zeros(2, 64, 64)
    with pytest.raises(ValueError, match=r"gt_masks is a Tensor: give PolygonMasks or BitMasks"):
        targets_of(instances, K)


def test_polygons_are_rasterised_alike() -> None:
    ring = np.array([3.3, 4.1, 40.7, 9.9, 22.5, 51.2])
    regions = torch.tensor([[0.0, 0.0, 64.0, 64.0], [10.5, 7.25, 33.0, 41.0]])
    theirs = PolygonMasks([[ring], [ring]]).crop_and_resize(regions, 28)
    ours = PolygonMask((ring.reshape(3, 2),)).crop(regions.double().numpy(), 28)
    assert theirs.numpy().tolist() == ours.tolist()


def _tensors(targets: Any) -> dict[str, torch.Tensor]:
    return {name: value for name, value in vars(targets).items() if torch.is_tensor(value)}
