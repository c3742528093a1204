"""The shared RoI heads as detectron2 calls them. D detections, M = side of the mask grid."""

from collections.abc import Mapping, Sequence
from typing import Any

from detectron2.config import CfgNode, configurable
from detectron2.layers import ShapeSpec
from detectron2.modeling import ROI_HEADS_REGISTRY
from detectron2.structures import Boxes, ImageList, Instances
from torch import Tensor, nn

from longtail.engines.detectron2.keys import classifier_of, detector_of, inference_of, statistics_of
from longtail.engines.detectron2.targets import targets_of
from longtail.models.context.build import has_context
from longtail.models.necks.build import levels_of
from longtail.models.roi_heads.build import build_roi_heads
from longtail.models.roi_heads.heads import RoIDetections, RoIHeads

HEAD_LOSSES = {
    "classification": "loss_cls",
    "box": "loss_box_reg",
    "mask": "loss_mask",
    "boundary": "loss_boundary",
    "mask_iou": "loss_maskiou",
    "semantic": "loss_sem_seg",
    "image_labels": "loss_image_labels",
}
"""Our names, and those that detectron2 and projects on it have; all stages are summed. A batch
whose targets have no map of classes, as detectron2's own, has a `loss_sem_seg` of 0 that is tied to
the graph."""


class LongtailROIHeads(nn.Module):
    """Our second stage in any model of detectron2 whose backbone gives p2 to p5.

    Args:
        heads: The shared heads.
    """

    @configurable  # type: ignore[untyped-decorator]
    def __init__(self, *, heads: RoIHeads) -> None:
        super().__init__()
        self.heads = heads

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: Mapping[str, ShapeSpec]) -> dict[str, Any]:
        """The arguments of a configuration with MODEL.LONGTAIL.

        Raises:
            ValueError: The backbone's levels do not fit.
        """
        detector = detector_of(cfg)
        widths = {name: shape.channels for name, shape in input_shape.items()}
        levels = levels_of(detector.neck)
        needed = levels.names if has_context(detector) else levels.pooled_names
        if any(widths.get(level) != detector.neck_channels for level in needed):
            raise ValueError(
                f"MODEL.ROI_HEADS.NAME {cls.__name__}: needs the levels {needed[0]} to"
                f" {needed[-1]} with {detector.neck_channels} channels (neck_channels of"
                " MODEL.LONGTAIL.DETECTOR);"
                f" the backbone gives {widths}"
            )
        heads = build_roi_heads(detector, classifier_of(cfg), inference_of(cfg), statistics_of(cfg))
        return {"heads": heads}

    def forward(
        self,
        images: ImageList,
        features: Mapping[str, Tensor],
        proposals: Sequence[Instances],
        targets: Sequence[Instances] | None = None,
    ) -> tuple[Sequence[Instances], dict[str, Tensor]]:
        """The proposals and the losses in training, else the detections and no losses."""
        boxes = [of_image.proposal_boxes.tensor for of_image in proposals]
        sizes = images.image_sizes
        if not self.training:
            detected, _ = self.heads(features, boxes, sizes)
            return [_instances(*pair) for pair in zip(sizes, detected, strict=True)], {}
        assert targets is not None, "training needs the images' instances"
        num_categories = self.heads.num_categories
        learned = [targets_of(of_image, num_categories) for of_image in targets]
        _, losses = self.heads(features, boxes, sizes, learned)
        return proposals, {HEAD_LOSSES[name]: loss for name, loss in losses.items()}

    def forward_with_given_boxes(
        self, features: Mapping[str, Tensor], instances: Sequence[Instances]
    ) -> Sequence[Instances]:
        """Set `pred_masks` of instances that have `pred_boxes` and `pred_classes`."""
        assert not self.training, "masks of given boxes need eval()"
        boxes = [of_image.pred_boxes.tensor for of_image in instances]
        labels = [of_image.pred_classes for of_image in instances]
        masks = self.heads.masks_for(features, boxes, labels)
        for of_image, found in zip(instances, masks, strict=True):
            of_image.pred_masks = found.probabilities[:, None]
        return instances


def _instances(size: tuple[int, int], detected: RoIDetections) -> Instances:
    """detectron2's fields of an image's detections; `pred_masks` is (D, 1, M, M)."""
    return Instances(
        size,
        pred_boxes=Boxes(detected.found.boxes),
        scores=detected.found.scores,
        pred_classes=detected.found.labels,
        pred_masks=detected.mask_probabilities[:, None],
    )


ROI_HEADS_REGISTRY.register(LongtailROIHeads)
