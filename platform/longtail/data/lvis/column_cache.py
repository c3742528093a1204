"""The columns of an annotation file in a cache: filled once, mapped by every worker.

The directory is filled under a temporary name and renamed, so it is either whole or not there. What
is damaged is filled again.
"""

import logging
import math
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from longtail.array_store import (
    ArrayStore,
    ArrayWriter,
    OtherVersionError,
    StoreFormat,
    read_array_store,
)
from longtail.locks import held
from longtail.sealed import DamagedError

logger = logging.getLogger(__name__)

# Raise the version when the columns or the checks that precede them change: older caches are then
# rebuilt.
FORMAT = StoreFormat(manifest="manifest.json", version=4, remedy="it is made again")


def open_columns(directory: Path) -> ArrayStore | None:
    """The columns of a cache; None if it is absent or of another version.

    Args:
        directory: Where `build_columns` put it.

    Raises:
        DamagedError: It is torn, or not what was written.
    """
    try:
        return read_array_store(directory, FORMAT)
    except (FileNotFoundError, OtherVersionError):
        return None


def build_columns(directory: Path, fill: Callable[[ArrayWriter], dict[str, Any]]) -> ArrayStore:
    """The columns of a cache, filled first where it is absent or damaged, which is told.

    Of several processes that come at once, one fills and the others wait for it.

    Args:
        directory: Where the cache is, or will be.
        fill: Writes all columns and returns the notes.
    """
    columns = _open_whole(directory, tells=False)
    if columns is None:
        with held(directory.with_name(f"{directory.name}.lock"), math.inf):
            columns = _open_whole(directory) or _fill(directory, fill)
    return columns


def _open_whole(directory: Path, *, tells: bool = True) -> ArrayStore | None:
    try:
        return open_columns(directory)
    except DamagedError as error:
        if tells:
            logger.warning(str(error))
        return None


def _fill(directory: Path, fill: Callable[[ArrayWriter], dict[str, Any]]) -> ArrayStore:
    for abandoned in directory.parent.glob(f"{directory.name}.*.partial"):
        shutil.rmtree(abandoned, ignore_errors=True)
    partial = directory.with_name(f"{directory.name}.{uuid.uuid4().hex}.partial")
    partial.mkdir()
    writer = ArrayWriter(partial, FORMAT)
    try:
        writer.finish(fill(writer))
        # A torn cache may still be mapped by others: its files live on until they let go.
        shutil.rmtree(directory, ignore_errors=True)
        partial.rename(directory)
    finally:
        writer.release()
        shutil.rmtree(partial, ignore_errors=True)
    columns = open_columns(directory)
    assert columns is not None
    return columns
