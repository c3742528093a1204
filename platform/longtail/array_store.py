"""Named arrays in a directory, each in NAME.npy, memory-mapped when read, and a sealed manifest.

The manifest is written last: types, shapes, sizes and SHA-256 digests of the arrays, a version of
their meaning, and what the writer notes beside them. Digests are compared before anything is
mapped, once in a process. Arrays that travel as one file are in `sealed_arrays`.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.lib import format as npy
from numpy.typing import DTypeLike, NDArray

from longtail.files import sha256_of
from longtail.sealed import MISMATCH, DamagedError, read_sealed, write_sealed_json

# A file changed twice within the clock's tick keeps its times: young files are hashed anew.
YOUNG_NS = 2_000_000_000


class OtherVersionError(DamagedError):
    """A store was written by a program that meant something else by its arrays."""


@dataclass(frozen=True)
class StoreFormat:
    """What the arrays of a directory are.

    Attributes:
        manifest: Name of the manifest.
        version: Of arrays and notes; another one is not read.
        remedy: What the owner of a damaged or other store can do.
    """

    manifest: str
    version: int
    remedy: str


@dataclass(frozen=True, eq=False)
class ArrayStore:
    """An open store.

    Attributes:
        arrays: By name, read-only and memory-mapped.
        notes: What the writer noted beside them, as JSON values.
    """

    arrays: dict[str, NDArray[Any]]
    notes: dict[str, Any]


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    dtype: str
    shape: tuple[int, ...]
    size: int
    sha256: str


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema_version: int
    arrays: dict[str, _Entry]
    notes: dict[str, Any]


class ArrayStream:
    """One array, written piece by piece along its first axis."""

    def __init__(self, path: Path, dtype: DTypeLike, row_shape: tuple[int, ...]) -> None:
        self._path = path
        self._dtype = np.dtype(dtype)
        self._row_shape = row_shape
        self._num_rows = 0
        self._file = path.open("wb")
        self._write_header()
        self._start = self._file.tell()

    def append(self, values: NDArray[Any]) -> None:
        """Add rows at the end."""
        np.ascontiguousarray(values, self._dtype).tofile(self._file)
        self._num_rows += len(values)

    def finish(self) -> _Entry:
        """Force the array to disk and describe it for the manifest."""
        self._file.seek(0)
        self._write_header()
        assert self._file.tell() == self._start, "numpy leaves room for the rows in its header"
        self._file.flush()
        os.fsync(self._file.fileno())
        size = self._path.stat().st_size
        return _Entry(self._dtype.str, self._shape, size, sha256_of(self._path))

    def release(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def _shape(self) -> tuple[int, ...]:
        return (self._num_rows, *self._row_shape)

    def _write_header(self) -> None:
        descr = npy.dtype_to_descr(self._dtype)
        header = {"descr": descr, "fortran_order": False, "shape": self._shape}
        npy.write_array_header_1_0(self._file, header)


class ArrayWriter:
    """Writes the arrays of one store into a directory that exists."""

    def __init__(self, directory: Path, store_format: StoreFormat) -> None:
        self._directory = directory
        self._format = store_format
        self._streams: dict[str, ArrayStream] = {}

    def stream(self, name: str, dtype: DTypeLike, row_shape: tuple[int, ...] = ()) -> ArrayStream:
        """Start an array that is written piece by piece."""
        assert name not in self._streams
        stream = ArrayStream(_path_of(self._directory, name), dtype, row_shape)
        self._streams[name] = stream
        return stream

    def add(self, name: str, values: NDArray[Any]) -> None:
        """Write a whole array of one axis or more."""
        self.stream(name, values.dtype, values.shape[1:]).append(values)

    def finish(self, notes: dict[str, Any]) -> None:
        """Force the arrays to disk, then write the manifest that vouches for them."""
        entries = {name: stream.finish() for name, stream in self._streams.items()}
        manifest = _Manifest(self._format.version, entries, notes)
        write_sealed_json(self._directory / self._format.manifest, msgspec.to_builtins(manifest))

    def release(self) -> None:
        """Close all files, whether finished or not."""
        for stream in self._streams.values():
            stream.release()


def write_array_store(
    directory: Path,
    store_format: StoreFormat,
    arrays: Mapping[str, NDArray[Any]],
    notes: dict[str, Any],
) -> None:
    """Write arrays of one axis or more, and the manifest last, into a directory that exists."""
    writer = ArrayWriter(directory, store_format)
    try:
        for name, values in arrays.items():
            writer.add(name, values)
        writer.finish(notes)
    finally:
        writer.release()


def read_array_store(
    directory: Path, store_format: StoreFormat, *, verify: bool = True
) -> ArrayStore:
    """Map the arrays of a store.

    Args:
        directory: Where it was written.
        store_format: What it must be.
        verify: Compare the SHA-256 of every array first, which reads them once; about a second
            a gigabyte. Sizes, types and shapes are compared in any case.

    Raises:
        FileNotFoundError: There is no manifest.
        OtherVersionError: It is of another version.
        DamagedError: It is torn, or not what was written.
    """
    path, remedy = directory / store_format.manifest, store_format.remedy
    document = read_sealed(path, remedy)
    try:
        version = msgspec.json.decode(document)["schema_version"]
        if version != store_format.version:
            raise OtherVersionError(
                f"{path}: schema_version is {version} and this program reads "
                f"{store_format.version}; {remedy}"
            )
        manifest = msgspec.json.decode(document, type=_Manifest)
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise DamagedError(f"{path} is damaged ({error}); {remedy}") from None
    for name, entry in manifest.arrays.items():
        _require_whole(_path_of(directory, name), entry, remedy, verify)
    arrays = {
        name: _map(_path_of(directory, name), entry, remedy)
        for name, entry in manifest.arrays.items()
    }
    return ArrayStore(arrays, manifest.notes)


def _path_of(directory: Path, name: str) -> Path:
    return directory / f"{name}.npy"


def _require_whole(path: Path, entry: _Entry, remedy: str, verify: bool) -> None:
    if not path.is_file() or path.stat().st_size != entry.size:
        raise DamagedError(f"{path}: missing, or not the {entry.size} bytes written; {remedy}")
    if verify and _digest_of(path) != entry.sha256:
        raise DamagedError(f"{path}: {MISMATCH}; {remedy}")


def _digest_of(path: Path) -> str:
    stat = path.stat()
    if time.time_ns() - max(stat.st_ctime_ns, stat.st_mtime_ns) < YOUNG_NS:
        return sha256_of(path)
    return _known_digest(path, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


@lru_cache(maxsize=256)
def _known_digest(path: Path, *identity: int) -> str:
    """Of a file of this identity: a process that opens a store thrice reads it once."""
    return sha256_of(path)


def _map(path: Path, entry: _Entry, remedy: str) -> NDArray[Any]:
    try:
        # A plain array over the mapping: numba compiles nothing anew for np.memmap, whose slices
        # are several times slower as well.
        array = np.asarray(np.load(path, mmap_mode="r"))
    except ValueError as error:
        raise DamagedError(f"{path}: no array ({error}); {remedy}") from None
    if array.dtype.str != entry.dtype or array.shape != entry.shape:
        raise DamagedError(f"{path}: not the {entry.dtype} of {entry.shape} written; {remedy}")
    return array
