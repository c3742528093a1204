"""RoI heads of toy size whose stages move every RoI by what a test says. K = 5 categories."""

from collections.abc import Sequence
from typing import Any

import torch
from support.statistics_of import statistics_of
from torch import Tensor

from longtail.config.classifiers import Classifier, Softmax
from longtail.config.detector import BoxHead, Detector, MaskHead
from longtail.config.roi_stages import Cascade, RoIStages
from longtail.config.variant import Inference
from longtail.models.roi_heads.build import build_roi_heads
from longtail.models.roi_heads.heads import RoIHeads

K, WIDTH, SIDE = 5, 8, 64
SIZE = (SIDE, SIDE)
DETECTOR = Detector(
    neck_channels=WIDTH,
    box_head=BoxHead(rois_per_image=64, positive_fraction=1.0, channels=12, pool_size=3),
    mask_head=MaskHead(channels=WIDTH, convolutions=1, pool_size=4),
)


def toy_heads(
    stages: RoIStages | None = None,
    classifier: Classifier | None = None,
    detector: Detector = DETECTOR,
    **inference_changes: Any,
) -> RoIHeads:
    """Heads whose weights depend on nothing else; of 96, 48, 24, 12 and 6 instances."""
    torch.manual_seed(0)
    inference = Inference(score_threshold=0.0, detections_per_image=20).replace(**inference_changes)
    staged = detector.replace(roi_stages=stages or Cascade())
    return build_roi_heads(staged, classifier or Softmax(), inference, statistics_of(K, 3))


def toy_features(images: int = 1) -> dict[str, Tensor]:
    """Noise on four levels."""
    generator = torch.Generator().manual_seed(1)
    return {
        name: torch.randn(images, WIDTH, SIDE // stride, SIDE // stride, generator=generator)
        for name, stride in (("p2", 4), ("p3", 8), ("p4", 16), ("p5", 32))
    }


@torch.no_grad()
def always(heads: RoIHeads, layer: str, outputs: Sequence[float]) -> None:
    """Make a linear layer give these outputs, whatever it sees."""
    heads.get_parameter(f"{layer}.weight").zero_()
    heads.get_parameter(f"{layer}.bias").copy_(torch.tensor(outputs))


def toy_mask_heads(stages: RoIStages, mask_head: MaskHead = DETECTOR.mask_head) -> RoIHeads:
    """Heads whose masks and predicted IoUs are far from their start, where all are alike."""
    heads = toy_heads(stages, detector=DETECTOR.replace(mask_head=mask_head))
    for name, parameter in heads.named_parameters():
        if "predictor" in name:
            torch.nn.init.normal_(parameter, std=0.5)
    if heads.mask_scorer is not None:
        torch.nn.init.normal_(heads.mask_scorer.predictor.weight, std=0.05)
        torch.nn.init.constant_(heads.mask_scorer.predictor.bias, 0.5)
    return heads


class LeftHalves:
    """Of every instance the left half of any region; it fills a share of its (G, 4) box."""

    def __init__(self, boxes: Tensor, share: float = 0.5) -> None:
        self.boxes = boxes
        self.share = share

    def areas(self) -> Tensor:
        return self.share * (self.boxes[:, 2:] - self.boxes[:, :2]).prod(dim=1)

    def crop_to_grid(self, index: Tensor, boxes: Tensor, side: int) -> Tensor:
        grids = torch.zeros(len(index), side, side)
        grids[:, :, : side // 2] = 1
        return grids
