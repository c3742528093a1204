"""The lines that a sealed journal got since they were last asked for."""

import json
from pathlib import Path
from typing import Any

from longtail.sealed import unseal


class Tail:
    """Reads each whole line of a journal once.

    A line that is being written is read when it is whole. One that is not what was written is left
    out and counted. A file that became shorter than what was read is read from its start again.

    Args:
        path: The journal; it may come later, and go.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0
        self.num_lines = 0
        self.damaged: list[int] = []
        """Numbers of lines, from 1."""

    def new(self) -> list[dict[str, Any]]:
        """JSON objects of the lines that are new."""
        try:
            with self._path.open("rb") as file:
                if file.seek(0, 2) < self._read:
                    self._read, self.num_lines = 0, 0
                    self.damaged.clear()
                file.seek(self._read)
                whole, end, _ = file.read().rpartition(b"\n")
        except OSError:
            return []
        self._read += len(whole) + len(end)
        lines = whole.split(b"\n") if end else []
        return [tree for line in lines if (tree := self._taken(line)) is not None]

    def _taken(self, line: bytes) -> dict[str, Any] | None:
        self.num_lines += 1
        try:
            tree = json.loads(unseal(line))
        except ValueError:
            self.damaged.append(self.num_lines)
            return None
        return tree if isinstance(tree, dict) else None
