"""The uniform mean of the weights of several models."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

Weights = Mapping[str, Tensor]


def mean_weights(named: Iterable[tuple[str, Weights]]) -> tuple[dict[str, Tensor], list[str]]:
    """The mean of tensors of the same names, shapes and types, computed in float64.

    Tensors of floats are averaged, running statistics among them. Others count something that no
    prediction reads, such as batches seen: where they differ, those of the first are taken.

    Args:
        named: Each model's name and weights, of which one after the other is held.

    Returns:
        The mean, in the types of the first, and the names that were taken of the first though they
        differ.

    Raises:
        ValueError: Names, shapes or types differ.
    """
    models = iter(named)
    first_name, first = next(models)
    sums = {
        name: of.to(torch.float64, copy=True)
        for name, of in first.items()
        if of.is_floating_point()
    }
    taken, count = set(), 1
    for name, weights in models:
        _check_same_tensors(first_name, first, name, weights)
        count += 1
        for tensor, total in sums.items():
            total += weights[tensor]
        counts = first.keys() - sums.keys()
        taken |= {tensor for tensor in counts if not torch.equal(first[tensor], weights[tensor])}
    means = {tensor: (total / count).to(first[tensor].dtype) for tensor, total in sums.items()}
    return {tensor: means.get(tensor, of) for tensor, of in first.items()}, sorted(taken)


def _check_same_tensors(first_name: str, first: Weights, name: str, weights: Weights) -> None:
    for tensor in sorted({*first, *weights}):
        ours, theirs = _described(first, tensor), _described(weights, tensor)
        if ours != theirs:
            raise ValueError(
                f"{name}: {tensor} is {theirs}, and {ours} in {first_name}; an average needs models"
                " of one architecture"
            )


def _described(weights: Weights, name: str) -> str:
    if name not in weights:
        return "absent"
    return f"{str(weights[name].dtype).removeprefix('torch.')} {tuple(weights[name].shape)}"
