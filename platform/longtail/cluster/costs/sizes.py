"""How many bytes nodes leave on disk."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import cast

from torch import Tensor, nn

from longtail.cluster.costs.finished import FinishedNode
from longtail.cluster.nodes.plan import Plan
from longtail.cluster.work.preflight import built_stages
from longtail.config.stages import SGD, Optimizer, Stage
from longtail.config.variant import Inference
from longtail.engines.base import Engine
from longtail.training.checkpoints import KEPT

DETECTION_BYTES = 160.0
"""Of a detection in a prediction store, mask included, where there is no set to measure: that of
the 977 instances of 100 images of LVIS v0.5 val, made a store."""
SOFT_MASK_BYTES = 180.0
"""More of it where grids of probabilities are kept."""
MATCH_BYTES = 40.0
"""Of a detection in an evaluation, masks and boxes, before compression."""


def checkpoint_bytes(plan: Plan, workers: int) -> dict[str, int]:
    """Bytes of the checkpoints that each training of a plan leaves, by the id of its node.

    Args:
        plan: The rows.
        workers: That train together, which a detector has to fit.

    Raises:
        ValueError: See `check_buildable`.
    """
    return {
        row.stages[number].id: KEPT * one_checkpoint(engine, row.variant.stages[number])
        for row, number, engine in built_stages(plan, workers)
    }


def one_checkpoint(engine: Engine, stage: Stage) -> int:
    """Bytes of a checkpoint: weights and buffers, the optimizer's state, and the weights that learn
    once more where `weights` has their average.

    Args:
        engine: Of the stage's detector; no weight is read.
        stage: Says what learns, and how.
    """
    parts = engine.parts()
    frozen = {id(of) for name in stage.freeze for of in parts[name].parameters()}
    weights = cast(nn.Module, engine).parameters()
    learning = _bytes(of for of in weights if of.requires_grad and id(of) not in frozen)
    total = _bytes(engine.state_dict().values()) + _copies(stage.optimizer) * learning
    return total if stage.ema_decay is None else total + learning


def prediction_bytes(
    num_images: int, inference: Inference, finished: Sequence[FinishedNode] = ()
) -> int:
    """Bytes of a prediction store, and of its evaluation, if every image has as many detections as
    are kept.

    Args:
        num_images: Images that are predicted.
        inference: Says how many detections are kept.
        finished: Prediction sets, of whose detections the bytes are measured.
    """
    measured = [of.num_bytes / of.num_detections for of in finished if of.num_detections]
    each = median(measured) if measured else DETECTION_BYTES
    each += SOFT_MASK_BYTES if inference.keep_soft_masks and not measured else 0
    return round(num_images * inference.detections_per_image * (each + MATCH_BYTES))


def _copies(optimizer: Optimizer) -> int:
    """Numbers that an optimizer keeps for each weight that learns."""
    return int(optimizer.momentum > 0) if isinstance(optimizer, SGD) else 2


def _bytes(tensors: Iterable[Tensor]) -> int:
    return sum(of.numel() * of.element_size() for of in tensors)
