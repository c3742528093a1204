"""What is to be done, as storage tells it: the plan of a grid or sweep, or the nodes that began."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dashboards.live.watched import NODES, Watched
from longtail.cluster.nodes.ledger import NODE, RESULT
from longtail.cluster.nodes.plan_file import PLAN
from longtail.training.job import DIVERGED


@dataclass(frozen=True)
class Planned:
    """A node.

    Attributes:
        id: Of the node.
        kind: "stage", "predictions" or "evaluation".
        label: What people call it.
        state: As its driver last said; "" where no driver told.
        parents: Ids of the nodes that it needs.
        in_pass: Ids of the nodes that are trained with it in one pass.
        found: It was finished before.
        error: Why it failed.
        since: Unix seconds since when it runs.
    """

    id: str
    kind: str
    label: str
    state: str = ""
    parents: tuple[str, ...] = ()
    in_pass: tuple[str, ...] = ()
    found: bool = False
    error: str | None = None
    since: float | None = None

    @property
    def title(self) -> str:
        """The label, which of an evaluation is the row's alone."""
        return f"{self.label} evaluation" if self.kind == "evaluation" else self.label


@dataclass(frozen=True)
class Work:
    """Attributes:
    nodes: Parents before children.
    facts: What the plan says beside: `host`, `process`, `each`, `began`, `ended`; empty without.
    signed: Unix seconds of the driver's last sign; None without a plan.
    problems: What could not be read, a sentence each.
    """

    nodes: tuple[Planned, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    signed: float | None = None
    problems: tuple[str, ...] = ()


class WorkReader:
    """Reads the plan when it changed, and `node.json` of each node once.

    Args:
        watched: What is watched.
    """

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._plan: tuple[tuple[int, int], Work] | None = None
        self._known: dict[str, Planned | None] = {}

    def read(self) -> Work:
        """As it is now. Without a plan, as of earlier versions, all nodes of the folder count."""
        path = self._watched.folder / PLAN
        try:
            now = path.stat()
        except OSError:
            return self._begun()
        key = (now.st_ino, now.st_mtime_ns)
        if self._plan is None or self._plan[0] != key:
            try:
                self._plan = key, _work_of(json.loads(path.read_bytes()), now.st_mtime)
            except (OSError, ValueError, KeyError, TypeError) as error:
                problem = f"{path}: cannot be read ({error}); its command writes it again"
                return Work(self._begun().nodes, problems=(problem,))
        work = self._plan[1]
        return Work(work.nodes, work.facts, now.st_mtime)

    def _begun(self) -> Work:
        nodes, problems = [], []
        for folder in _folders(self._watched.runs / NODES):
            if folder.name not in self._known or self._known[folder.name] is None:
                self._known[folder.name] = _from_folder(folder)
            known = self._known[folder.name]
            if known is None:
                problems.append(f"{folder / NODE}: cannot be read; it counts as one that waits")
            nodes.append(known or Planned(folder.name, folder.name.partition("-")[0], folder.name))
        return Work(tuple(nodes), problems=tuple(problems))


def state_on_storage(folder: Path) -> str:
    """How a node's own folder says that it stands: "done", "failed" or ""."""
    if (folder / RESULT).is_file():
        return "done"
    return "failed" if (folder / DIVERGED).is_file() else ""


def _work_of(tree: dict[str, Any], signed: float) -> Work:
    nodes = tuple(
        Planned(
            str(node["id"]),
            str(node["kind"]),
            str(node["label"]),
            str(node["state"]),
            tuple(node["parents"]),
            tuple(node["pass"]),
            bool(node["found"]),
            node["error"],
            node.get("since"),
        )
        for node in tree["nodes"]
    )
    return Work(nodes, {key: value for key, value in tree.items() if key != "nodes"}, signed)


def _from_folder(folder: Path) -> Planned | None:
    try:
        tree = json.loads((folder / NODE).read_bytes())
        kind, label, parents = str(tree["kind"]), str(tree["label"]), tuple(tree["parents"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Planned(folder.name, kind, label, parents=parents)


def _folders(above: Path) -> list[Path]:
    try:
        return sorted(folder for folder in above.iterdir() if folder.is_dir())
    except OSError:
        return []
