"""The embedded engine: torchvision's region proposals around the shared backbone and RoI heads.

N images, D detections, K categories, M = side of the mask grid.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.rpn import RegionProposalNetwork

from longtail.config.classifiers import Classifier
from longtail.config.detector import Detector, Timm
from longtail.config.stages import Part
from longtail.config.variant import Inference
from longtail.data.loading.sample import Image, Sample
from longtail.engines.base import Detections, RankedProposals, SeenImages
from longtail.engines.pixels import (
    PIXEL_MEAN,
    PIXEL_STD,
    WHITE,
    in_original_pixels,
    memory_format_of,
)
from longtail.engines.proposals import ranked_proposals
from longtail.engines.targets import roi_targets
from longtail.engines.torchvision_proposals import TARGETS, build_proposals
from longtail.models.backbone import TimmBackbone
from longtail.models.build import build_backbone
from longtail.models.category_statistics import CategoryStatistics
from longtail.models.necks.base import Neck
from longtail.models.necks.build import build_neck
from longtail.models.roi_heads.build import build_roi_heads
from longtail.models.roi_heads.heads import RoIHeads

SIZE_DIVISOR = 32


class TorchvisionEngine(nn.Module):
    """A Mask R-CNN; implements `longtail.engines.base.Engine`.

    Args:
        backbone: Feature maps of stride 4 to 32.
        neck: Makes the levels of them; also an `nn.Module`.
        rpn: torchvision's proposals with our `RPNHead`.
        roi_heads: The second stage.
        num_categories: K.
        memory_format: Of images, backbone and neck.
    """

    pixel_mean: Tensor
    pixel_std: Tensor

    def __init__(
        self,
        backbone: TimmBackbone,
        neck: Neck,
        rpn: RegionProposalNetwork,
        roi_heads: RoIHeads,
        num_categories: int,
        memory_format: torch.memory_format = torch.contiguous_format,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.neck = neck
        self.rpn = rpn
        self.roi_heads = roi_heads
        self.num_categories = num_categories
        self._memory_format = memory_format
        for part in (backbone, self.get_submodule("neck")):
            part.to(memory_format=memory_format)
        for name, values in (("pixel_mean", PIXEL_MEAN), ("pixel_std", PIXEL_STD)):
            self.register_buffer(name, torch.tensor(values)[:, None, None], persistent=False)

    def forward(self, samples: Sequence[Sample]) -> dict[str, Tensor]:
        """See `losses`."""
        return self.losses(samples)

    def losses(self, samples: Sequence[Sample]) -> dict[str, Tensor]:
        """See `Engine.losses`; the engine must be in training mode."""
        assert self.training, "losses need engine.train()"
        batch, features = self._features([sample.image for sample in samples])
        device = self.pixel_mean.device
        targets = [roi_targets(sample, self.num_categories, device) for sample in samples]
        proposals, rpn = self.rpn(
            batch, features, [{"boxes": t.boxes, TARGETS: t} for t in targets]
        )
        _, heads = self.roi_heads(features, proposals, batch.image_sizes, targets)
        return {
            "rpn_objectness": rpn["loss_objectness"],
            "rpn_box": rpn["loss_rpn_box_reg"],
            **heads,
        }

    @torch.no_grad()
    def predict(self, images: Sequence[Image], class_rows: bool = False) -> list[Detections]:
        """See `Engine.predict`; tensors stay on the engine's device, which must be in evaluation
        mode."""
        assert not self.training, "predictions need engine.eval()"
        seen = self.see(images)
        proposals = [of_image.boxes for of_image in self.propose(seen)]
        detected, _ = self.roi_heads(seen.features, proposals, seen.sizes)
        return in_original_pixels(images, detected, class_rows)

    @torch.no_grad()
    def see(self, images: Sequence[Image]) -> SeenImages:
        """See `Engine.see`."""
        batch, features = self._features(images)
        return SeenImages(features, batch.image_sizes)

    @torch.no_grad()
    def propose(self, seen: SeenImages) -> list[RankedProposals]:
        """See `Engine.propose`; scores are probabilities."""
        return ranked_proposals(self.rpn, seen)

    def parts(self) -> Mapping[Part, nn.Module]:
        """See `Engine.parts`."""
        return {
            "backbone": self.backbone,
            "neck": self.get_submodule("neck"),
            # Not `rpn` itself: frozen in evaluation mode it would propose as at test time.
            "rpn": self.rpn.get_submodule("head"),
            **self.roi_heads.parts(),
        }

    def _features(self, images: Sequence[Image]) -> tuple[ImageList, dict[str, Tensor]]:
        pixels = [image.pixels.to(self.pixel_mean.device) for image in images]
        normalised = [(p * WHITE - self.pixel_mean) / self.pixel_std for p in pixels]
        batch = ImageList(pad_to_batch(normalised), [image.size for image in images])
        pictures = batch.tensors.contiguous(memory_format=self._memory_format)
        return batch, self.neck(pictures, self.backbone(pictures))


def pad_to_batch(images: Sequence[Tensor]) -> Tensor:
    """(N, 3, H, W) of (3, h, w) images, padded right and below by zeros to multiples of 32."""
    height, width = (
        -(-max(image.shape[axis] for image in images) // SIZE_DIVISOR) * SIZE_DIVISOR
        for axis in (1, 2)
    )
    return torch.stack(
        [F.pad(image, (0, width - image.shape[2], 0, height - image.shape[1])) for image in images]
    )


def build_torchvision_engine(
    detector: Detector,
    classifier: Classifier,
    inference: Inference,
    statistics: CategoryStatistics,
) -> TorchvisionEngine:
    """See `longtail.engines.build.build_engine`."""
    assert isinstance(detector.backbone, Timm), "the configuration refuses others"
    backbone = build_backbone(detector.backbone)
    neck = build_neck(detector.neck, backbone, detector.neck_channels)
    return TorchvisionEngine(
        backbone=backbone,
        neck=neck,
        rpn=build_proposals(detector.proposals, neck.levels, detector.neck_channels),
        roi_heads=build_roi_heads(detector, classifier, inference, statistics),
        num_categories=statistics.num_categories,
        memory_format=memory_format_of(detector),
    )
