"""What surrounds the RoIs of a batch, from its features to the RoI features that it joins.

N images, R RoIs of all of them in order, C channels, S classes of pixels, K categories.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from longtail.losses.image_labels import image_label_loss
from longtail.losses.semantic import UNLABELLED, semantic_cross_entropy
from longtail.models.context.global_context import (
    GlobalContextBranch,
    image_labels,
    with_context,
)
from longtail.models.context.semantic_branch import SemanticBranch, with_semantics
from longtail.models.pooling.pyramid import PyramidPooler, RoIPooler
from longtail.models.roi_heads.targets import RoITargets

EMBEDDING = "semantic"
SEMANTIC_SIZE = 14
"""Side of the embedding's RoI features before they are averaged to those that they join: HTC's."""

Head = Literal["box", "mask"]


@dataclass(frozen=True)
class SemanticMap:
    """What the semantic branch sees in a batch.

    Attributes:
        logits: (N, S, h, w).
        embedding: (N, C, h, w).
        stride: Pixels per cell of both.
        joins: Whose RoI features the embedding is added to.
    """

    logits: Tensor
    embedding: Tensor
    stride: int
    joins: tuple[Head, ...]

    def loss(self, targets: Sequence[RoITargets]) -> Tensor:
        """See `semantic_cross_entropy`; images without a map teach nothing."""
        maps = [of_image.semantic for of_image in targets]
        labels = cell_labels(maps, (self.logits.shape[2], self.logits.shape[3]), self.stride)
        return semantic_cross_entropy(self.logits, labels.to(self.logits.device))


@dataclass(frozen=True)
class ImageContext:
    """What the branch of global context sees in a batch.

    Attributes:
        logits: (N, K) of the categories in each image.
        vectors: (N, C).
    """

    logits: Tensor
    vectors: Tensor

    def loss(self, targets: Sequence[RoITargets]) -> Tensor:
        """See `image_label_loss`."""
        pairs = [image_labels(of_image.labels, of_image.verified) for of_image in targets]
        present, known = (torch.stack(rows) for rows in zip(*pairs, strict=True))
        return image_label_loss(self.logits, present, known)


@dataclass(frozen=True)
class Surroundings:
    """The context of one batch; what no branch sees is None."""

    semantic: SemanticMap | None
    image: ImageContext | None

    def losses(self, targets: Sequence[RoITargets]) -> dict[str, Tensor]:
        """`semantic` and `image_labels`, of the branches that there are; scalars."""
        losses = {}
        if self.semantic is not None:
            losses["semantic"] = self.semantic.loss(targets)
        if self.image is not None:
            losses["image_labels"] = self.image.loss(targets)
        return losses

    def joining(self, pooler: RoIPooler, head: Head) -> "PoolerWithContext":
        """The pooler of a head, whose features have what surrounds them added."""
        sees = self.semantic is not None and head in self.semantic.joins
        return PoolerWithContext(pooler, self.semantic if sees else None, self.image)


class PoolerWithContext:
    """A `RoIPooler` for one batch.

    Args:
        pooler: Gives the RoI features themselves.
        semantic: What joins them; None for nothing.
        image: The same.
    """

    def __init__(
        self, pooler: RoIPooler, semantic: SemanticMap | None, image: ImageContext | None
    ) -> None:
        self.names = pooler.names
        self.pooler = pooler
        self.semantic = semantic
        self.image = image

    def __call__(
        self, features: Mapping[str, Tensor], boxes: Sequence[Tensor], levels: Tensor | None = None
    ) -> Tensor:
        """See `RoIPooler`."""
        pooled = self.pooler(features, boxes, levels)
        if self.semantic is not None:
            pool = PyramidPooler([EMBEDDING], [self.semantic.stride], SEMANTIC_SIZE)
            pooled = with_semantics(pooled, pool({EMBEDDING: self.semantic.embedding}, boxes))
        if self.image is not None:
            pooled = with_context(pooled, self.image.vectors, [len(b) for b in boxes])
        return pooled

    def levels(self, boxes: Tensor) -> Tensor:
        """See `RoIPooler`."""
        return self.pooler.levels(boxes)


class Context(nn.Module):
    """Both branches of context; either may be absent.

    Args:
        semantic: Segments stuff and things.
        global_context: Classifies whole images.
        stride: Pixels per cell of the level that the semantic branch fuses at.
        coarsest: Key of the level that the branch of global context sees.
        joins: Whose RoI features the semantic embedding is added to.
    """

    def __init__(
        self,
        semantic: SemanticBranch | None,
        global_context: GlobalContextBranch | None,
        *,
        stride: int,
        coarsest: str,
        joins: tuple[Head, ...],
    ) -> None:
        super().__init__()
        self.semantic = semantic
        self.global_context = global_context
        self.stride = stride
        self.coarsest = coarsest
        self.joins = joins

    def forward(self, features: Mapping[str, Tensor]) -> Surroundings:
        """What surrounds the RoIs of a batch.

        Args:
            features: (N, channels, H / stride, W / stride) by level name.
        """
        semantic = image = None
        if self.semantic is not None:
            logits, embedding = self.semantic(features)
            semantic = SemanticMap(logits, embedding, self.stride, self.joins)
        if self.global_context is not None:
            image = ImageContext(*self.global_context(features[self.coarsest]))
        return Surroundings(semantic, image)


def cell_labels(maps: Sequence[Tensor | None], size: tuple[int, int], stride: int) -> Tensor:
    """(N, h, w) int64 the classes at the cells' centres; `UNLABELLED` where an image has none.

    A centre lies between pixels: of the four around it, the one below and to the right is taken.

    Args:
        maps: (H, W) uint8 of each image, without the batch's padding; None labels nothing.
        size: (h, w) of the batch.
        stride: Pixels per cell.
    """
    device = next((m.device for m in maps if m is not None), None)
    labels = torch.full((len(maps), *size), UNLABELLED, dtype=torch.long, device=device)
    for of_image, classes in zip(labels, maps, strict=True):
        if classes is not None:
            cells = classes[stride // 2 :: stride, stride // 2 :: stride]
            of_image[: cells.shape[0], : cells.shape[1]] = cells
    return labels
