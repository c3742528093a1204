"""The progress of reading the records of a large annotation file."""

from collections.abc import Iterator, Sequence

from msgspec import Raw
from rich.console import Console
from rich.markup import escape
from rich.progress import track

# Shorter lists are read before a progress bar would be seen.
MANY_RECORDS = 20_000


def shown(records: Sequence[Raw], field: str, file: str) -> Iterator[Raw]:
    """The records of a list; a bar on a terminal, else one line, says that they are read."""
    description = f"reading {field} of {escape(file)}"
    console = Console(stderr=True)
    if len(records) > MANY_RECORDS and not console.is_terminal:
        line = f"{description}: {len(records)} records, once for all later openings"
        console.print(line, soft_wrap=True)
    hidden = len(records) <= MANY_RECORDS or not console.is_terminal
    yield from track(records, description, console=console, disable=hidden)
