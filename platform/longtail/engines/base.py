"""What every engine offers, whichever library its backbone and proposals come from.

D detections of an image, K categories, P proposals, M = side of the mask grid (28).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor, nn

from longtail.config.stages import Part
from longtail.data.loading.sample import Image, Sample
from longtail.models.roi_heads.heads import RoIHeads


@dataclass(frozen=True)
class Detections:
    """What a detector found in one image, by falling `score_box`.

    Attributes:
        image_id: Id of the annotation file.
        size: (height, width) of the original image in pixels.
        boxes: (D, 4) float32 xyxy in pixels of the original image.
        labels: (D,) int64 in 0..K-1.
        score_box: (D,) float32 in [0, 1], the classifier's probability.
        score_mask: (D,) float32 in [0, 1], the score of the mask; equals `score_box` without a
            mask-scoring head.
        mask_probabilities: (D, M, M) float32 in [0, 1], the soft mask over its box.
        class_rows: (D, K + 1) float32, the full row of class probabilities with background last,
            where asked for.
        num_not_finite: Rows of scores dropped for a score or a box that is no finite number.
    """

    image_id: int
    size: tuple[int, int]
    boxes: Tensor
    labels: Tensor
    score_box: Tensor
    score_mask: Tensor
    mask_probabilities: Tensor
    class_rows: Tensor | None = None
    num_not_finite: int = 0


@dataclass(frozen=True)
class SeenImages:
    """What the network makes of a batch before anything is proposed.

    Attributes:
        features: (N, C, h, w) by level name.
        sizes: (height, width) in pixels of each image of the network's input, without padding.
    """

    features: Mapping[str, Tensor]
    sizes: Sequence[tuple[int, int]]


@dataclass(frozen=True)
class RankedProposals:
    """The proposals of one image, by falling score.

    Attributes:
        boxes: (P, 4) float32 xyxy in pixels of the network's input.
        scores: (P,) that rank those of any image; their unit is the engine's own.
    """

    boxes: Tensor
    scores: Tensor


class Engine(Protocol):
    """A detector as training and inference see it: also an `nn.Module`.

    Calling the module is calling `losses`, so that DistributedDataParallel can wrap it.
    `state_dict` is neutral: the same names and shapes whatever the engine.
    """

    def losses(self, samples: Sequence[Sample]) -> dict[str, Tensor]:
        """The unweighted losses of a batch, each a scalar.

        Keys: rpn_objectness, rpn_box, classification, box, mask, and those of optional parts. All
        are always present and tied to the graph, also for batches without instances or maps, so
        that distributed training never waits.
        """
        ...

    def predict(self, images: Sequence[Image], class_rows: bool = False) -> list[Detections]:
        """Detect the objects of each image, in evaluation mode and without gradients."""
        ...

    def see(self, images: Sequence[Image]) -> SeenImages:
        """Normalise and pad a batch and compute its features: where `predict` begins."""
        ...

    def propose(self, seen: SeenImages) -> list[RankedProposals]:
        """The proposals of each image, that `predict` goes on with; in evaluation mode."""
        ...

    @property
    def roi_heads(self) -> RoIHeads:
        """The second stage: what follows the proposals."""
        ...

    def parts(self) -> Mapping[Part, nn.Module]:
        """The modules that a stage can freeze or re-create, by their name in the configuration."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Weights and buffers by neutral name."""
        ...

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> Any:
        """Take weights and buffers over."""
        ...

    def parameters(self) -> Iterator[nn.Parameter]:
        """Every learnable tensor."""
        ...
