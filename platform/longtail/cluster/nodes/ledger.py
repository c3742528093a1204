"""Storage is the ledger: a node's directory says whether the node is finished.

A node is finished exactly when `result.json`, written last and atomically, is there and the digests
in it hold. Everything else in the directory is work in progress that a rerun may use.
"""

import logging
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from longtail.cluster.nodes.node import Node
from longtail.files import sha256_of
from longtail.sealed import DamagedError, read_sealed_json, write_sealed_json

NODE, RESULT = "node.json", "result.json"
logger = logging.getLogger(__name__)


def node_directory(runs: Path, node: Node) -> Path:
    """Where a node keeps everything it makes."""
    return runs / "nodes" / node.id


def begin(directory: Path, node: Node, provenance: Mapping[str, Any]) -> None:
    """Write `node.json` if it is not there whole: what the node is, and what it was made with."""
    directory.mkdir(parents=True, exist_ok=True)
    if _has_record(directory):
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
    write_sealed_json(directory / NODE, record)


def read_record(directory: Path) -> dict[str, Any]:
    """What `node.json` says of a node.

    Raises:
        FileNotFoundError: There is none.
        DamagedError: It is not what was written.
    """
    remedy = "remove it and result.json beside it, and run the grid again: it is written anew"
    return read_sealed_json(directory / NODE, remedy)


def finish(directory: Path, files: Iterable[Path], summary: Mapping[str, Any]) -> None:
    """Declare a node finished by writing `result.json` with the digests of its files and its own.

    Args:
        directory: The node's directory.
        files: The files it vouches for, inside the directory; `node.json` is another one.
        summary: What a table shows of the result, as JSON values.
    """
    digests = {
        str(file.relative_to(directory)): {"sha256": sha256_of(file), "bytes": file.stat().st_size}
        for file in sorted({*files, *directory.glob(NODE)})
    }
    write_sealed_json(directory / RESULT, {"files": digests, "summary": dict(summary)})


def read_result(directory: Path) -> dict[str, Any] | None:
    """The summary of a finished node, or None when it is not finished or was damaged since."""
    try:
        record = read_sealed_json(directory / RESULT, "its node is done again")
        whole = all(_holds(directory / name, entry) for name, entry in record["files"].items())
        return dict(record["summary"]) if whole else None
    except (FileNotFoundError, DamagedError):
        return None


def reopen(directory: Path) -> bool:
    """Set a damaged result aside so that its node is done again; True if there was one."""
    result = directory / RESULT
    if not result.exists():
        return False
    logger.warning("%s: the result is damaged, or a file of it; the node is done again", directory)
    result.replace(directory / "result.damaged.json")
    return True


def _has_record(directory: Path) -> bool:
    try:
        read_record(directory)
    except FileNotFoundError:
        return False
    except DamagedError as error:
        logger.warning("%s; writing it anew", str(error).partition(";")[0])
        return False
    return True


def _holds(path: Path, entry: Mapping[str, Any]) -> bool:
    return bool(path.stat().st_size == entry["bytes"] and sha256_of(path) == entry["sha256"])
