"""What the mask scoring head learns. F foreground RoIs, a grid of M x M cells."""

import torch
from torch import Tensor

from longtail.losses.reduction import mean_over_rois


def mask_iou_targets(logits: Tensor, targets: Tensor, full_areas: Tensor, boxes: Tensor) -> Tensor:
    """(F,) the IoU of each predicted mask with the whole instance, also where that leaves the box.

    Huang et al., Mask Scoring R-CNN, CVPR 2019: IoU = overlap / (predicted area + full area -
    overlap), in cells, the mask being where p > 0.5. The full area is that inside of the box
    over the share of the instance that lies there; both together are the instance's area in pixels
    over the pixels of a cell. It is at least what the grid shows of it.

    Args:
        logits: (F, M, M) of the predicted masks; p > 0.5 is where they are positive.
        targets: (F, M, M) 0 or 1, the instances inside of their boxes.
        full_areas: (F,) pixels of each whole instance, of the picture that `boxes` is in.
        boxes: (F, 4) xyxy in pixels of the network's input, as `targets` were cropped.

    Returns:
        In [0, 1]; 0 without overlap.
    """
    predicted = (logits > 0).float()
    overlap = (predicted * targets).sum(dim=(1, 2))
    height, width = targets.shape[1:]
    sides = (boxes[:, 2:] - boxes[:, :2]).float()
    pixels_of_cell = sides.prod(dim=1).clamp(min=1e-6) / (height * width)
    full = torch.maximum(full_areas.float() / pixels_of_cell, targets.float().sum(dim=(1, 2)))
    # Where the union is below one cell, nothing overlaps.
    return overlap / (predicted.sum(dim=(1, 2)) + full - overlap).clamp(min=1)


def mask_iou_loss(predicted: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """L = 1/T sum_i w_i (s_i - t_i)^2 / 2 over the T RoIs with t_i > 0, as mmdetection has it.

    Args:
        predicted: (F,) s, of each RoI's own category.
        targets: (F,) t, from `mask_iou_targets`.
        weights: (F,) w, the factor of each RoI.

    Returns:
        A scalar; 0, still tied to the graph, where no target is positive.
    """
    overlapping = torch.nonzero(targets > 0).flatten()
    errors = 0.5 * (predicted[overlapping] - targets[overlapping]) ** 2
    return mean_over_rois(errors, weights[overlapping])
