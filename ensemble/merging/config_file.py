"""merge.yaml: the settings of a merge under the names of its options.

Every key is an option of `python -m ensemble.merge` with `_` for `-`; `pred` is a list of the words
that `--pred` takes. Options on the command line come before the file.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import msgspec

from longtail.files import write_bytes
from longtail.problems import BadInputError

HEADER = "# Repeat this merge: python -m ensemble.merge --config {file} --out NEW_FOLDER\n"
MAX_BYTES = 2**20
Value = str | int | float | bool | None | list[str]


def read_merge_file(path: Path, known: Collection[str]) -> dict[str, Value]:
    """The options that a file gives.

    Args:
        path: The file.
        known: The names that it may use.

    Raises:
        BadInputError: It is not there, not YAML, or has an unknown name or a nested value.
    """
    if not path.is_file():
        raise BadInputError(f"{path}: no such file; --config is a merge.yaml of an earlier merge")
    if path.stat().st_size > MAX_BYTES:
        raise BadInputError(f"{path}: {path.stat().st_size} bytes are no settings of a merge")
    try:
        options = msgspec.yaml.decode(path.read_bytes(), type=dict[str, Value])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadInputError(
            f"{path}: not the settings of a merge ({error}); each line is `option: value`, and "
            "`pred` is a list of NAME=PATH"
        ) from None
    if unknown := sorted({*options} - {*known}):
        raise BadInputError(
            f"{path}: unknown option {', '.join(unknown)}; there are {', '.join(sorted(known))}"
        )
    return options


def write_merge_file(path: Path, options: Mapping[str, Any]) -> None:
    """Write options by renaming; those that are None are left out."""
    said = {key: value for key, value in options.items() if value is not None}
    write_bytes(path, HEADER.format(file=path.name).encode() + msgspec.yaml.encode(said))
