"""From a sample of the data pipeline to the targets of the RoI heads.

S source images, K categories.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from longtail.data.loading.sample import Sample, VerifiedCategories
from longtail.models.roi_heads.targets import RoITargets


def roi_targets(sample: Sample, num_categories: int, device: torch.device) -> RoITargets:
    """The sample's targets on a device; masks stay where they are until they are cropped."""
    return RoITargets(
        boxes=sample.boxes.to(device),
        labels=sample.labels.to(device),
        masks=sample.masks,
        verified=verified_rows(sample.verified, num_categories).to(device),
        source=sample.source.to(device),
        ignore_boxes=sample.ignore_boxes.to(device),
        ignore_weights=sample.ignore_weights.to(device),
        has_masks=sample.has_masks,
        loss_weight=sample.loss_weight,
        drawn_category=sample.drawn_category,
        background_per_foreground=sample.background_per_foreground,
        semantic=on_device(sample.semantic, device),
        regions=on_device(sample.regions, device),
        ignore_proposals=on_device(sample.ignore_proposals, device),
        ignore_labels=on_device(sample.ignore_labels, device),
    )


def verified_rows(verified: Sequence[VerifiedCategories], num_categories: int) -> Tensor:
    """(S, K) bool, True where a category is known to be present or absent in a source image.

    Without sources there is one row in which nothing is known.
    """
    rows = torch.zeros(max(len(verified), 1), num_categories, dtype=torch.bool)
    for row, source in zip(rows, verified, strict=False):
        row[source.present] = True
        row[source.absent] = True
    return rows


def on_device(tensor: Tensor | None, device: torch.device) -> Tensor | None:
    """What may be missing, on a device."""
    return None if tensor is None else tensor.to(device)
