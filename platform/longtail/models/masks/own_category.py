"""One output a RoI, of layers with an output for each category.

R RoIs, C channels, K categories, M x M cells. The other K - 1 outputs are never computed: memory
is C more numbers a RoI whatever K is. Values and gradients are those of the full computation. A
layer with a single output is class-agnostic: labels do not matter then.
"""

import torch
from torch import Tensor, nn


def own_category_logits(predictor: nn.Conv2d, hidden: Tensor, labels: Tensor) -> Tensor:
    """(R, M, M) float32, the map of each RoI's own category.

    Args:
        predictor: 1 x 1, with a bias, C channels to 1 or K.
        hidden: (R, C, M, M).
        labels: (R,) int64 in 0..K-1.
    """
    if predictor.out_channels == 1:
        agnostic: Tensor = predictor(hidden)
        return agnostic[:, 0].float()
    assert predictor.bias is not None
    filters = predictor.weight[labels].flatten(1)
    logits = torch.bmm(filters[:, None], hidden.flatten(2)).view(len(hidden), *hidden.shape[2:])
    return logits.float() + predictor.bias[labels, None, None]


def own_category_outputs(linear: nn.Linear, features: Tensor, labels: Tensor) -> Tensor:
    """(R,) float32, the output of each RoI's own category.

    Args:
        linear: With a bias, C features to 1 or K.
        features: (R, C).
        labels: (R,) int64 in 0..K-1.
    """
    if linear.out_features == 1:
        agnostic: Tensor = linear(features)
        return agnostic[:, 0].float()
    rows = torch.bmm(linear.weight[labels][:, None], features[:, :, None])
    return rows[:, 0, 0].float() + linear.bias[labels]
