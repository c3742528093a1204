"""Where results are printed."""

import sys

from rich.console import Console

PLAIN_WIDTH = 120
"""Columns where the output is no terminal: logs of jobs, files."""


def output_console() -> Console:
    """Standard output, as wide as the terminal."""
    return Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH)
