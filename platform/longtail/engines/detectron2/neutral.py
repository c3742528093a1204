"""The names of weights that all engines share, for the modules of detectron2's."""

from collections.abc import Callable, MutableMapping
from typing import Any

from torch import nn

NEUTRAL_PREFIXES = {
    "model.backbone.bottom_up.": "backbone.",
    "model.backbone.neck.": "neck.",
    "model.proposal_generator.rpn_head.": "rpn.head.",
    "model.roi_heads.heads.": "roi_heads.",
}
"""Of a name inside the engine, and the neutral one."""


def use_neutral_names(engine: nn.Module) -> None:
    """Make `engine.state_dict` and `engine.load_state_dict` speak in neutral names."""
    engine.register_state_dict_post_hook(_after_saving)  # type: ignore[no-untyped-call]
    engine.register_load_state_dict_pre_hook(_before_loading)  # type: ignore[no-untyped-call]
    engine.register_load_state_dict_post_hook(_after_loading)  # type: ignore[no-untyped-call]


def neutral_name(name: str) -> str:
    """The neutral name of a weight of the engine."""
    for inside, neutral in NEUTRAL_PREFIXES.items():
        if name.startswith(inside):
            return neutral + name.removeprefix(inside)
    return name


def inside_name(name: str) -> str:
    """The engine's own name of a weight with a neutral one."""
    for inside, neutral in NEUTRAL_PREFIXES.items():
        if name.startswith(neutral):
            return inside + name.removeprefix(neutral)
    return name


def _after_saving(
    _: nn.Module, state: MutableMapping[str, Any], prefix: str, metadata: object
) -> None:
    _rename(state, prefix, neutral_name)


def _before_loading(
    _: nn.Module, state: MutableMapping[str, Any], prefix: str, *rest: object
) -> None:
    _rename(state, prefix, inside_name)


def _after_loading(_: nn.Module, incompatible: Any) -> None:
    for names in (incompatible.missing_keys, incompatible.unexpected_keys):
        names[:] = [neutral_name(name) for name in names]


def _rename(state: MutableMapping[str, Any], prefix: str, new_name: Callable[[str], str]) -> None:
    for name in [name for name in state if name.startswith(prefix)]:
        state[prefix + new_name(name.removeprefix(prefix))] = state.pop(name)
