"""The report that a command leaves beside its results: made anew only when they changed.

A report never costs a command its success: where one cannot be made, a warning says why.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from longtail.cluster.nodes.ledger import RESULT
from longtail.cluster.nodes.plan_file import PLAN
from longtail.path_options import is_page, short_path, typed

REPORT = "report.html"
MADE_OF = re.compile(rb'<meta name="longtail-made-of" content="([0-9a-f]{64})">')
Say = Callable[[str], object]


@dataclass(frozen=True)
class Made:
    """A report.

    Attributes:
        path: The file.
        is_new: It was written; else it was there, of the same results.
    """

    path: Path
    is_new: bool


def report_at_end(folder: Path, say: Say) -> Made | None:
    """Write `report.html` in a folder of results.

    Args:
        folder: Of a grid, a sweep, a merge or a search.
        say: Told where it is, or why there is none.

    Returns:
        The report; None where none could be made.
    """
    path = folder / REPORT
    if path.is_file() and not is_page(path):
        say(f"warning: no report was made: {short_path(path)} is no page of Longtail's; rename it")
        return None
    try:
        made_of = _digest(folder)
        if _made_of(path) == made_of:
            say(f"report {short_path(path)}")
            return Made(path, is_new=False)
        # Rows that nobody compared yet are compared now: seconds, or a minute for LVIS.
        click.echo("making the report", err=True)
        from dashboards.pages.report import write_report
        from dashboards.sources.combine import combine
        from dashboards.sources.open import open_source

        write_report(combine("", [open_source(folder)]), path, made_of=made_of)
    except Exception as error:
        # Days of training are not to end as a failure because of a page.
        say(
            f"warning: no report was made: {type(error).__name__}: {error}; try again with"
            f" python -m dashboards.report {typed(folder)} --out {typed(path)}"
        )
        return None
    say(f"report {short_path(path)}")
    return Made(path, is_new=True)


def _made_of(path: Path) -> str | None:
    """What a report says that it was made of; None without one."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        found = MADE_OF.search(file.read(10_000))
    return found[1].decode() if found else None


def _digest(folder: Path) -> str:
    """Of the folder's own files of results, and of what draws them."""
    digest = hashlib.sha256()
    for file in _told_by(folder):
        digest.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    for source in _sources(files("dashboards")):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _told_by(folder: Path) -> list[Path]:
    """What decides about the results: the file that vouches for the others, where there is one."""
    if (vouching := folder / RESULT).is_file():
        return [vouching]
    return [file for file in sorted(folder.glob("*.json*")) if file.name != PLAN]


def _sources(folder: Traversable) -> list[Traversable]:
    found = []
    for item in sorted(folder.iterdir(), key=lambda of: of.name):
        if item.is_dir():
            found += _sources(item)
        elif item.name.endswith((".py", ".html", ".css", ".js")):
            found.append(item)
    return found
