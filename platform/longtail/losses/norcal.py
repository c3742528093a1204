"""NorCal: scores of frequent categories are lowered and the row is normalised again.

Pan et al., NeurIPS 2021, "On Model Calibration for Long-Tailed Object Detection and Instance
Segmentation". R RoIs, K categories, background is the last column.
"""

from torch import Tensor
from torch.nn import functional as F


def norcal_scores(logits: Tensor, image_count: Tensor, gamma: float) -> Tensor:
    """(R, K + 1) s_c = e^z_c N_c^-gamma / (sum_j e^z_j N_j^-gamma + e^z_bg); background: e^z_bg.

    Args:
        logits: (R, K + 1) z of one softmax, background last.
        image_count: (K,) N, training images of each category; one without counts as one with 1.
        gamma: 0 gives the softmax.
    """
    penalty = gamma * image_count.clamp(min=1).to(logits.dtype).log()
    return (logits - F.pad(penalty, (0, 1))).softmax(dim=1)
