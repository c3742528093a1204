"""Every configuration path that `--set` and sweeps know, with its default and what it means."""

from collections.abc import Iterator
from typing import Any

from rich.table import Table

from longtail.commands import output_console
from longtail.config.base import Config, config_classes
from longtail.config.variant import Variant


def print_fields() -> None:
    """Print the paths of `Variant`; components that a section can be switched to are listed too."""
    table = Table(
        box=None, title="fields of a variant, as in --set PATH=VALUE", title_justify="left"
    )
    for heading in ("path", "default", "meaning"):
        table.add_column(heading, overflow="fold")
    for path, default, meaning in fields_of(Variant, ""):
        table.add_row(path, default, meaning)
    output_console().print(table)


def fields_of(section: type[Config], prefix: str) -> Iterator[tuple[str, str, str]]:
    """(path, default, meaning) of every leaf below a section.

    Args:
        section: A config class.
        prefix: Path of the section with a trailing dot; empty for the root.
    """
    for name, field in section.model_fields.items():
        path = f"{prefix}{name}"
        default = field.get_default(call_default_factory=True)
        components = config_classes(field.annotation)
        if len(components) > 1:
            names = ", ".join(component.model_fields["name"].default for component in components)
            yield path, default.name, f"one of {names}"
        elif not components and name != "name":
            yield path, _text(default), _one_line(field.description)
        for component in components:
            of = f" ({component.model_fields['name'].default})" if len(components) > 1 else ""
            step = f"{path}.0." if isinstance(default, tuple) else f"{path}."
            for inner, value, meaning in fields_of(component, step):
                yield inner + of, value, meaning


def _text(default: Any) -> str:
    return "none" if default is None else str(list(default) if type(default) is tuple else default)


def _one_line(description: str | None) -> str:
    return " ".join(description.split()) if description else ""
