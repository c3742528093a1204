"""The convolutions of the region proposal network. N images, A anchors a cell, C channels."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F


class RPNHead(nn.Module):
    """Objectness and box deltas of every anchor: Ren et al., Faster R-CNN, 3.1.

    Its parameters have detectron2's names.

    Args:
        channels: C of the pyramid's levels.
        num_anchors: A.
    """

    def __init__(self, channels: int, num_anchors: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.objectness_logits = nn.Conv2d(channels, num_anchors, 1)
        self.anchor_deltas = nn.Conv2d(channels, 4 * num_anchors, 1)
        for layer in (self.conv, self.objectness_logits, self.anchor_deltas):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, levels: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """(N, A, H, W) logits and (N, 4 A, H, W) deltas of each level, always float32."""
        hidden = [F.relu(self.conv(level), inplace=True) for level in levels]
        # Boxes decoded in bfloat16 would be off by pixels.
        logits = [self.objectness_logits(level).float() for level in hidden]
        deltas = [self.anchor_deltas(level).float() for level in hidden]
        return logits, deltas
