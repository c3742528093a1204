"""Initial weights of a timm backbone, from a local file."""

from collections.abc import Mapping, Set
from pathlib import Path

from torch import Tensor, nn

from longtail.models.weights.array_pickle import ForeignNameError
from longtail.models.weights.file import load_content
from longtail.problems import BadInputError


def load_timm_weights(body: nn.Module, path: Path, optional: Set[str] = frozenset()) -> None:
    """Give timm's feature extractor the weights of the same timm model, as timm publishes them.

    Tensors of layers that the extractor does not have, as the ImageNet classifier, are left out.

    Args:
        body: `timm.create_model(..., features_only=True)`.
        path: A state dict (.safetensors, or a file of `torch.save`) without any wrapping.
        optional: Names that it may lack, which then stay as they are.

    Raises:
        ValueError: The file is missing.
        BadInputError: It holds no state dict, or one that does not fit the model.
    """
    weights = read_state_dict(path)
    weights |= {_flattened(name): value for name, value in weights.items()}
    own: dict[str, Tensor] = body.state_dict()
    problems = _misfits(own, weights, optional)
    if problems:
        raise BadInputError(
            f"{path}: {len(problems)} of the backbone's {len(own)} tensors do not fit:"
            f" {'; '.join(problems[:3])}; use the weights of the model that backbone.model names"
        )
    # Not strict: files of old torch versions lack the batch counters.
    body.load_state_dict({name: weights[name] for name in own if name in weights}, strict=False)


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """Read tensors by name, and nothing that could run code.

    Raises:
        ValueError: The file is missing.
        BadInputError: It is no flat state dict.
    """
    try:
        loaded = load_content(path)
    except ForeignNameError as error:
        raise BadInputError(
            f"{path}: no readable state dict: {error}; save the plain state dict of a timm model"
        ) from None
    if not isinstance(loaded, dict) or not all(isinstance(v, Tensor) for v in loaded.values()):
        raise BadInputError(
            f"{path}: holds more than tensors by name; save the plain state dict of a timm model"
        )
    return dict(loaded)


def _misfits(
    own: Mapping[str, Tensor], weights: Mapping[str, Tensor], optional: Set[str]
) -> list[str]:
    missing = [
        f"{name} is missing"
        for name in own
        if name not in weights and name not in optional and not name.endswith("num_batches_tracked")
    ]
    misshapen = [
        f"{name} is {tuple(weights[name].shape)} instead of {tuple(value.shape)}"
        for name, value in own.items()
        if name in weights and weights[name].shape != value.shape
    ]
    return missing + misshapen


def _flattened(name: str) -> str:
    # timm's extractors call stages.0 of some models stages_0.
    first, _, rest = name.partition(".")
    number, _, rest = rest.partition(".")
    return f"{first}_{number}.{rest}" if number.isdigit() else name
