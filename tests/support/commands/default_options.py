"""What the options of a merge are when none is given."""

from typing import Any

import click

from ensemble.merging.options import settings_options


def default_options() -> dict[str, Any]:
    """The options of ensemble.merge when none is given."""
    command = click.command()(settings_options(lambda **_: None))
    with command.make_context("merge", []) as context:
        return dict(context.params)
