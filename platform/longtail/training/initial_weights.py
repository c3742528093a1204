"""Weights that a stage takes over from the stage before it."""

from collections.abc import Collection, Mapping

from torch import Tensor

from longtail.config.stages import Part
from longtail.engines.base import Engine


def part_names(engine: Engine) -> dict[str, tuple[str, ...]]:
    """The names that each part's weights and buffers have in the engine's neutral state dict.

    They are found by the memory they share, whatever the engine calls its modules.
    """
    names = {tensor.data_ptr(): name for name, tensor in engine.state_dict().items()}
    return {
        part: tuple(names[tensor.data_ptr()] for tensor in module.state_dict().values())
        for part, module in engine.parts().items()
    }


def take_over(
    engine: Engine,
    weights: Mapping[str, Tensor],
    parts_before: Mapping[str, Collection[str]],
    recreate: Collection[Part],
) -> None:
    """Load the weights of the stage before; re-created parts keep those they were built with.

    Args:
        engine: The new stage's model.
        weights: The old stage's weights by neutral name.
        parts_before: The names of each part in `weights`.
        recreate: Parts that start anew.

    Raises:
        ValueError: Outside those parts, a weight is missing, unknown or of another shape.
    """
    own, parts = engine.state_dict(), part_names(engine)
    new = {name for part in recreate for name in parts[part]}
    dropped = {name for part in recreate for name in parts_before[part]}
    taken = {name: value for name, value in weights.items() if name not in dropped}
    expected = {name: value for name, value in own.items() if name not in new}
    wrong = sorted(
        name
        for name in taken.keys() | expected.keys()
        if _shape(taken, name) != _shape(expected, name)
    )
    if wrong:
        name = wrong[0]
        raise ValueError(
            f"{len(wrong)} weights of the stage before do not fit, first {name}:"
            f" {_shape(taken, name)} there, {_shape(expected, name)} here;"
            " name its part in `recreate`, or keep the detector of the stage before"
        )
    engine.load_state_dict({**own, **taken}, strict=True)


def _shape(weights: Mapping[str, Tensor], name: str) -> str:
    return f"shape {tuple(weights[name].shape)}" if name in weights else "absent"
