"""Where the work of a node was done: a file in its directory that gets a line with each attempt.

No result vouches for it, and nothing depends on it: it is for who looks at the time of a grid.
"""

import socket
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from longtail.journal import append_line, keep_lines, read_records

PLACES = "places.jsonl"
REMEDY = "remove that line, or the file"


@dataclass(frozen=True)
class Place:
    """Where an attempt began.

    Attributes:
        time: Unix seconds, when it did.
        host: Name of the machine; of several workers that of the first.
        group: Number of the worker group, from 0; None for the process of the command itself.
        workers: How many the group has; None for the process itself, and for attempts of earlier
            versions.
        device: Where the first worker computes: "cpu", or the name of its GPU; None as above.
    """

    time: float
    host: str
    group: int | None = None
    workers: int | None = None
    device: str | None = None


def note_place(
    directory: Path,
    group: int | None = None,
    workers: int | None = None,
    device: str | None = None,
) -> None:
    """Note that this process, on this machine, begins an attempt.

    Args:
        directory: The node's.
        group: Of its worker group.
        workers: Of the group.
        device: Where it computes.
    """
    path = directory / PLACES
    keep_lines(path)
    with path.open("ab") as file:
        place = Place(time.time(), socket.gethostname(), group, workers, device)
        append_line(file, msgspec.json.encode(place))


def read_places(directory: Path) -> list[Place]:
    """Of every attempt, in their order; none of nodes that an earlier version worked on.

    Raises:
        DamagedError: A line is not what was written.
        BadInputError: A line holds something else.
    """
    return read_records(directory / PLACES, Place, "place of work", REMEDY)
