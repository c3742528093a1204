"""What a stage of a network is told of an earlier look. N images, C channels, h x w cells."""

from typing import Any

from torch import Tensor, nn


class StageFeedback(nn.Module):
    """A level of the pyramid, added to what the first block of a stage gives.

    The 1x1 convolution starts at zero, so that at first the stage computes what it would without.
    mmdetection adds inside of the block, before its last ReLU, which only a ResNet has; here it is
    added behind the block, whatever network it is of.

    Args:
        block: The first of its stage, in the network that is told; its input and output are single
            tensors.
        in_channels: Of the level.
        out_channels: C of the stage.
        channels_last: Whether the block gives (N, h, w, C).
    """

    def __init__(
        self, block: nn.Module, in_channels: int, out_channels: int, channels_last: bool
    ) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(in_channels, out_channels, 1)
        assert self.convolution.bias is not None
        nn.init.zeros_(self.convolution.weight)
        nn.init.zeros_(self.convolution.bias)
        self._channels_last = channels_last
        self._told: Tensor | None = None
        block.register_forward_hook(self._add)

    def tell(self, level: Tensor) -> None:
        """Give what the next forward of the block adds: (N, in_channels, h, w)."""
        told: Tensor = self.convolution(level)
        # Kept after the forward: gradient checkpointing runs the block again.
        self._told = told.movedim(1, -1) if self._channels_last else told

    def _add(self, block: nn.Module, inputs: object, output: Tensor) -> Tensor:
        assert self._told is not None, "the pyramid tells all stages before it looks again"
        if output.shape != self._told.shape:
            raise ValueError(
                f"neck: the first block of a stage of the backbone gives {tuple(output.shape)},"
                f" where recursive_feature_pyramid adds {tuple(self._told.shape)}; take"
                " neck=feature_pyramid, or a backbone such as a ResNet, ConvNeXt or Swin"
            )
        return output + self._told.to(output.dtype)

    def __getstate__(self) -> dict[str, Any]:
        """Without the last batch, which no copy needs."""
        return {**self.__dict__, "_told": None}
