"""Files that end in their own digest, so that a single changed bit is noticed when they are read.

A sealed JSON object has `sha256` as its last field: the SHA-256 of all bytes before that field. It
stays JSON that anybody can read, and a journal (`longtail.journal`) has a sealed object on each
line. What is made again when it is damaged (a cache) catches `DamagedError`; everything else ends
with its text.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from longtail.files import write_bytes
from longtail.problems import BadInputError

MISMATCH = "damaged, it does not match its SHA-256"
NO_SEAL = "does not end in its SHA-256: damaged, of an earlier version, or another kind of file"
SEAL = re.compile(rb',\s*"sha256": ?"([0-9a-f]{64})"\s*\}\s*\Z')


class DamagedError(BadInputError):
    """A file is not what was written, or has no digest that would say so."""


def seal(document: bytes) -> bytes:
    """A JSON object, not an empty one, with its digest as its last field, in the same layout."""
    head, end = document.rstrip(), b"}"
    assert head.startswith(b"{") and head.endswith(b"}"), "only a JSON object has room for a seal"
    between = b","
    if head.endswith(b"\n}"):
        indent = re.match(rb"\{\n( *)", head)
        between, end = b",\n" + (indent[1] if indent else b""), b"\n}\n"
    head = head[:-1].rstrip()
    return b'%s%s"sha256": "%s"%s' % (head, between, _digest(head), end)


def unseal(document: bytes) -> bytes:
    """The JSON object that was sealed.

    Raises:
        ValueError: The digest is not that of the content, or there is none.
    """
    found = SEAL.search(document)
    if found is None:
        raise ValueError(NO_SEAL)
    head = document[: found.start()]
    if _digest(head) != found[1]:
        raise ValueError(MISMATCH)
    return head + b"}"


def read_sealed(path: Path, remedy: str) -> bytes:
    """The JSON object of a sealed file.

    Args:
        path: The file.
        remedy: What its owner can do if it is damaged.

    Raises:
        FileNotFoundError: There is none.
        DamagedError: It is not what was written.
    """
    try:
        return unseal(path.read_bytes())
    except ValueError as error:
        raise DamagedError(f"{path}: {error}; {remedy}") from None


def read_sealed_json(path: Path, remedy: str) -> dict[str, Any]:
    """The same, decoded."""
    return dict(json.loads(read_sealed(path, remedy)))


def write_sealed_json(path: Path, tree: Any) -> None:
    """Replace a file by a sealed JSON object, by renaming."""
    write_sealed(path, json.dumps(tree, indent=2).encode())


def write_sealed(path: Path, document: bytes) -> None:
    """Seal a JSON object and replace a file by it, by renaming."""
    write_bytes(path, seal(document))


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
