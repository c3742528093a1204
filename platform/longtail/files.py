"""Files and folders that appear whole or not at all, and the SHA-256 of a file.

What is written has a temporary name first, in the same folder: a dot, the name that it will take,
and what tells writers apart. A process that was killed leaves at most that behind.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name that takes the place of a file when the block ends without error."""
    partial = _temporary(path)
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        # A user knows the file by its own name; a full disk is told without any.
        if error.errno is not None and error.filename in (None, str(partial)):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    finally:
        partial.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file by renaming; the content is on disk when it has the name."""
    with replacing(path) as partial:
        _write(partial, content)


def write_text(path: Path, text: str) -> None:
    """Replace a file by renaming, in UTF-8 and with the line ends of the text."""
    write_bytes(path, text.encode())


def write_json(
    path: Path, tree: Any, *, indent: int | None = 2, end: str = "\n", allow_nan: bool = False
) -> None:
    """Replace a JSON file by renaming.

    Args:
        path: The file.
        tree: JSON types.
        indent: Blanks a level; None for one line without any.
        end: What follows the document.
        allow_nan: Write NaN and infinities, which are no JSON, instead of failing.

    Raises:
        TypeError: The tree holds something else.
        ValueError: It holds a number that is not finite, and `allow_nan` is not set.
    """
    separators = (",", ":") if indent is None else None
    text = json.dumps(tree, indent=indent, separators=separators, allow_nan=allow_nan)
    write_text(path, text + end)


def write_if_absent(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Write a file, whole, unless there is one: the first of several processes decides.

    Args:
        path: The file.
        content: All of it.
        mode: Its permissions, less those that the umask takes away.
    """
    partial = _temporary(path)
    try:
        partial.touch(mode)
        _write(partial, content)
        # A link, unlike a renaming, fails where there is a file.
        with suppress(FileExistsError):
            os.link(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def new_directory(path: Path, what_is_there: str = "exists") -> Iterator[Path]:
    """A hidden directory that takes its name when the block ends without error.

    Args:
        path: The directory, made with its parents.
        what_is_there: For the message if the name is taken, such as "holds a store".

    Raises:
        ValueError: The name is taken.
    """
    if path.exists():
        raise ValueError(f"{path} {what_is_there} already; remove it or choose another name")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = _temporary(path)
    partial.mkdir()
    try:
        yield partial
        partial.rename(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def set_aside(path: Path) -> Iterator[None]:
    """Give what has a name a hidden one; it is removed when the block ends, and is back after an
    error. Nothing happens where nothing is there.
    """
    if not path.exists():
        yield
        return
    aside = _temporary(path)
    path.rename(aside)
    try:
        yield
    except BaseException:
        if not path.exists():
            aside.rename(path)
        raise
    shutil.rmtree(aside) if aside.is_dir() else aside.unlink()


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
