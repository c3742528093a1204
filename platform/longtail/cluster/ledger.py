"""Storage is the ledger: a node's directory says whether the node is finished.

A node is finished exactly when `result.json`, written last and atomically, is there and the digests
in it hold. Everything else in the directory is work in progress that a rerun may use.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from longtail.cluster.node import Node

RESULT = "result.json"


def node_directory(runs: Path, node: Node) -> Path:
    """Where a node keeps everything it makes."""
    return runs / "nodes" / node.id


def begin(directory: Path, node: Node, provenance: Mapping[str, Any]) -> None:
    """Write `node.json` if it is not there: what the node is, and what it was made with."""
    directory.mkdir(parents=True, exist_ok=True)
    if (directory / "node.json").exists():
        return
    record = {
        "id": node.id,
        "kind": node.kind,
        "label": node.label,
        "seed": node.seed,
        "config": node.config,
        "inputs": dict(node.inputs),
        "parents": [parent.id for parent in node.parents],
        "created": time.time(),
        **provenance,
    }
    write_json(directory / "node.json", record)


def finish(directory: Path, files: Iterable[Path], summary: Mapping[str, Any]) -> None:
    """Declare a node finished by writing `result.json` with the digests of its files.

    Args:
        directory: The node's directory.
        files: The files it vouches for, inside the directory.
        summary: What a table shows of the result, as JSON values.
    """
    digests = {
        str(file.relative_to(directory)): {"sha256": sha256(file), "bytes": file.stat().st_size}
        for file in sorted(files)
    }
    write_json(directory / RESULT, {"files": digests, "summary": dict(summary)})


def read_result(directory: Path) -> dict[str, Any] | None:
    """The summary of a finished node, or None when it is not finished or was damaged since."""
    try:
        record = json.loads((directory / RESULT).read_text())
        files = record["files"].items()
        whole = all(_holds(directory / name, entry) for name, entry in files)
        return dict(record["summary"]) if whole else None
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return None


def reopen(directory: Path) -> bool:
    """Set a damaged result aside so that its node is done again; True if there was one."""
    result = directory / RESULT
    if not result.exists():
        return False
    result.replace(directory / "result.damaged.json")
    return True


def write_json(path: Path, tree: Any) -> None:
    """Write JSON under a temporary name in the same folder, then rename."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    with temporary.open("w") as handle:
        json.dump(tree, handle, indent=2)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(path)


def sha256(path: Path) -> str:
    """SHA-256 of a file in hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _holds(path: Path, entry: Mapping[str, Any]) -> bool:
    return bool(path.stat().st_size == entry["bytes"] and sha256(path) == entry["sha256"])
