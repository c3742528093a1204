"""The option of every command that judges detections: whether the labels are exhaustive."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

HELP = (
    "Every category is labelled in every image, as in COCO: what an image has no instance of is "
    "absent from it, and `neg_category_ids` may be missing or empty. The file is LVIS's still: "
    "python -m longtail.data.convert coco makes one of a COCO file."
)


def exhaustive_option(command: Command) -> Command:
    """Add `--exhaustive`, off by default."""
    return click.option("--exhaustive", is_flag=True, help=HELP)(command)
