"""torchvision's own Mask R-CNN as a contender, with pictures and masks as its reference reads them.

Of the setting `demo` it has our small backbone and layers of its sizes.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torchvision.models.detection import MaskRCNN, maskrcnn_resnet50_fpn
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.transforms.functional import to_tensor

from benchmarks.training.contender import Contender, NoHeads, with_moved_boxes
from benchmarks.training.settings import IMAGES, TRAIN, Setting
from longtail.config.detector import Detector, Timm
from longtail.models.build import build_backbone
from longtail.models.necks.build import build_neck

Batch = tuple[list[Tensor], list[dict[str, Tensor]]]


def build(setting: Setting, folder: Path, heads: bool) -> Contender:
    """The stock model; background is category 0 there."""
    own = setting.detector.backbone
    assert isinstance(own, Timm)
    model = _resnet50(setting) if own.model == "resnet50" else _small(setting, own)
    convolutions = model.roi_heads.mask_head[0]
    if not heads:
        model.roi_heads = NoHeads()
    _move_proposals(model, setting.jittered)
    model.train()
    return Contender(
        model=model,
        parts={"backbone": model.backbone, "proposals": model.rpn, "heads": model.roi_heads},
        mask_convolutions=convolutions,
        batches=_batches(setting, folder),
        losses=lambda batch: model(*batch),
    )


def _sizes(setting: Setting) -> dict[str, Any]:
    proposals, box = setting.detector.proposals, setting.detector.box_head
    return {
        "min_size": setting.short_side,
        "rpn_pre_nms_top_n_train": proposals.train_pre_nms,
        "rpn_post_nms_top_n_train": proposals.train_post_nms,
        "rpn_batch_size_per_image": proposals.anchors_per_image,
        "box_batch_size_per_image": box.rois_per_image,
        "box_positive_fraction": box.positive_fraction,
    }


def _resnet50(setting: Setting) -> MaskRCNN:
    # Without weights all of its layers learn, and its norms are batch norms, as ours.
    return maskrcnn_resnet50_fpn(
        weights=None,
        weights_backbone=None,
        num_classes=setting.categories + 1,
        **_sizes(setting),
    )


class _SmallBackbone(nn.Module):
    """Our backbone and neck as torchvision wants them: a dictionary of levels."""

    def __init__(self, detector: Detector, backbone: Timm) -> None:
        super().__init__()
        self.out_channels = detector.neck_channels
        self.body = build_backbone(backbone)
        self.pyramid = build_neck(detector.neck, self.body, self.out_channels)

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        levels: dict[str, Tensor] = self.pyramid(pixels, self.body(pixels))
        return dict(zip(("0", "1", "2", "3", "pool"), levels.values(), strict=True))


def _small(setting: Setting, backbone: Timm) -> MaskRCNN:
    detector, num_outputs = setting.detector, setting.categories + 1
    box, mask, channels = detector.box_head, detector.mask_head, detector.neck_channels
    ratios = detector.proposals.aspect_ratios
    return MaskRCNN(
        _SmallBackbone(detector, backbone),
        rpn_anchor_generator=AnchorGenerator(
            tuple((size,) for size in detector.proposals.anchor_sizes), (ratios,) * 5
        ),
        box_head=TwoMLPHead(channels * box.pool_size**2, box.channels),
        box_predictor=FastRCNNPredictor(box.channels, num_outputs),
        mask_head=MaskRCNNHeads(channels, (mask.channels,) * mask.convolutions, 1),
        mask_predictor=MaskRCNNPredictor(mask.channels, mask.channels, num_outputs),
        **_sizes(setting),
    )


def _batches(setting: Setting, folder: Path) -> Iterator[Batch]:
    from pycocotools.coco import COCO

    coco = COCO(str(folder / TRAIN))
    ids, count = sorted(coco.getImgIds()), setting.images_per_step
    while True:
        for first in range(0, len(ids), count):
            pairs = [_read(coco, image_id, folder) for image_id in ids[first : first + count]]
            yield [pixels for pixels, _ in pairs], [target for _, target in pairs]


def _read(coco: Any, image_id: int, folder: Path) -> tuple[Tensor, dict[str, Tensor]]:
    (record,) = coco.loadImgs(image_id)
    with Image.open(folder / IMAGES / "/".join(record["coco_url"].split("/")[-2:])) as file:
        pixels = to_tensor(file.convert("RGB"))
    annotations = coco.loadAnns(coco.getAnnIds(image_id))
    boxes = torch.tensor([annotation["bbox"] for annotation in annotations]).view(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    masks = [coco.annToMask(annotation) for annotation in annotations]
    labels = torch.tensor([annotation["category_id"] for annotation in annotations])
    return pixels, {"boxes": boxes, "labels": labels, "masks": torch.from_numpy(np.stack(masks))}


def _move_proposals(model: MaskRCNN, count: int) -> None:
    def moved(_: nn.Module, given: tuple[Any, ...], found: tuple[Any, Any]) -> tuple[Any, Any]:
        images, _, targets = given
        proposals = [
            with_moved_boxes(boxes, target["boxes"], size, count)
            for boxes, target, size in zip(found[0], targets, images.image_sizes, strict=True)
        ]
        return proposals, found[1]

    model.rpn.register_forward_hook(moved)
