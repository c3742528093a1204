"""Parameters and operations of a detector on the meta device: nothing is computed.

N images, R RoIs, C channels, K categories. An operation is a multiplication or an addition: a
multiply-add counts as two. Only convolutions and matrix products are counted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import timm
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from longtail.config.classifiers import Softmax
from longtail.config.detector import Detector
from longtail.config.variant import Inference
from longtail.engines.torchvision import TorchvisionEngine, build_torchvision_engine
from longtail.models.category_statistics import CategoryStatistics
from longtail.models.roi_heads.box_stage import BoxStage

HEIGHT, WIDTH = 800, 1344
"""An image of 800 x 1333 pixels, padded to multiples of 32."""
PROPOSALS, DETECTIONS = 1000, 100
HEADS = ("box_head", "classifier", "box_regressor", "mask_head")


@dataclass(frozen=True)
class Cost:
    """What a detector has and does for one image.

    Attributes:
        parameters: Of `backbone`, `neck`, `rpn` and `heads`; also of what is frozen.
        operations: Of `backbone`, `neck`, `rpn`, `boxes` (the stages of boxes, of 1000 proposals),
            `masks` (of 100 detections) and `context`.
    """

    parameters: Mapping[str, int]
    operations: Mapping[str, int]


class _Pooled:
    """A `RoIPooler` without pooling: features of the right shape."""

    names = ()

    def __init__(self, channels: int, side: int) -> None:
        self.shape = channels, side, side

    def __call__(
        self, features: Mapping[str, Tensor], boxes: Sequence[Tensor], levels: Tensor | None = None
    ) -> Tensor:
        return boxes[0].new_zeros(sum(map(len, boxes)), *self.shape)

    def levels(self, boxes: Tensor) -> Tensor:
        raise AssertionError("levels are chosen by numbers, which there are none of here")


def cost_of(detector: Detector, num_categories: int, size: tuple[int, int]) -> Cost:
    """Build a detector without memory and count.

    Args:
        detector: Its masks must not choose their level by their own pixels.
        num_categories: K.
        size: Height and width of the padded image.

    Raises:
        ValueError: Its parts do not fit each other.
    """
    with torch.device("meta"), torch.no_grad():
        engine = build_meta(detector, num_categories).eval()
        images = torch.zeros(1, 3, *size)
        maps, backbone = counted(lambda: engine.backbone(images))
        levels, neck = counted(lambda: engine.neck(images, maps))
        _, rpn = counted(lambda: engine.get_submodule("rpn.head")(list(levels.values())))
        operations = {"backbone": backbone, "neck": neck, "rpn": rpn}
        operations |= _of_heads(engine, detector, levels, size)
    return Cost(parameters_of(engine), operations)


def build_meta(detector: Detector, num_categories: int) -> TorchvisionEngine:
    """The detector with a softmax; call it where meta is the device."""
    counts = np.ones(num_categories, dtype=np.int64)
    statistics = CategoryStatistics.from_arrays(counts, counts)
    return build_torchvision_engine(detector, Softmax(), Inference(), statistics)


def parameters_of(engine: TorchvisionEngine) -> dict[str, int]:
    """Of the parts that the table shows."""
    counts = {name: num_parameters(module) for name, module in engine.parts().items()}
    heads = sum(counts.pop(name) for name in HEADS)
    return {**{str(name): count for name, count in counts.items()}, "heads": heads}


def num_parameters(module: nn.Module) -> int:
    """Numbers in all parameters, not in buffers."""
    return sum(parameter.numel() for parameter in module.parameters())


def counted(run: Callable[[], Any]) -> tuple[Any, int]:
    """What a call returns, and its operations."""
    formulas = {torch.ops.torchvision.deform_conv2d: deform_conv2d_operations}
    with FlopCounterMode(display=False, custom_mapping=formulas) as counter:
        result = run()
    return result, counter.get_total_flops()


def deform_conv2d_operations(
    input_shape: Sequence[int],
    weight_shape: Sequence[int],
    *args: Any,
    out_shape: Sequence[int],
    **kwargs: Any,
) -> int:
    """Those of a plain convolution of the same shapes; what reads between cells is left out.

    Args:
        input_shape: (N, C, h, w).
        weight_shape: (D, C / groups, height, width) of the taps.
        args: Not read.
        out_shape: (N, D, h', w').
        kwargs: Not read.
    """
    return 2 * int(np.prod(out_shape)) * int(np.prod(weight_shape[1:]))


def _of_heads(
    engine: TorchvisionEngine,
    detector: Detector,
    levels: Mapping[str, Tensor],
    size: tuple[int, int],
) -> dict[str, int]:
    heads, channels = engine.roi_heads, detector.neck_channels
    context = heads.context
    around = 0 if context is None else counted(lambda: context(levels))[1]
    pooled = _Pooled(channels, detector.box_head.pool_size)
    stages: list[BoxStage] = [replace(s, pooler=pooled) for s in heads.box_branch.stages]
    boxes = replace(heads.box_branch, stages=stages)
    rois = [torch.zeros(PROPOSALS, 4)]
    _, of_boxes = counted(lambda: boxes.outputs(levels, rois, [size], heads.score_rows))
    side = detector.mask_head.pool_size
    fine = cast(Any, _Pooled(channels, 2 * side)) if heads.fine_pooler is not None else None
    masks = replace(heads.mask_branch, pooler=_Pooled(channels, side), fine_pooler=fine)
    labels = [torch.zeros(DETECTIONS, dtype=torch.long)]
    _, of_masks = counted(lambda: masks.found(levels, [rois[0][:DETECTIONS]], labels))
    return {"boxes": of_boxes, "masks": of_masks, "context": around}


def classifier_of(model: str) -> dict[str, int]:
    """Parameters of timm's image classifier of 1000 classes, and of its last layer."""
    with torch.device("meta"):
        whole: Any = timm.create_model(model, pretrained=False)
    return {
        "classifier": num_parameters(whole),
        "last layer": num_parameters(whole.get_classifier()),
    }
