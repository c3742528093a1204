"""The engine around detectron2's model. N images, D detections, M = side of the mask grid."""

from collections.abc import Mapping, Sequence

import torch
from detectron2.structures import ImageList
from detectron2.utils.events import EventStorage
from torch import Tensor, nn

from longtail.config.stages import Part
from longtail.data.loading.sample import Image, Sample
from longtail.engines.base import Detections, RankedProposals, SeenImages
from longtail.engines.detectron2.meta_arch import LongtailRCNN
from longtail.engines.detectron2.neutral import use_neutral_names
from longtail.engines.detectron2.roi_heads import HEAD_LOSSES
from longtail.engines.pixels import WHITE, in_original_pixels
from longtail.engines.targets import roi_targets
from longtail.models.roi_heads.heads import RoIHeads

PROPOSAL_LOSSES = {"rpn_objectness": "loss_rpn_cls", "rpn_box": "loss_rpn_loc"}
"""Our names, and detectron2's."""


class Detectron2Engine(nn.Module):
    """A Mask R-CNN of detectron2; implements `longtail.engines.base.Engine`.

    Args:
        model: The detector as `longtail_config` describes it.

    Attributes:
        model: The same; its own `state_dict` has the names that detectron2's tools expect.
    """

    def __init__(self, model: LongtailRCNN) -> None:
        super().__init__()
        self.model = model
        self.num_categories: int = model.roi_heads.heads.num_categories
        use_neutral_names(self)

    def forward(self, samples: Sequence[Sample]) -> dict[str, Tensor]:
        """See `losses`."""
        return self.losses(samples)

    def losses(self, samples: Sequence[Sample]) -> dict[str, Tensor]:
        """See `Engine.losses`; the engine must be in training mode."""
        assert self.training, "losses need engine.train()"
        device: torch.device = self.model.device
        inputs = [
            {
                "image": self._pixels(sample.image),
                "roi_targets": roi_targets(sample, self.num_categories, device),
            }
            for sample in samples
        ]
        # detectron2 writes statistics to the innermost storage: not to one the caller has open.
        with EventStorage():
            losses: dict[str, Tensor] = self.model(inputs)
        names = {**PROPOSAL_LOSSES, **HEAD_LOSSES}
        return {ours: losses[theirs] for ours, theirs in names.items() if theirs in losses}

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
        """See `Engine.propose`; scores are logits."""
        # detectron2's network reads nothing of the pictures but their sizes.
        sizes = ImageList(torch.empty(0), list(seen.sizes))
        found, _ = self.model.proposal_generator(sizes, seen.features, None)
        return [RankedProposals(of.proposal_boxes.tensor, of.objectness_logits) for of in found]

    @property
    def roi_heads(self) -> RoIHeads:
        """See `Engine.roi_heads`."""
        heads: RoIHeads = self.model.roi_heads.heads
        return heads

    def parts(self) -> Mapping[Part, nn.Module]:
        """See `Engine.parts`."""
        return {
            "backbone": self.model.backbone.bottom_up,
            "neck": self.model.backbone.neck,
            # Not the whole network: frozen in evaluation mode it would propose as at test time.
            "rpn": self.model.proposal_generator.rpn_head,
            **self.model.roi_heads.heads.parts(),
        }

    def _features(self, images: Sequence[Image]) -> tuple[ImageList, dict[str, Tensor]]:
        batch = self.model.preprocess_image([{"image": self._pixels(image)} for image in images])
        return batch, self.model.backbone(batch.tensor)

    def _pixels(self, image: Image) -> Tensor:
        """(3, H, W) in 0 to 255, in the order of the model's channels."""
        pixels = image.pixels * WHITE
        return pixels.flip(0) if self.model.input_format == "BGR" else pixels
