"""detectron2's region proposal network with the shared head, set to agree with torchvision's.

Both have the same anchors, matching (0.3, 0.7 and each instance's best anchors), random draws, box
coding and suppression, so equal weights give equal proposals and, of the same seed, equal losses.
What is left:

- The box loss of torchvision is smooth L1 with beta 1/9; detectron2's plain L1 is set to that.
- detectron2 divides both losses by `anchors_per_image`, torchvision by the anchors drawn. They
  differ only for images with fewer anchors than that.
- torchvision drops proposals with a side under 0.001 pixels after clipping, detectron2 empty ones.
- torchvision orders proposals by the sigmoid of what detectron2 orders them by: float32 rounds
  close logits to one probability, and those may change places.
"""

from collections.abc import Sequence

import torch
from detectron2.config import CfgNode
from detectron2.layers import ShapeSpec
from detectron2.modeling.proposal_generator import PROPOSAL_GENERATOR_REGISTRY
from detectron2.modeling.proposal_generator.proposal_utils import find_top_rpn_proposals
from detectron2.modeling.proposal_generator.rpn import RPN, RPN_HEAD_REGISTRY
from detectron2.structures import Boxes, Instances
from detectron2.utils.events import get_event_storage
from torch import Tensor

from longtail.config.detector import Proposals
from longtail.engines.anchor_weights import SMOOTH_L1_BETA, anchor_weights, weighted_losses
from longtail.engines.anchors import level_sizes
from longtail.engines.detectron2.targets import TargetInstances
from longtail.models.necks.base import Levels
from longtail.models.rpn_head import RPNHead


class FiniteRPN(RPN):  # type: ignore[misc]
    """detectron2's network that drops proposals which are not finite, in training too, and whose
    anchors can count differently.

    detectron2 would raise FloatingPointError on the one rank that sees them, and the other ranks
    would wait for it for ever. The losses say that a training diverged, on every rank.
    """

    _weights: list[Tensor] | None = None

    @torch.no_grad()
    def label_and_sample_anchors(
        self, anchors: Sequence[Boxes], gt_instances: Sequence[Instances]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """See detectron2; `losses`, which comes next, learns the weights from here."""
        labels, boxes = super().label_and_sample_anchors(anchors, gt_instances)
        given = [of.targets for of in gt_instances if isinstance(of, TargetInstances)]
        every = Boxes.cat(anchors).tensor
        self._weights = anchor_weights([every] * len(given), labels, given) if given else None
        return labels, boxes

    def losses(
        self,
        anchors: Sequence[Boxes],
        pred_objectness_logits: Sequence[Tensor],
        gt_labels: Sequence[Tensor],
        pred_anchor_deltas: Sequence[Tensor],
        gt_boxes: Sequence[Tensor],
    ) -> dict[str, Tensor]:
        """See detectron2; its own losses where no anchor has a weight."""
        weights, self._weights = self._weights, None
        if weights is None:
            plain: dict[str, Tensor] = super().losses(
                anchors, pred_objectness_logits, gt_labels, pred_anchor_deltas, gt_boxes
            )
            return plain
        every, labels = Boxes.cat(anchors).tensor, torch.stack(list(gt_labels))
        targets = torch.stack([self.box2box_transform.get_deltas(every, of) for of in gt_boxes])
        drawn = labels >= 0
        storage = get_event_storage()
        storage.put_scalar("rpn/num_pos_anchors", int((labels == 1).sum()) / len(labels))
        storage.put_scalar("rpn/num_neg_anchors", int((labels == 0).sum()) / len(labels))
        objectness, boxes = weighted_losses(
            torch.cat(list(pred_objectness_logits), dim=1)[drawn],
            torch.cat(list(pred_anchor_deltas), dim=1)[drawn],
            labels[drawn],
            targets[drawn],
            torch.stack(weights)[drawn],
            self.batch_size_per_image * len(labels),
        )
        losses = {"loss_rpn_cls": objectness, "loss_rpn_loc": boxes}
        return {name: loss * self.loss_weight.get(name, 1.0) for name, loss in losses.items()}

    @torch.no_grad()
    def predict_proposals(
        self,
        anchors: Sequence[Boxes],
        pred_objectness_logits: Sequence[Tensor],
        pred_anchor_deltas: Sequence[Tensor],
        image_sizes: Sequence[tuple[int, int]],
    ) -> list[Instances]:
        """The best boxes of each image after suppression; see `find_top_rpn_proposals`."""
        found: list[Instances] = find_top_rpn_proposals(
            self._decode_proposals(anchors, pred_anchor_deltas),
            pred_objectness_logits,
            image_sizes,
            self.nms_thresh,
            self.pre_nms_topk[self.training],
            self.post_nms_topk[self.training],
            self.min_box_size,
            training=False,
        )
        return found


def shared_rpn_head(cfg: CfgNode, input_shape: Sequence[ShapeSpec]) -> RPNHead:
    """The head for the ratios of MODEL.ANCHOR_GENERATOR; detectron2 finds it by this name."""
    (ratios,) = cfg.MODEL.ANCHOR_GENERATOR.ASPECT_RATIOS
    return RPNHead(input_shape[0].channels, len(ratios))


def set_proposals(cfg: CfgNode, proposals: Proposals, levels: Levels) -> None:
    """Write the configuration of proposals on a neck's levels into detectron2's keys.

    Raises:
        ValueError: There is not one anchor size for each level.
    """
    cfg.MODEL.ANCHOR_GENERATOR.SIZES = level_sizes(proposals, levels)
    cfg.MODEL.ANCHOR_GENERATOR.ASPECT_RATIOS = [list(proposals.aspect_ratios)]
    cfg.MODEL.PROPOSAL_GENERATOR.NAME = FiniteRPN.__name__
    cfg.MODEL.RPN.HEAD_NAME = shared_rpn_head.__name__
    cfg.MODEL.RPN.IN_FEATURES = list(levels.names)
    cfg.MODEL.RPN.BATCH_SIZE_PER_IMAGE = proposals.anchors_per_image
    cfg.MODEL.RPN.SMOOTH_L1_BETA = SMOOTH_L1_BETA
    cfg.MODEL.RPN.NMS_THRESH = proposals.nms_iou
    cfg.MODEL.RPN.PRE_NMS_TOPK_TRAIN = proposals.train_pre_nms
    cfg.MODEL.RPN.POST_NMS_TOPK_TRAIN = proposals.train_post_nms
    cfg.MODEL.RPN.PRE_NMS_TOPK_TEST = proposals.test_pre_nms
    cfg.MODEL.RPN.POST_NMS_TOPK_TEST = proposals.test_post_nms


PROPOSAL_GENERATOR_REGISTRY.register(FiniteRPN)
RPN_HEAD_REGISTRY.register(shared_rpn_head)
