"""Training targets as detectron2 passes them, for heads that learn from more than instances.

G instances, K categories, R regions. Boxes are xyxy in pixels of the network's input.
"""

from dataclasses import dataclass, replace

import torch
from detectron2.structures import BitMasks, Boxes, Instances, PolygonMasks
from torch import Tensor

from longtail.data.loading.scenes.masks import InstanceMasks
from longtail.engines.targets import on_device
from longtail.models.roi_heads.targets import MaskTargets, RoITargets


class TargetInstances(Instances):  # type: ignore[misc]
    """An image's instances with all that `RoITargets` knows of it.

    The fields of `Instances` have one value for each instance. Verified categories and ignore boxes
    do not, so they travel beside the fields. Taking some of the instances loses them.

    Args:
        size: (height, width) of the network's input without padding.
        targets: The image's targets.
    """

    def __init__(self, size: tuple[int, int], targets: RoITargets) -> None:
        super().__init__(size, gt_boxes=Boxes(targets.boxes), gt_classes=targets.labels)
        self._targets = targets

    @property
    def targets(self) -> RoITargets:
        """The image's targets."""
        return self._targets

    def to(self, device: torch.device) -> "TargetInstances":
        """The same on a device."""
        given = self._targets
        moved = replace(
            given,
            boxes=given.boxes.to(device),
            labels=given.labels.to(device),
            verified=given.verified.to(device),
            source=given.source.to(device),
            ignore_boxes=given.ignore_boxes.to(device),
            ignore_weights=given.ignore_weights.to(device),
            semantic=on_device(given.semantic, device),
            regions=on_device(given.regions, device),
            ignore_proposals=on_device(given.ignore_proposals, device),
            ignore_labels=on_device(given.ignore_labels, device),
        )
        return TargetInstances(self.image_size, moved)


def targets_of(instances: Instances, num_categories: int) -> RoITargets:
    """The targets of the RoI heads, whether detectron2's data pipeline made the instances or ours.

    Plain instances have `gt_boxes`, `gt_classes` and, unless only boxes are annotated, `gt_masks`.
    Only the categories they show are verified then, nothing is ignored, and the image counts 1.

    Args:
        instances: Of one image.
        num_categories: K.
    """
    if isinstance(instances, TargetInstances):
        return instances.targets
    boxes: Tensor = instances.gt_boxes.tensor
    labels: Tensor = instances.gt_classes
    verified = torch.zeros(1, num_categories, dtype=torch.bool, device=boxes.device)
    verified[0, labels] = True
    has_masks = bool(instances.has("gt_masks"))
    return RoITargets(
        boxes=boxes,
        labels=labels,
        masks=_mask_targets(instances.gt_masks)
        if has_masks
        else InstanceMasks((None,) * len(boxes)),
        verified=verified,
        source=torch.zeros_like(labels),
        ignore_boxes=boxes.new_zeros(0, 4),
        ignore_weights=boxes.new_zeros(0),
        has_masks=has_masks,
    )


@dataclass(frozen=True)
class Detectron2Masks:
    """detectron2's polygons or bitmaps as the mask head crops them."""

    masks: PolygonMasks | BitMasks

    def crop_to_grid(self, index: Tensor, boxes: Tensor, side: int) -> Tensor:
        """See `MaskTargets`."""
        grids: Tensor = self.masks[index].crop_and_resize(boxes.detach(), side)
        return grids.float().cpu()

    def areas(self) -> Tensor:
        """See `MaskTargets`."""
        if isinstance(self.masks, BitMasks):
            areas: Tensor = self.masks.tensor.sum(dim=(1, 2))
        else:
            areas = self.masks.area()
        return areas.float().cpu()


def _mask_targets(masks: object) -> MaskTargets:
    if isinstance(masks, PolygonMasks | BitMasks):
        return Detectron2Masks(masks)
    raise ValueError(
        f"instances.gt_masks is a {type(masks).__name__}: give PolygonMasks or BitMasks"
    )
