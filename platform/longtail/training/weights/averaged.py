"""The exponential moving average of the weights that a stage learns.

After every optimizer step theta_ema = d * theta_ema + (1 - d) * theta, from the weights that the
stage starts with, without warm-up and without correction for the start: after n steps these still
have the share d^n. The average is what a stage leaves to all who come after it; the optimizer goes
on from the weights themselves. It is computed in float32, on every rank: all ranks step alike.

Buffers are no part of it, as in `torch.optim.swa_utils.AveragedModel`: running statistics and
counts of losses are those of the weights that learn.
"""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from longtail.engines.base import Engine


class AveragedWeights:
    """The average of tensors that an optimizer changes in place.

    Args:
        learning: The tensors by neutral name; the average begins as they are.
        decay: d, in (0, 1).
    """

    def __init__(self, learning: Mapping[str, Tensor], decay: float) -> None:
        self._learning = dict(learning)
        self._average = {name: tensor.clone() for name, tensor in learning.items()}
        self._mix = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]

    def update(self) -> None:
        """Take in the weights after an optimizer step."""
        self._mix(list(self._average.values()), list(self._learning.values()), None)

    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Go on from an average that was kept.

        Args:
            weights: By neutral name; others than those that learn are left out.
        """
        for name, tensor in self._average.items():
            tensor.copy_(weights[name])

    @property
    def average(self) -> Mapping[str, Tensor]:
        """By neutral name."""
        return self._average

    @property
    def learning(self) -> Mapping[str, Tensor]:
        """The weights that training goes on with, by neutral name."""
        return self._learning


def learning_weights(engine: Engine, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The weights that an optimizer changes, by the names of the engine's neutral state dict.

    They are found by the memory they share, whatever the engine calls its modules.
    """
    parameters = [tensor for group in optimizer.param_groups for tensor in group["params"]]
    changed = {parameter.data_ptr() for parameter in parameters}
    found = {name: of for name, of in engine.state_dict().items() if of.data_ptr() in changed}
    assert {tensor.data_ptr() for tensor in found.values()} == changed, "a weight without a name"
    return found
