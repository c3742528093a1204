"""The whole detector as a model of detectron2."""

from collections.abc import Mapping, Sequence
from typing import Any

from detectron2.modeling import META_ARCH_REGISTRY, GeneralizedRCNN

from longtail.engines.detectron2.targets import TargetInstances


class LongtailRCNN(GeneralizedRCNN):  # type: ignore[misc]
    """detectron2's R-CNN, which may learn from more than instances.

    Its training inputs are detectron2's. One that has `roi_targets`, a
    `longtail.models.roi_heads.targets.RoITargets`, is learned from with all that those hold:
    verified categories, sources, ignore boxes, and the image's weight. `instances` are then not
    needed.
    """

    def forward(self, batched_inputs: Sequence[Mapping[str, Any]]) -> Any:
        """See `GeneralizedRCNN.forward`."""
        if self.training:
            batched_inputs = [_with_targets(of_image) for of_image in batched_inputs]
        return super().forward(batched_inputs)


def _with_targets(of_image: Mapping[str, Any]) -> Mapping[str, Any]:
    if "roi_targets" not in of_image:
        return of_image
    size = tuple(of_image["image"].shape[-2:])
    return {**of_image, "instances": TargetInstances(size, of_image["roi_targets"])}


META_ARCH_REGISTRY.register(LongtailRCNN)
