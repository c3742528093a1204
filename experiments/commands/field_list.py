"""Every configuration path that `--set` and sweeps know, with its default and what it means."""

from collections.abc import Iterator
from typing import Any

from rich.padding import Padding
from rich.text import Text

from longtail.commands import output_console
from longtail.config.base import Config, config_classes
from longtail.config.variant import Variant


def print_fields() -> None:
    """Print the paths of `Variant`; components that a section can be switched to are listed too.

    A path has a line for itself and its default, so that it can be copied.
    """
    console = output_console()
    console.print("fields of a variant, as in --set PATH=VALUE, with their defaults\n")
    for path, default, meaning in fields_of(Variant, ""):
        console.print(f"{path} = {default}", markup=False, highlight=False, soft_wrap=True)
        console.print(Padding(Text(meaning), (0, 0, 0, 4)))


def fields_of(section: type[Config], prefix: str) -> Iterator[tuple[str, str, str]]:
    """(path, default, meaning) of every leaf below a section.

    Args:
        section: A config class.
        prefix: Path of the section with a trailing dot; empty for the root.
    """
    for name, field in section.model_fields.items():
        path, default = f"{prefix}{name}", field.get_default(call_default_factory=True)
        kinds = config_classes(field.annotation)
        if field.is_required():
            yield path, "to be given", _one_line(field.description)
        elif (not kinds and name != "name") or (default is None and _are_named(kinds)):
            yield path, _text(default), _one_line(field.description)
        elif isinstance(default, tuple):
            if not default:
                yield path, "[]", _one_line(field.description)
            yield from _fields_of_items(path, default, kinds)
        else:
            if default is None:
                # A section that is absent by default.
                yield path, _text(default), _one_line(field.description)
            yield from _fields_of_kinds(path, default, kinds)


def _fields_of_items(
    path: str, items: tuple[Any, ...], kinds: list[type[Config]]
) -> Iterator[tuple[str, str, str]]:
    """Those of the items that a list has by default, and of the kinds that may join them."""
    for index, item in enumerate(items):
        yield from _fields_of_kinds(f"{path}.{index}", item, kinds, shown=[type(item)])
    for kind in kinds:
        if kind not in map(type, items):
            yield from _fields_of_kinds(f"{path}.N", kind, kinds, shown=[kind])


def _fields_of_kinds(
    path: str,
    default: Any,
    kinds: list[type[Config]],
    shown: list[type[Config]] | None = None,
) -> Iterator[tuple[str, str, str]]:
    """Those of a section that may be of several kinds, told by name."""
    named = [kind for kind in kinds if "name" in kind.model_fields]
    names = [kind.model_fields["name"].default for kind in named]
    if named:
        chosen: type[Config] = default if isinstance(default, type) else type(default)
        yield path, chosen.model_fields["name"].default, f"one of {', '.join(names)}"
    for kind in kinds if shown is None else shown:
        of = f" ({kind.model_fields['name'].default})" if len(named) > 1 else ""
        for inner, value, meaning in fields_of(kind, f"{path}."):
            yield inner + of, value, meaning


def _are_named(kinds: list[type[Config]]) -> bool:
    """Whether they are components, such as the transforms of a list that may be none."""
    return bool(kinds) and all("name" in kind.model_fields for kind in kinds)


def _text(default: Any) -> str:
    return "none" if default is None else str(list(default) if type(default) is tuple else default)


def _one_line(description: str | None) -> str:
    return " ".join(description.split()) if description else ""
