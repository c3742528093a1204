import pytest
import torch

from longtail.models.classifiers.layers import CosineLinear, last_layer, logit, logits_of


def _cosine(weight: list[list[float]], bias: list[float]) -> CosineLinear:
    layer = CosineLinear(2, len(weight), temperature=20)
    layer.load_state_dict({"weight": torch.tensor(weight), "bias": torch.tensor(bias)})
    return layer


def test_cosine_logits_are_temperature_times_cosine_plus_bias() -> None:
    layer = _cosine([[3.0, 4.0], [0.0, -5.0]], [0.0, 1.0])
    logits = layer(torch.tensor([[10.0, 0.0]]))
    torch.testing.assert_close(logits, torch.tensor([[20 * 0.6, 1.0]]))


def test_lengths_of_features_and_weights_do_not_matter() -> None:
    features = torch.tensor([[0.3, -2.0]])
    logits = _cosine([[3.0, 4.0]], [0.5])(features)
    torch.testing.assert_close(_cosine([[0.3, 0.4]], [0.5])(7 * features), logits)


def test_features_of_length_zero_give_the_bias() -> None:
    assert _cosine([[3.0, 4.0]], [0.5])(torch.zeros(1, 2)).tolist() == [[0.5]]


@pytest.mark.parametrize("temperature", [None, 20.0])
def test_layers_start_at_their_bias_with_weights_of_the_same_names(
    temperature: float | None,
) -> None:
    layer = last_layer(16, 3, bias=-2.0, temperature=temperature)
    assert list(layer.state_dict()) == ["weight", "bias"]
    assert layer(torch.zeros(1, 16)).tolist() == [[-2, -2, -2]]
    assert isinstance(layer, CosineLinear) == (temperature is not None)


def test_logits_are_float32_also_from_half_precision() -> None:
    layer = last_layer(4, 3, bias=0.0, temperature=None).bfloat16()
    assert logits_of(layer, torch.zeros(2, 4, dtype=torch.bfloat16)).dtype == torch.float32


def test_logit_is_the_inverse_of_the_sigmoid() -> None:
    assert torch.tensor(logit(0.001)).sigmoid().item() == pytest.approx(0.001)
