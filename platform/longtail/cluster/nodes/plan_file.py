"""`plan.json` of a grid or sweep: what is to be done, and how it stands, for whoever watches.

Written by the one process that runs it, when something changed; what waits, failed or shares a pass
over the data cannot be seen in the nodes' own folders. Nothing that computes reads it.
"""

import logging
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from longtail.cluster.nodes.settings import GridSettings
from longtail.cluster.nodes.statuses import NodeStatus, NodeStatuses, State
from longtail.files import write_json

PLAN = "plan.json"
BROKEN, INTERRUPTED = "ended by an error", "interrupted"
SIGN_OF_LIFE_SECONDS = 10.0
"""Between times at which the file is touched if nothing changes."""
BETWEEN_WRITES_SECONDS = 1.0

log = logging.getLogger(__name__)


class PlanFile:
    """The file; that it cannot be written is a warning, once.

    Args:
        path: The file; its folder is made.
        facts: What does not change, as JSON values.
    """

    def __init__(self, path: Path, facts: Mapping[str, Any]) -> None:
        self._path, self._facts = path, dict(facts)
        self._nodes: list[dict[str, Any]] = []
        self._since: dict[str, int] = {}
        self._written = self._touched = 0.0
        self._failed = False

    def update(self, statuses: NodeStatuses) -> None:
        """Write how the nodes stand, if that is news; called often, from one thread."""
        nodes, now = self._nodes_of(statuses), time.monotonic()
        if nodes != self._nodes and now - self._written >= BETWEEN_WRITES_SECONDS:
            self._nodes, self._written = nodes, now
            self._write(None)
        elif now - max(self._touched, self._written) >= SIGN_OF_LIFE_SECONDS:
            self._touched = now
            with suppress(OSError):
                os.utime(self._path)

    def end(self, statuses: NodeStatuses, ended: str) -> None:
        """Write how it ended: "done", "failed" (a node did), or one of the words above."""
        self._nodes = self._nodes_of(statuses)
        self._write(ended)

    def _nodes_of(self, statuses: NodeStatuses) -> list[dict[str, Any]]:
        """Parents before children; a thread may change them meanwhile."""
        nodes = [_node(item) for item in list(statuses.values())]
        for node in nodes:
            if node["state"] != State.RUNNING:
                self._since.pop(node["id"], None)
            else:
                node["since"] = self._since.setdefault(node["id"], int(time.time()))
        return nodes

    def _write(self, ended: str | None) -> None:
        tree = {**self._facts, "ended": ended, "nodes": self._nodes}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_json(self._path, tree, indent=None)
        except OSError as error:
            if not self._failed:
                log.warning("%s: cannot be written, watching lacks it: %s", self._path, error)
            self._failed = True


@contextmanager
def plan_file(
    path: Path,
    kind: str,
    settings: GridSettings,
    statuses: NodeStatuses,
    rows: Mapping[str, list[str]],
) -> Iterator[PlanFile]:
    """The file of a grid or sweep that runs inside of the block.

    Args:
        path: The file.
        kind: `grid` or `sweep`.
        settings: Where and with what it is run.
        statuses: Its nodes, changed in place.
        rows: Ids of the nodes of each row, by its name; none for a sweep, whose trials come and go.
    """
    resources = settings.resources
    facts = {
        "kind": kind,
        "name": settings.name,
        "began": time.time(),
        "host": socket.gethostname(),
        "process": os.getpid(),
        "each": {"workers": resources.workers, "cpus": resources.cpus, "gpus": resources.gpus},
        "rows": dict(rows),
    }
    file = PlanFile(path, facts)
    file.update(statuses)
    try:
        yield file
    except BaseException as error:
        file.end(statuses, BROKEN if isinstance(error, Exception) else INTERRUPTED)
        raise
    failed = any(item.error is not None for item in statuses.values())
    file.end(statuses, "failed" if failed else "done")


def _node(item: NodeStatus) -> dict[str, Any]:
    return {
        "id": item.node.id,
        "kind": item.node.kind,
        "label": item.node.label,
        "parents": [parent.id for parent in item.node.parents],
        "state": str(item.state),
        "found": item.found,
        "pass": list(item.in_pass),
        "error": None if item.error is None else str(item.error),
    }
