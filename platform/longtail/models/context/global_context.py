"""One vector of context an image, learned from the categories that it shows.

N images, R RoIs of all of them in order, C channels, K categories, G instances, S source images.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class GlobalContextBranch(nn.Module):
    """Classifies whole images, and offers what it sees of them to the RoIs.

    HTC-Lite has such a branch in place of HTC's semantic one, since it needs no stuff annotations:
    Wang et al., Seesaw Loss, LVIS Challenge 2020. 3x3 convolutions with a ReLU on the coarsest
    level, an average over the whole map (the batch's padding included), and one linear layer: what
    mmdetection has for SCNet, without its optional shortcuts. Convolutions start with Kaiming's
    normal distribution (fan out), the last layer with a standard deviation of 0.01, biases with 0.

    Its loss is `losses.image_labels`.

    Args:
        in_channels: Of the level.
        channels: C, as many as the RoI features have.
        num_categories: K.
        num_convolutions: At least 1.
    """

    def __init__(
        self, in_channels: int, channels: int, num_categories: int, num_convolutions: int = 4
    ) -> None:
        super().__init__()
        widths = [in_channels] + [channels] * num_convolutions
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, channels, 3, padding=1) for before in widths[:-1]
        )
        self.classifier = nn.Linear(channels, num_categories)
        for convolution in self.convolutions:
            assert isinstance(convolution, nn.Conv2d) and convolution.bias is not None
            nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(convolution.bias)
        nn.init.normal_(self.classifier.weight, std=0.01)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, level: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the categories in each image, and its context.

        Args:
            level: (N, in_channels, h, w), the coarsest of the pyramid.

        Returns:
            (N, K) float32 logits, and (N, C).
        """
        hidden = level
        for convolution in self.convolutions:
            hidden = F.relu(convolution(hidden))
        context = hidden.mean(dim=(2, 3))
        logits: Tensor = self.classifier(context)
        return logits.float(), context


def with_context(pooled: Tensor, context: Tensor, num_rois: Sequence[int]) -> Tensor:
    """(R, C, k, k) RoI features plus the context of their image in every cell.

    Args:
        pooled: (R, C, k, k).
        context: (N, C).
        num_rois: Of each image; R together.
    """
    counts = torch.tensor(num_rois, device=pooled.device)
    of_rois = context.repeat_interleave(counts, dim=0, output_size=len(pooled))
    return pooled + of_rois[:, :, None, None]


def image_labels(labels: Tensor, verified: Tensor) -> tuple[Tensor, Tensor]:
    """(K,) bool, what an image shows, and (K,) bool, of which categories that is known.

    A category that any source shows is present. It is absent only where all sources are known to
    lack it.

    Args:
        labels: (G,) int64 in 0..K-1 of the image's instances.
        verified: (S, K) bool, as in `RoITargets`.
    """
    present = torch.zeros_like(verified[0])
    present[labels] = True
    return present, present | verified.all(dim=0)
