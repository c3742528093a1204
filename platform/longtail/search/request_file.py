"""The request that the folder of a search remembers, so that no other search goes on in it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from longtail.sealed import read_sealed_json, write_sealed_json


def changed_since(path: Path, described: Mapping[str, Any], remedy: str) -> list[str]:
    """The keys in which a request differs from the one in a file, which the first call writes.

    Args:
        path: The file; its folder exists.
        described: The request as a JSON tree.
        remedy: What its owner can do if the file is damaged.

    Raises:
        DamagedError: The file is not what was written.
    """
    if not path.is_file():
        write_sealed_json(path, described)
        return []
    before = read_sealed_json(path, remedy)
    return [key for key, value in described.items() if before.get(key) != value]
