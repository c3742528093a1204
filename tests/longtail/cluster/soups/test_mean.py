"""The mean of weights, by hand."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from longtail.cluster.soups.mean import mean_weights

Model = dict[str, Tensor]


def model(weight: list[float], seen: int) -> Model:
    return {
        "head.weight": torch.tensor(weight, dtype=torch.float32),
        "norm.running_mean": torch.tensor([float(seen)]),
        "norm.num_batches_tracked": torch.tensor(seen),
    }


def test_floats_are_averaged_and_counts_are_those_of_the_first() -> None:
    mean, taken = mean_weights([("a", model([1, 2], 4)), ("b", model([4, 2.5], 6))])
    assert mean["head.weight"].tolist() == [2.5, 2.25]
    assert mean["norm.running_mean"].tolist() == [5]
    assert mean["norm.num_batches_tracked"].item() == 4
    assert taken == ["norm.num_batches_tracked"]
    assert [of.dtype for of in mean.values()] == [torch.float32, torch.float32, torch.int64]


def test_the_models_are_left_as_they_were() -> None:
    first = model([1, 2], 4)
    mean_weights([("a", first), ("b", model([3, 4], 4))])
    assert first["head.weight"].tolist() == [1, 2]


def test_the_sum_is_kept_in_float64() -> None:
    """In float32 the small ones would be lost beside the large one: 2^24 + 1 = 2^24."""
    values = [2.0**24, 1.0, 1.0, -(2.0**24)]
    mean, _ = mean_weights((str(i), {"w": torch.tensor([v])}) for i, v in enumerate(values))
    assert mean["w"].item() == 0.5


@given(st.floats(-(2.0**99), 2.0**99, width=32), st.integers(1, 9))
def test_equal_models_are_their_own_mean(value: float, copies: int) -> None:
    weights = {"w": torch.tensor([value])}
    mean, taken = mean_weights([("same", weights)] * copies)
    assert torch.equal(mean["w"], weights["w"]) and not taken


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"w": torch.zeros(3)}, r"b: w is float32 \(3,\), and float32 \(2,\) in a"),
        ({"w": torch.zeros(2).double()}, r"b: w is float64 \(2,\), and float32 \(2,\) in a"),
        ({"v": torch.zeros(2)}, r"b: v is float32 \(2,\), and absent in a"),
        ({}, r"b: w is absent, and float32 \(2,\) in a"),
    ],
)
def test_models_of_other_shapes_are_refused(other: Model, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mean_weights([("a", {"w": torch.zeros(2)}), ("b", other)])
