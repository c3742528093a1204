"""The name of a file that `--also NAME=FILE` gives."""

from typing import Annotated

from pydantic import Field

FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
"""What an annotation file is called: no part of what a run computes, which its content is."""
