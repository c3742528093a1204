"""detectron2's own Mask R-CNN and Cascade Mask R-CNN as contenders, with its own reader.

They are there where detectron2 is.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import detectron2
from detectron2.config import CfgNode, get_cfg
from detectron2.data import DatasetMapper
from detectron2.data.transforms import ResizeShortestEdge
from detectron2.modeling import build_model
from detectron2.structures import Boxes, BoxMode
from detectron2.utils.events import EventStorage
from torch import Tensor, nn

from benchmarks.training.contender import Contender, NoHeads, with_moved_boxes
from benchmarks.training.settings import IMAGES, TRAIN, Setting

PLAIN = "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x.yaml"
CASCADE = "Misc/cascade_mask_rcnn_R_50_FPN_3x.yaml"

Batch = list[dict[str, Any]]


def build(setting: Setting, folder: Path, config_file: str, heads: bool) -> Contender:
    """The network of a config file at the setting's sizes, of which the backbone's is ResNet-50."""
    config = _config(setting, config_file)
    model = build_model(config)
    convolutions = model.roi_heads.mask_head.mask_fcn1
    if not heads:
        model.roi_heads = NoHeads()
    _move_proposals(model, setting.jittered)
    model.train()
    return Contender(
        model=model,
        parts={
            "backbone": model.backbone,
            "proposals": model.proposal_generator,
            "heads": model.roi_heads,
        },
        mask_convolutions=convolutions,
        batches=_batches(config, setting, folder),
        losses=lambda batch: _losses(model, batch),
    )


def _config(setting: Setting, config_file: str) -> CfgNode:
    proposals, box = setting.detector.proposals, setting.detector.box_head
    config = get_cfg()
    # detectron2.model_zoo, which knows the folder, needs the pkg_resources of old setuptools.
    config.merge_from_file(
        str(Path(detectron2.__file__).parent / "model_zoo" / "configs" / config_file)
    )
    config.MODEL.DEVICE = "cpu"
    config.MODEL.WEIGHTS = ""
    config.MODEL.BACKBONE.FREEZE_AT = 0
    config.MODEL.RESNETS.NORM = "BN"
    config.MODEL.ROI_HEADS.NUM_CLASSES = setting.categories
    config.MODEL.ROI_HEADS.BATCH_SIZE_PER_IMAGE = box.rois_per_image
    config.MODEL.ROI_HEADS.POSITIVE_FRACTION = box.positive_fraction
    config.MODEL.RPN.BATCH_SIZE_PER_IMAGE = proposals.anchors_per_image
    config.MODEL.RPN.PRE_NMS_TOPK_TRAIN = proposals.train_pre_nms
    config.MODEL.RPN.POST_NMS_TOPK_TRAIN = proposals.train_post_nms
    return config


def _losses(model: nn.Module, batch: Batch) -> dict[str, Tensor]:
    with EventStorage(0):
        losses: dict[str, Tensor] = model(batch)
    return losses


def _batches(config: CfgNode, setting: Setting, folder: Path) -> Iterator[Batch]:
    records = _records(folder)
    resize = ResizeShortestEdge(setting.short_side, config.INPUT.MAX_SIZE_TRAIN)
    mapper = DatasetMapper(
        is_train=True,
        augmentations=[resize],
        image_format=config.INPUT.FORMAT,
        use_instance_mask=True,
    )
    count = setting.images_per_step
    while True:
        for first in range(0, len(records), count):
            yield [mapper(record) for record in records[first : first + count]]


def _records(folder: Path) -> list[dict[str, Any]]:
    content = json.loads((folder / TRAIN).read_text())
    annotations: dict[int, list[dict[str, Any]]] = {}
    for annotation in content["annotations"]:
        own = {key: annotation[key] for key in ("bbox", "segmentation")}
        own |= {"bbox_mode": BoxMode.XYWH_ABS, "category_id": annotation["category_id"] - 1}
        annotations.setdefault(annotation["image_id"], []).append(own)
    return [
        {
            "file_name": str(folder / IMAGES / "/".join(image["coco_url"].split("/")[-2:])),
            "height": image["height"],
            "width": image["width"],
            "image_id": image["id"],
            "annotations": annotations[image["id"]],
        }
        for image in sorted(content["images"], key=lambda image: image["id"])
    ]


def _move_proposals(model: nn.Module, count: int) -> None:
    def moved(_: nn.Module, given: tuple[Any, ...], found: tuple[Any, Any]) -> None:
        for proposals, instances in zip(found[0], given[2], strict=True):
            boxes = with_moved_boxes(
                proposals.proposal_boxes.tensor,
                instances.gt_boxes.tensor,
                proposals.image_size,
                count,
            )
            proposals.proposal_boxes = Boxes(boxes)

    model.get_submodule("proposal_generator").register_forward_hook(moved)
