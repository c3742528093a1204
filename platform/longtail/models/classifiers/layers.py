"""Last layers of classifiers. R RoIs, C channels."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class CosineLinear(nn.Linear):
    """Logits t cos(x, w_j) + b_j: what mmdetection's NormedLinear computes at power 1.

    Features and each output's weights are divided by their length (a length of zero counts as
    1e-6, so the logit is b_j); the features are multiplied by the temperature.

    Args:
        channels: C.
        outputs: Number of logits.
        temperature: t.
    """

    def __init__(self, channels: int, outputs: int, temperature: float) -> None:
        super().__init__(channels, outputs)
        self.temperature = temperature

    def forward(self, features: Tensor) -> Tensor:
        """(R, C) features -> (R, outputs) logits."""
        directions = F.normalize(self.weight, dim=1, eps=1e-6)
        return F.linear(
            self.temperature * F.normalize(features, dim=1, eps=1e-6), directions, self.bias
        )


def last_layer(channels: int, outputs: int, *, bias: float, temperature: float | None) -> nn.Linear:
    """A layer with new weights of standard deviation 0.01.

    Args:
        channels: C.
        outputs: Number of logits.
        bias: What every bias starts with.
        temperature: Of `CosineLinear`; None makes a plain linear layer.
    """
    if temperature is None:
        linear = nn.Linear(channels, outputs)
    else:
        linear = CosineLinear(channels, outputs, temperature)
    nn.init.normal_(linear.weight, std=0.01)
    nn.init.constant_(linear.bias, bias)
    return linear


def logits_of(linear: nn.Linear, features: Tensor) -> Tensor:
    """(R, C) features -> (R, outputs) logits, in float32 also under mixed precision.

    In inference the layer itself is computed so: bf16 has eight bits of a logit, and detections of
    equal scores have no rank.
    """
    device = features.device.type
    # Not every device has one: shapes alone are computed on "meta".
    known = torch.amp.autocast_mode.is_autocast_available(device)
    if torch.is_grad_enabled() or not known or not torch.is_autocast_enabled(device):
        logits: Tensor = linear(features)
        return logits.float()
    with torch.autocast(device, enabled=False):
        precise: Tensor = linear(features.float())
    return precise


def logit(probability: float) -> float:
    """The bias that makes a sigmoid start at this probability."""
    return math.log(probability / (1 - probability))
