"""Links that were written to an SQLite store which nothing has changed since."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from dashboards.views.links import Link
from longtail.tracking.noted import PUBLISHED, StoreNote

VIEWS = "views"
"""Their folder among the notes."""
FORM = 1
"""Of links and views; those of another form are written again."""


def known_links(runs: Path, uri: str, experiment: str) -> list[Link] | None:
    """The links; None where MLflow has to be asked, as on any server."""
    noted = _note(runs, uri, experiment).read()
    return None if noted is None else [Link(name, place) for name, place in noted]


def note_links(runs: Path, uri: str, experiment: str, links: Sequence[Link]) -> None:
    """Keep the links, and how the store is now."""
    _note(runs, uri, experiment).write([[link.name, link.place] for link in links])


def _note(runs: Path, uri: str, experiment: str) -> StoreNote:
    digest = hashlib.sha256(experiment.encode()).hexdigest()[:12]
    # Apart from notes of runs: what adds a run leaves those true, and this one not.
    file = runs / PUBLISHED / VIEWS / f"{digest}.json"
    return StoreNote(file, uri, {"experiment": experiment, "form": FORM})
