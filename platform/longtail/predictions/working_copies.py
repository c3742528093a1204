"""Errors that name the file a person gave, and not the copy that a command works on."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from longtail.problems import BadInputError

# The end of the name, and what lies in a copy: parts of a source, its shards and manifest.
_REST = r"(?!\.?[\w-])(?:/[\w.-]*\w)*"


@contextmanager
def told_as_given(given: Mapping[Path, Path]) -> Iterator[None]:
    """Let what is raised within name what was given.

    Args:
        given: By the folder or file that is a copy of it.

    Raises:
        BadInputError: What was raised, in other words.
    """
    try:
        yield
    except BadInputError as error:
        text = str(error)
        for copy, original in given.items():
            pattern = re.compile(re.escape(str(copy)) + _REST)
            text = str(original).join(pattern.split(text))
        error.args = (text,)
        raise
