"""How good a predicted mask is. R RoIs, C channels, K categories, S x S cells, M = 2 S."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from longtail.models.masks.own_category import own_category_outputs


class MaskIoUHead(nn.Module):
    """Predicts the IoU of a mask with its instance: Huang et al., Mask Scoring R-CNN, CVPR 2019.

    Convolutions, the last of stride 2, and two fully connected layers, each with a ReLU, then one
    number a category, of which only the RoI's own is computed. Gradients flow into the mask too, as
    in mmdetection. Convolutions start with Kaiming's normal distribution (fan out), fully connected
    layers with his uniform one (a = 1), the last with a standard deviation of 0.01, biases with 0.

    Args:
        in_channels: C of the RoI features.
        pool_size: S.
        num_ious: 1 for a class-agnostic prediction, else K.
        channels: Width of the convolutions.
        num_convolutions: At least 1.
        fc_channels: Width of the fully connected layers.
    """

    def __init__(
        self,
        in_channels: int,
        pool_size: int,
        num_ious: int,
        channels: int = 256,
        num_convolutions: int = 4,
        fc_channels: int = 1024,
    ) -> None:
        super().__init__()
        # The mask is one more channel.
        widths = [in_channels + 1] + [channels] * num_convolutions
        strides = [1] * (num_convolutions - 1) + [2]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 3, stride, padding=1)
            for before, after, stride in zip(widths[:-1], widths[1:], strides, strict=True)
        )
        self.fc1 = nn.Linear(channels * ((pool_size + 1) // 2) ** 2, fc_channels)
        self.fc2 = nn.Linear(fc_channels, fc_channels)
        self.predictor = nn.Linear(fc_channels, num_ious)
        for convolution in self.convolutions:
            assert isinstance(convolution, nn.Conv2d) and convolution.bias is not None
            nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(convolution.bias)
        for linear in (self.fc1, self.fc2):
            nn.init.kaiming_uniform_(linear.weight, a=1)
            nn.init.zeros_(linear.bias)
        nn.init.normal_(self.predictor.weight, std=0.01)
        nn.init.zeros_(self.predictor.bias)

    def forward(self, pooled: Tensor, mask_logits: Tensor, labels: Tensor) -> Tensor:
        """The predicted IoU of each RoI's mask; training keeps it near [0, 1], nothing bounds it.

        Args:
            pooled: (R, C, S, S) the features that the mask head got.
            mask_logits: (R, M, M) of each RoI's own category.
            labels: (R,) int64 in 0..K-1.

        Returns:
            (R,) float32.
        """
        masks = F.max_pool2d(mask_logits.sigmoid()[:, None], 2)
        hidden = torch.cat([pooled, masks.to(pooled.dtype)], dim=1)
        for convolution in self.convolutions:
            hidden = F.relu(convolution(hidden))
        hidden = F.relu(self.fc2(F.relu(self.fc1(hidden.flatten(1)))))
        return own_category_outputs(self.predictor, hidden, labels)
