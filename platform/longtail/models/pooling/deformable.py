"""RoI features whose bins move to where the object is.

N images, R RoIs of all of them in order, C channels, k = side of the pooled features. Boxes are
xyxy in pixels of the network's input.
"""

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import roi_align

from longtail.models.pooling.pyramid import assign_levels

SAMPLES = 2
"""Points along each side of a bin."""
ROIS_AT_ONCE = 64
"""Bounds the memory of the samples: 64 RoIs of 14 x 14 bins and 256 channels take 51 MB."""


class DeformablePooler(nn.Module):
    """Deformable RoI pooling: Dai et al., Deformable Convolutional Networks, ICCV 2017, 2.2.

    RoIAlign's features give, by three linear layers, an offset for each bin. Each bin is moved by
    gamma * offset * (width, height) of its RoI and pooled again. The last layer starts with zeros:
    at first the result is RoIAlign's. The two before it start as those of `TwoLayerBoxHead`.

    Every bin has 2 x 2 samples, whatever its size (`sampling_ratio=2` of torchvision, where
    `PyramidPooler` takes a sample a cell): all RoIs then need equally many, and one `grid_sample`
    takes many of them.

    Args:
        names: Keys of the pyramid's levels, finest first.
        strides: Pixels per cell of each level, powers of 2, each twice the one before.
        size: k.
        channels: C.
        hidden: Width of the two layers before the offsets.
        gamma: Sides of the RoI that an offset of 1 moves a bin by.
    """

    def __init__(
        self,
        names: Sequence[str],
        strides: Sequence[int],
        size: int,
        channels: int,
        hidden: int = 1024,
        gamma: float = 0.1,
    ) -> None:
        super().__init__()
        self.names = tuple(names)
        self.strides = tuple(strides)
        self.size = size
        self.gamma = gamma
        self.fc1 = nn.Linear(channels * size**2, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.offsets = nn.Linear(hidden, 2 * size**2)
        for layer in (self.fc1, self.fc2):
            nn.init.kaiming_uniform_(layer.weight, a=1)
            nn.init.zeros_(layer.bias)
        nn.init.zeros_(self.offsets.weight)
        nn.init.zeros_(self.offsets.bias)

    def forward(
        self, features: Mapping[str, Tensor], boxes: Sequence[Tensor], levels: Tensor | None = None
    ) -> Tensor:
        """See `longtail.models.pooling.pyramid.RoIPooler`."""
        maps = [features[name].float() for name in self.names]
        rois = torch.cat(list(boxes)).float()
        images = torch.cat([b.new_full((len(b),), i) for i, b in enumerate(boxes)]).long()
        level_of = self.levels(rois) if levels is None else levels
        regular = self._regular(maps, rois, images, level_of)
        shifts = self._shifts(regular, rois)
        pooled, order = [], []
        for i, (level, stride) in enumerate(zip(maps, self.strides, strict=True)):
            # Split once: a slice for each chunk would cost a gradient of the whole batch each.
            for image, of_image in enumerate(torch.split(level, 1)):
                for index in _chunks((level_of == i) & (images == image)):
                    points = _sample_points(rois[index], shifts[index], self.size) / stride
                    pooled.append(_pool(of_image, points))
                    order.append(index)
        if not pooled:
            # Without RoIs the levels and the layers stay in the graph.
            return regular + shifts.sum()
        return torch.cat(pooled)[torch.argsort(torch.cat(order))]

    def levels(self, boxes: Tensor) -> Tensor:
        """See `longtail.models.pooling.pyramid.RoIPooler`."""
        return assign_levels(boxes, self.strides[0], self.strides[-1])

    def _regular(
        self, maps: Sequence[Tensor], rois: Tensor, images: Tensor, level_of: Tensor
    ) -> Tensor:
        """(R, C, k, k) RoIAlign. Levels without RoIs are pooled too and stay in the graph."""
        with_image = torch.cat([images[:, None].to(rois), rois], dim=1)
        members = [torch.nonzero(level_of == i).flatten() for i in range(len(maps))]
        pooled = [
            roi_align(level, with_image[index], self.size, 1 / stride, SAMPLES, aligned=True)
            for level, stride, index in zip(maps, self.strides, members, strict=True)
        ]
        return torch.cat(pooled)[torch.argsort(torch.cat(members))]

    def _shifts(self, regular: Tensor, rois: Tensor) -> Tensor:
        """(R, k, k, 2) how far each bin moves, x and y in pixels."""
        hidden = F.relu(self.fc2(F.relu(self.fc1(regular.flatten(1)))))
        offsets: Tensor = self.offsets(hidden).float().view(-1, 2, self.size, self.size)
        sides = rois[:, 2:] - rois[:, :2]
        return self.gamma * offsets.permute(0, 2, 3, 1) * sides[:, None, None]


def _chunks(chosen: Tensor) -> Iterator[Tensor]:
    """The rows where (R,) `chosen` is True, a bounded number at once; nothing without any."""
    rows = torch.nonzero(chosen).flatten()
    return (chunk for chunk in torch.split(rows, ROIS_AT_ONCE) if len(chunk))


def _sample_points(rois: Tensor, shifts: Tensor, size: int) -> Tensor:
    """(r, 2 k, 2 k, 2) x and y in pixels, of the samples row by row.

    Args:
        rois: (r, 4).
        shifts: (r, k, k, 2) x and y in pixels.
        size: k.
    """
    num = size * SAMPLES
    steps = (torch.arange(num, device=rois.device, dtype=rois.dtype) + 0.5) / num
    ys, xs = torch.meshgrid(steps, steps, indexing="ij")
    shares = torch.stack([xs, ys], dim=-1)
    low, sides = rois[:, None, None, :2], (rois[:, 2:] - rois[:, :2])[:, None, None]
    of_samples = shifts.repeat_interleave(SAMPLES, 1).repeat_interleave(SAMPLES, 2)
    return low + shares * sides + of_samples


def _pool(level: Tensor, points: Tensor) -> Tensor:
    """(r, C, k, k) the mean of each bin's samples, of one image's map.

    A sample more than one cell beyond the outermost centres is 0, one between takes the value at
    the border: RoIAlign's rule.

    Args:
        level: (1, C, h, w).
        points: (r, 2 k, 2 k, 2) x and y in cells, cell i reaching from i to i + 1.
    """
    extent = points.new_tensor([level.shape[3], level.shape[2]])
    inside = ((points >= -0.5) & (points <= extent + 0.5)).all(dim=-1)
    # Of grid_sample's two frames, the one whose -1 and 1 are the outer edges of the map.
    grid = (2 * points / extent - 1).flatten(0, 1)[None]
    sampled = F.grid_sample(
        level, grid, mode="bilinear", padding_mode="border", align_corners=False
    )
    num_rois, num = points.shape[:2]
    samples = sampled.reshape(-1, num_rois, num, num) * inside
    # Unlike a pooling layer's, this mean's gradient does not need the samples.
    bins = samples.view(-1, num_rois, num // SAMPLES, SAMPLES, num // SAMPLES, SAMPLES)
    return bins.mean(dim=(3, 5)).transpose(0, 1)
