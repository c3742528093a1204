"""Samples of pictures without instances."""

import torch

from longtail.data.loading.sample import Image, Sample
from longtail.data.loading.scenes.masks import InstanceMasks


def unannotated(image: Image) -> Sample:
    """A sample that holds the picture alone."""
    return Sample(
        image=image,
        boxes=torch.zeros(0, 4),
        labels=torch.zeros(0, dtype=torch.long),
        masks=InstanceMasks(()),
        source=torch.zeros(0, dtype=torch.long),
        verified=(),
        ignore_boxes=torch.zeros(0, 4),
        ignore_weights=torch.zeros(0),
    )
