"""The SHA-256 of a large file, computed once and remembered by path, size and time."""

import hashlib
import json
import time
from contextlib import suppress
from pathlib import Path

from longtail.files import sha256_of
from longtail.sealed import DamagedError, read_sealed_json, write_sealed_json

# A file changed twice within the clock's tick keeps size and time: young files are hashed anew.
YOUNG_NS = 2_000_000_000


def file_digest(path: Path, memory: Path) -> str:
    """SHA-256 of a file as hex digits.

    Args:
        path: The file.
        memory: Directory of remembered digests, made if absent; one small file each.
    """
    size, modified = _size_and_time(path)
    key = json.dumps([str(path.resolve()), size, modified])
    remembered = memory / f"{hashlib.sha256(key.encode()).hexdigest()}.json"
    known = _read(remembered)
    if known is not None:
        return known
    digest = sha256_of(path)
    if time.time_ns() - modified > YOUNG_NS and _size_and_time(path) == (size, modified):
        # Without a writable memory the digest is computed at every opening.
        with suppress(OSError):
            memory.mkdir(parents=True, exist_ok=True)
            write_sealed_json(remembered, {"file": digest})
    return digest


def _read(remembered: Path) -> str | None:
    """A digest that was kept; None where there is none, or its file was damaged."""
    try:
        return str(read_sealed_json(remembered, "it is computed again")["file"])
    except (FileNotFoundError, DamagedError):
        return None


def _size_and_time(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns
