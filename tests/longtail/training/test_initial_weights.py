import pytest
import torch
from torch import nn

from longtail.training.initial_weights import part_names, take_over


def _copy(engine: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in engine.state_dict().items()}


def _other(engine: nn.Module, num_categories: int) -> nn.Module:
    torch.manual_seed(1)
    return type(engine)(num_categories)


def test_part_names_cover_weights_and_buffers(engine: nn.Module) -> None:
    names = part_names(engine)
    assert names["classifier"] == ("head.weight", "head.bias")
    assert "body.1.running_mean" in names["backbone"]
    assert {name for part in names.values() for name in part} == set(engine.state_dict())


def test_everything_is_taken_over(engine: nn.Module) -> None:
    later = _other(engine, 3)
    take_over(later, engine.state_dict(), part_names(engine), recreate=())
    own, before = later.state_dict(), engine.state_dict()
    assert all(torch.equal(own[name], before[name]) for name in before)


def test_recreated_parts_keep_their_new_weights_whatever_their_shape(engine: nn.Module) -> None:
    later = _other(engine, 5)
    new = _copy(later)
    take_over(later, engine.state_dict(), part_names(engine), recreate=("classifier",))
    own, before = later.state_dict(), engine.state_dict()
    assert torch.equal(own["head.weight"], new["head.weight"])
    assert torch.equal(own["body.0.weight"], before["body.0.weight"])


def test_weights_that_only_the_old_part_had_are_left_behind(engine: nn.Module) -> None:
    weights = {**_copy(engine), "head.scale": torch.ones(1)}
    parts = {**part_names(engine), "classifier": ("head.weight", "head.bias", "head.scale")}
    take_over(_other(engine, 3), weights, parts, recreate=("classifier",))


def test_another_shape_is_refused(engine: nn.Module) -> None:
    with pytest.raises(ValueError, match=r"2 weights .* head.bias: shape \(3,\) there, shape \(5,"):
        take_over(_other(engine, 5), engine.state_dict(), part_names(engine), recreate=())


def test_missing_and_unknown_weights_are_refused(engine: nn.Module) -> None:
    weights = _copy(engine)
    weights["body.extra"] = weights.pop("body.0.bias")
    with pytest.raises(ValueError, match=r"2 weights .* body.0.bias: absent there"):
        take_over(_other(engine, 3), weights, part_names(engine), recreate=("classifier",))
