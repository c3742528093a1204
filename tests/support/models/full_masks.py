"""Mask heads the slow way: every category's outputs of every RoI, from the layers themselves.

R RoIs, K categories, M x M cells.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from longtail.models.masks.mask_head import MaskHead


def _layers(layers: Any, hidden: Tensor) -> Tensor:
    for layer in layers:
        hidden = F.relu(layer(hidden))
    return hidden


def trunk(heads: Sequence[MaskHead], stage: int, pooled: Tensor) -> Tensor:
    """Features of a head, which gets those of the head before it, and so on."""
    head = heads[stage]
    if head.flow is not None:
        pooled = pooled + F.relu(head.flow.convolution(trunk(heads, stage - 1, pooled)))
    return _layers(head.convolutions, pooled)


def all_outputs(head: MaskHead, hidden: Tensor, fine: Tensor | None) -> tuple[Tensor, Any]:
    """(R, K or 1, M, M) masks and boundaries."""
    boundaries, branch = None, head.boundary
    if branch is not None:
        edges = F.relu(branch.downsample(fine)) + F.relu(branch.mask_to_boundary(hidden))
        edges = _layers(branch.convolutions, edges)
        boundaries = branch.predictor(F.relu(branch.deconvolution(edges)))
        hidden = F.relu(branch.fusion(hidden + F.relu(branch.boundary_to_mask(edges))))
    return head.predictor(F.relu(head.deconvolution(hidden))), boundaries


def all_ious(scorer: Any, pooled: Tensor, logits: Tensor) -> Tensor:
    """(R, K or 1) predicted IoUs."""
    masks = F.max_pool2d(logits.sigmoid()[:, None], 2)
    hidden = _layers(scorer.convolutions, torch.cat([pooled, masks], dim=1)).flatten(1)
    ious: Tensor = scorer.predictor(F.relu(scorer.fc2(F.relu(scorer.fc1(hidden)))))
    return ious


def own_of(outputs: Tensor, labels: Tensor) -> Tensor:
    """Of each RoI that of its label, or the only one."""
    return outputs[torch.arange(len(labels)), labels if outputs.shape[1] > 1 else 0]
