"""The SHA-256 of a large file, computed once and remembered by path, size and time."""

import hashlib
import json
import time
import uuid
from pathlib import Path

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
    remembered = memory / f"{hashlib.sha256(key.encode()).hexdigest()}.txt"
    if remembered.exists():
        return remembered.read_text()
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if time.time_ns() - modified > YOUNG_NS and _size_and_time(path) == (size, modified):
        memory.mkdir(parents=True, exist_ok=True)
        partial = remembered.with_suffix(f".{uuid.uuid4().hex}.partial")
        partial.write_text(digest)
        partial.rename(remembered)
    return digest


def _size_and_time(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns
