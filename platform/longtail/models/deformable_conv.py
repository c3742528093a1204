"""Modulated deformable convolutions in place of plain ones. N images, C channels, k = side of the
kernel.
"""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn
from torchvision.ops import deform_conv2d


class DeformableConv2d(nn.Conv2d):
    """A convolution that looks where its own input tells: Zhu et al., Deformable ConvNets v2, 2019.

    A convolution of the same input gives, for each cell of the output and each of the k x k places
    of the kernel, an offset in cells and a factor of the input there. It starts with zeros, and the
    factor is twice a sigmoid: at the start this is the plain convolution whose weights it takes
    over, so that a trained network computes what it did. detectron2's and mmcv's factor is the
    sigmoid alone, which starts at 0.5 and halves the layer's output. All groups of a grouped
    convolution share the offsets.

    It computes in float32 whatever the autocast: offsets are fractions of a cell.

    Args:
        plain: Whose place it takes: its weights are this one's, under the same names.
    """

    def __init__(self, plain: nn.Conv2d) -> None:
        super().__init__(
            plain.in_channels,
            plain.out_channels,
            plain.kernel_size,  # type: ignore[arg-type]
            plain.stride,  # type: ignore[arg-type]
            plain.padding,  # type: ignore[arg-type]
            plain.dilation,  # type: ignore[arg-type]
            plain.groups,
            bias=plain.bias is not None,
            device="meta",
        )
        self.weight, self.bias = plain.weight, plain.bias
        self.places = plain.kernel_size[0] * plain.kernel_size[1]
        # No random numbers are drawn, so that the rest of the detector starts as without it.
        self.offset: nn.Conv2d = nn.utils.skip_init(  # type: ignore[no-untyped-call]
            nn.Conv2d,
            plain.in_channels,
            3 * self.places,
            plain.kernel_size,
            plain.stride,
            plain.padding,
            plain.dilation,
            device=plain.weight.device,
        )
        for parameter in self.offset.parameters():
            nn.init.zeros_(parameter)

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, out_channels, H / stride, W / stride) float32."""
        with _without_autocast(features.device.type):
            features = features.float()
            offset, factor = self.offset(features).split([2 * self.places, self.places], dim=1)
            output: Tensor = deform_conv2d(
                features,
                offset,
                self.weight,
                self.bias,
                self.stride,
                self.padding,
                self.dilation,
                mask=2 * factor.sigmoid(),
            )
        return output


def _without_autocast(device: str) -> AbstractContextManager[object]:
    # Not every device has one: shapes alone are computed on "meta".
    known = torch.amp.autocast_mode.is_autocast_available(device)
    return torch.autocast(device, enabled=False) if known else nullcontext()


def make_deformable(stage: nn.Module) -> int:
    """Replace the 3x3 convolutions inside a stage of a network.

    They are those of the blocks of ResNet and of its kin: ResNeXt and SENet have grouped ones; in
    ResNeSt it is the grouped convolution inside of the split attention, before the splits are
    weighed, so that all splits of all groups look at the same places. Convolutions of other sides,
    and those that are computed in their own way (standardised weights), stay as they are.

    Returns:
        How many were replaced.
    """
    plain = [
        (parent, name, child)
        for parent in stage.modules()
        for name, child in parent.named_children()
        if type(child) is nn.Conv2d and child.kernel_size == (3, 3) and child.padding != "same"
    ]
    for parent, name, child in plain:
        setattr(parent, name, DeformableConv2d(child))
    return len(plain)


def offset_names(network: nn.Module) -> frozenset[str]:
    """Names of the weights that plain convolutions do not have."""
    return frozenset(
        f"{path}.offset.{name}"
        for path, module in network.named_modules()
        if isinstance(module, DeformableConv2d)
        for name, _ in module.offset.named_parameters()
    )
