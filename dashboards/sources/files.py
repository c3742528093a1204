"""JSON that a command left behind, read with words on what to do where it cannot be."""

import json
from pathlib import Path
from typing import Any

import msgspec

from longtail.problems import BadInputError


def read_tree(path: Path, remedy: str, shape: Any = None) -> dict[str, Any]:
    """A JSON object.

    Args:
        path: The file.
        remedy: What to do where it is missing or damaged.
        shape: Type that has the fields that are counted on; None for any object.

    Raises:
        BadInputError: There is none, or it has another shape; names the field.
    """
    try:
        tree = json.loads(path.read_bytes())
    except OSError as error:
        raise BadInputError(f"{path}: {error.strerror}; {remedy}") from None
    except ValueError as error:
        raise BadInputError(f"{path}: {error}; {remedy}") from None
    if not isinstance(tree, dict):
        raise BadInputError(f"{path}: no JSON object; {remedy}")
    if shape is not None:
        check_shape(tree, shape, path, remedy)
    return tree


def check_shape(value: Any, shape: Any, where: object, remedy: str) -> None:
    """Refuse what a page cannot be made of.

    Args:
        value: Of JSON.
        shape: The type that it must have; further fields are free.
        where: The file, and the line if it has several.
        remedy: What to do about it.

    Raises:
        BadInputError: It has another shape; names the field.
    """
    try:
        msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        told, _, field = str(error).partition(" - at ")
        held = field.strip("`").removeprefix("$").lstrip(".")
        named = f"field {held}: " if held else ""
        words = told.replace("`", "'")
        raise BadInputError(f"{where}: {named}{words[:1].lower()}{words[1:]}; {remedy}") from None


def tree_if_there(path: Path, shape: Any = None) -> dict[str, Any]:
    """What `read_tree` reads, empty where there is no file.

    Raises:
        BadInputError: There is a file, and it is damaged or has another shape.
    """
    remedy = "remove it, or run its command again"
    return read_tree(path, remedy, shape) if path.is_file() else {}
