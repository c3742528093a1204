"""Named arrays in a directory, memory-mapped when read: written once, opened by every worker.

Each column is a file of raw values; `manifest.json`, written last, holds their types, shapes,
sizes and SHA-256 digests, and is sealed itself. The directory is filled under a temporary name and
renamed, so it is either whole or not there. Nothing is mapped before its digest was compared, once
in a process; what is damaged is filled again.
"""

import contextlib
import fcntl
import hashlib
import logging
import math
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from longtail.sealed import MISMATCH, DamagedError, read_sealed_json, sha256_of, write_sealed_json

logger = logging.getLogger(__name__)

# Raise it when the columns or the checks that precede them change: older caches are then rebuilt.
SCHEMA_VERSION = 3
MANIFEST = "manifest.json"
REMEDY = "it is made again"
# A file changed twice within the clock's tick keeps its times: young files are hashed anew.
YOUNG_NS = 2_000_000_000


@dataclass(frozen=True, eq=False)
class Columns:
    """An open cache.

    Attributes:
        arrays: The columns, read-only and memory-mapped.
        notes: What the writer noted beside them, as JSON values.
    """

    arrays: dict[str, NDArray[Any]]
    notes: dict[str, Any]


class ColumnStream:
    """One column written piece by piece."""

    def __init__(self, path: Path, dtype: DTypeLike, row_shape: tuple[int, ...]) -> None:
        self._file = path.open("wb")
        self._dtype = np.dtype(dtype)
        self._row_shape = row_shape
        self._digest = hashlib.sha256()
        self._size = 0

    def append(self, values: NDArray[Any]) -> None:
        """Add rows at the end."""
        content = values.astype(self._dtype, copy=False).tobytes()
        self._file.write(content)
        self._digest.update(content)
        self._size += len(content)

    def finish(self) -> dict[str, Any]:
        """Force the column to disk and describe it for the manifest."""
        self._file.flush()
        os.fsync(self._file.fileno())
        row_size = self._dtype.itemsize * math.prod(self._row_shape)
        return {
            "dtype": self._dtype.str,
            "shape": [self._size // row_size, *self._row_shape],
            "size": self._size,
            "sha256": self._digest.hexdigest(),
        }

    def release(self) -> None:
        """Close the file."""
        self._file.close()


class ColumnWriter:
    """Writes the columns of one cache into a directory that exists."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._streams: dict[str, ColumnStream] = {}

    def stream(self, name: str, dtype: DTypeLike, row_shape: tuple[int, ...] = ()) -> ColumnStream:
        """Start a column that is written piece by piece."""
        assert name not in self._streams
        stream = ColumnStream(self._directory / name, dtype, row_shape)
        self._streams[name] = stream
        return stream

    def add(self, name: str, values: NDArray[Any]) -> None:
        """Write a whole column."""
        self.stream(name, values.dtype, values.shape[1:]).append(values)

    def finish(self, notes: dict[str, Any]) -> None:
        """Force the columns to disk, then write the manifest that vouches for them."""
        columns = {name: stream.finish() for name, stream in self._streams.items()}
        manifest = {"schema_version": SCHEMA_VERSION, "columns": columns, "notes": notes}
        write_sealed_json(self._directory / MANIFEST, manifest)

    def release(self) -> None:
        """Close all files, whether finished or not."""
        for stream in self._streams.values():
            stream.release()


def open_columns(directory: Path) -> Columns | None:
    """Open a cache; None if it is absent or of another schema version.

    Args:
        directory: Where `build_columns` put it.

    Raises:
        DamagedError: It is torn, or not what was written.
    """
    path = directory / MANIFEST
    if not path.is_file():
        return None
    manifest = read_sealed_json(path, REMEDY)
    if manifest["schema_version"] != SCHEMA_VERSION:
        return None
    columns = manifest["columns"]
    for name, column in columns.items():
        _require_whole(directory / name, column)
    arrays = {name: _map(directory / name, columns[name]) for name in columns}
    return Columns(arrays, manifest["notes"])


def build_columns(directory: Path, fill: Callable[[ColumnWriter], dict[str, Any]]) -> Columns:
    """Open the cache, filling it first where it is absent or damaged, which is told.

    Of several processes that come at once, one fills and the others wait for it.

    Args:
        directory: Where the cache is, or will be.
        fill: Writes all columns and returns the notes.
    """
    columns = _open_whole(directory, tells=False)
    if columns is None:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with _lock(directory):
            columns = _open_whole(directory) or _fill(directory, fill)
    return columns


def _open_whole(directory: Path, *, tells: bool = True) -> Columns | None:
    try:
        return open_columns(directory)
    except DamagedError as error:
        if tells:
            logger.warning(str(error))
        return None


def _fill(directory: Path, fill: Callable[[ColumnWriter], dict[str, Any]]) -> Columns:
    for abandoned in directory.parent.glob(f"{directory.name}.*.partial"):
        shutil.rmtree(abandoned, ignore_errors=True)
    partial = directory.with_name(f"{directory.name}.{uuid.uuid4().hex}.partial")
    partial.mkdir()
    writer = ColumnWriter(partial)
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


@contextlib.contextmanager
def _lock(directory: Path) -> Iterator[None]:
    with directory.with_name(f"{directory.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _require_whole(path: Path, column: dict[str, Any]) -> None:
    if not path.is_file() or path.stat().st_size != column["size"]:
        raise DamagedError(f"{path} is missing, or has not {column['size']} bytes; {REMEDY}")
    if _digest_of(path) != column["sha256"]:
        raise DamagedError(f"{path}: {MISMATCH}; {REMEDY}")


def _digest_of(path: Path) -> str:
    stat = path.stat()
    if time.time_ns() - max(stat.st_ctime_ns, stat.st_mtime_ns) < YOUNG_NS:
        return sha256_of(path)
    return _known_digest(path, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


@lru_cache(maxsize=256)
def _known_digest(path: Path, *identity: int) -> str:
    """Of a file of this identity: a process that opens the cache thrice reads it once."""
    return sha256_of(path)


def _map(path: Path, column: dict[str, Any]) -> NDArray[Any]:
    shape = tuple(column["shape"])
    if column["size"] == 0:
        return np.empty(shape, dtype=column["dtype"])
    # A plain array over the mapping: slices of np.memmap itself are several times slower.
    return np.asarray(np.memmap(path, dtype=column["dtype"], mode="r", shape=shape))
