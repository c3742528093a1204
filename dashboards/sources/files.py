"""JSON that a command left behind, read with words on what to do where it cannot be."""

import json
from pathlib import Path
from typing import Any

from longtail.problems import BadInputError


def read_tree(path: Path, remedy: str) -> dict[str, Any]:
    """A JSON object.

    Args:
        path: The file.
        remedy: What to do where it is missing or damaged.

    Raises:
        BadInputError: There is none.
    """
    try:
        tree = json.loads(path.read_bytes())
    except OSError as error:
        raise BadInputError(f"{path}: {error.strerror}; {remedy}") from None
    except ValueError as error:
        raise BadInputError(f"{path}: {error}; {remedy}") from None
    if not isinstance(tree, dict):
        raise BadInputError(f"{path}: no JSON object; {remedy}")
    return tree


def tree_if_there(path: Path) -> dict[str, Any]:
    """The same, empty where there is no file.

    Raises:
        BadInputError: There is a file, and it is damaged.
    """
    return read_tree(path, "remove it, or run its command again") if path.is_file() else {}
