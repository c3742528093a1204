"""Commands without a process of their own: for what ends before anything heavy begins."""

import click
import pytest

from longtail.commands import run


def exit_code(command: click.Command, *words: str) -> int:
    """How the command ends; what it prints is for `capsys`."""
    with pytest.raises(SystemExit) as ended:
        run(command, words)
    return int(ended.value.code or 0)
