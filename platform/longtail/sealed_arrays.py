"""Named arrays in one .npz file with its own digest, without pickles.

The digest is the archive's comment, 64 hex digits: the SHA-256 of every byte before it. numpy and
any program for zip archives read the file as ever.
"""

import hashlib
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from longtail.files import replacing
from longtail.sealed import MISMATCH, NO_SEAL, DamagedError

DIGITS = 64
NO_COMMENT, COMMENT = (length.to_bytes(2, "little") for length in (0, DIGITS))

Arrays = dict[str, NDArray[Any]]


def write_arrays(path: Path, arrays: Mapping[str, Any], compressed: bool = False) -> None:
    """Write a file under a temporary name in the same folder, then rename it.

    Args:
        path: The file.
        arrays: By name.
        compressed: Whether it is worth the time.
    """
    write = np.savez_compressed if compressed else np.savez
    with replacing(path) as partial, partial.open("w+b") as file:
        write(file, allow_pickle=False, **arrays)
        _seal(file)
        file.flush()
        os.fsync(file.fileno())


def read_arrays(path: Path, remedy: str) -> Arrays:
    """The arrays of a file.

    Args:
        path: The file.
        remedy: What its owner can do if it is damaged.

    Raises:
        FileNotFoundError: There is none.
        DamagedError: It is not what was written.
    """
    content = path.read_bytes()
    archive, digest = memoryview(content)[:-DIGITS], content[-DIGITS:]
    if archive[-len(COMMENT) :] != COMMENT:
        raise DamagedError(f"{path}: {NO_SEAL}; {remedy}")
    if hashlib.sha256(archive).hexdigest().encode() != digest:
        raise DamagedError(f"{path}: {MISMATCH}; {remedy}")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (ValueError, BadZipFile) as error:
        raise DamagedError(f"{path}: no file of arrays ({error}); {remedy}") from None


def _seal(file: io.BufferedRandom) -> None:
    """Say in the last field of the archive that a comment follows, and let it follow."""
    file.seek(-len(NO_COMMENT), os.SEEK_END)
    assert file.read() == NO_COMMENT
    file.seek(-len(NO_COMMENT), os.SEEK_END)
    file.write(COMMENT)
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0, os.SEEK_END)
    file.write(digest.encode())
