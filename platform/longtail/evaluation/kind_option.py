"""The option that says what must overlap: masks or boxes."""

import click

from longtail.metrics import KIND_NAMES

_KINDS = {name: kind for kind, name in KIND_NAMES.items()}


class KindOption(click.Choice[str]):
    """`mask` or `box`; the value is `segm` or `box`, as files call them. `segm` is taken, too."""

    def __init__(self) -> None:
        super().__init__(list(_KINDS))

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The kind, as files call it.

        Raises:
            click.BadParameter: It is none.
        """
        if value in KIND_NAMES:
            return value
        return _KINDS[super().convert(value, param, ctx)]
