"""What was read of picture files, kept beside the cache of annotations.

A file is known again by path, size and time of change, so that a second check only asks the file
system, and a check after some pictures were mended reads only those.
"""

import hashlib
import logging
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from longtail.data.lvis.annotations import default_cache_dir
from longtail.data.lvis.file_digest import YOUNG_NS
from longtail.sealed import DamagedError, read_sealed, write_sealed

# To be raised when facts or the rules behind their faults change.
VERSION = 1

logger = logging.getLogger(__name__)

SizeAndTime = tuple[int, int]
"""Bytes, and time of the last change in nanoseconds."""
Facts = TypeVar("Facts")
"""What is kept of a file: a struct."""
Known = dict[str, tuple[SizeAndTime, Facts]]
"""By path."""


class _Kept(msgspec.Struct, Generic[Facts]):
    version: int
    pictures: Known[Facts]


def memory_of(file: str, root: Path, kind: str = "pictures") -> Path:
    """Where the facts of the pictures of an annotation file are kept.

    Args:
        file: The path of the annotation file, whose content may change.
        root: The folder of its pictures.
        kind: What they are; others of the same folder are kept elsewhere.
    """
    key = hashlib.sha256(f"{Path(file).resolve()} {root.resolve()}".encode()).hexdigest()
    return default_cache_dir() / kind / f"{key}.json"


def recall(memory: Path, kind: type[Facts]) -> Known[Facts]:
    """What is known by path; nothing where there is no memory, or another version's.

    Args:
        memory: See `memory_of`.
        kind: What is kept of a file.
    """
    try:
        content = read_sealed(memory, "pictures are read again")
        kept = msgspec.json.decode(content, type=_Kept[kind])  # type: ignore[valid-type]
    except FileNotFoundError:
        return {}
    except (DamagedError, msgspec.DecodeError) as error:
        logger.warning(str(error))
        return {}
    return kept.pictures if kept.version == VERSION else {}


def remember(memory: Path, known: Known[Facts]) -> None:
    """Keep what is known of files that will not change unnoticed; those of this moment may."""
    limit = time.time_ns() - YOUNG_NS
    settled = {path: entry for path, entry in known.items() if entry[0][1] < limit}
    # Without a writable memory the pictures are read at every check.
    with suppress(OSError):
        memory.parent.mkdir(parents=True, exist_ok=True)
        write_sealed(memory, msgspec.json.encode(_Kept(VERSION, settled)))


def size_and_time(path: Path) -> SizeAndTime:
    """What tells a file from what it was.

    Raises:
        OSError: It cannot be asked.
    """
    stat = os.stat(path)
    return stat.st_size, stat.st_mtime_ns
