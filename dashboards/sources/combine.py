"""Sources of one report: rows under unique names, and the one that others are compared with."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

from dashboards.sources.found import Found, Report, Row
from ensemble.sources.files import digest_of
from longtail.problems import BadInputError

SOURCE = "source"
Place: TypeAlias = tuple[int, str]
"""Number of a source, and the name that a row has in it."""


def combine(title: str, sources: Sequence[Found], baseline: str | None = None) -> Report:
    """One report of several sources.

    Args:
        title: Of the page; "" to name it after the sources.
        sources: In their order, one that is named twice once; rows of one name are told apart by
            their source's. Sources of a merge that are rows of another source are these rows.
        baseline: Name of a row; None for the one that the first source compared with, else for the
            first row.

    Raises:
        ValueError: There is no row of that name.
    """
    once = _folders_once(sources)
    named = _told_apart(once, _same_rows(once))
    names = [row.name for source in named for row in source.rows]
    if baseline is not None and baseline not in names:
        held = ", ".join(names) or "none"
        raise ValueError(f"--baseline {baseline}: no such row; there are: {held}")
    used = [of.baseline for source in named for of in source.differences]
    compared = baseline or next((name for name in [*used, *names] if name in names), "")
    words = title or ", ".join(f"{source.kind.capitalize()} {source.name}" for source in named)
    return Report(words, named, compared)


def _folders_once(sources: Sequence[Found]) -> list[Found]:
    """Without what was named twice."""
    found: list[Found] = []
    seen = set()
    for source in sources:
        place = None if source.folder is None else source.folder.resolve()
        if place is None or place not in seen:
            found.append(source)
        seen.add(place)
    return found


def _same_rows(sources: Sequence[Found]) -> dict[Place, Place]:
    """Sources of merges that are rows of another source, or sources of a merge before theirs."""
    digests = _Digests()
    held = [((number, row.name), row) for number, of in enumerate(sources) for row in of.rows]
    kept = [(place, row) for place, row in held if row.kind != SOURCE]
    same: dict[Place, Place] = {}
    for place, row in held:
        if row.kind != SOURCE:
            continue
        others = (of for of, other in kept if of[0] != place[0] and digests.are_same(row, other))
        found = next(others, None)
        if found is None:
            kept.append((place, row))
        else:
            same[place] = found
    return same


class _Digests:
    """Tells whether rows are of the same predictions, wherever these lie; reads each once."""

    def __init__(self) -> None:
        self._known: dict[Path, str] = {}

    def are_same(self, row: Row, other: Row) -> bool:
        """Of the same predictions, with the same AP: a merge may have left some out."""
        kinds = ("segm", "box")
        if any(row.evaluation[of]["AP"] != other.evaluation[of]["AP"] for of in kinds):
            return False
        paths = (row.predictions, other.predictions)
        if None not in paths and len({path.resolve() for path in paths if path is not None}) == 1:
            return True
        digest = self._of(row)
        return digest is not None and digest == self._of(other)

    def _of(self, row: Row) -> str | None:
        path = row.predictions
        if row.digest is not None or path is None:
            return row.digest
        if path not in self._known:
            try:
                self._known[path] = digest_of(path)
            except BadInputError:
                return None
        return self._known[path]


def _told_apart(sources: Sequence[Found], same: Mapping[Place, Place]) -> tuple[Found, ...]:
    kept = [
        replace(of, rows=tuple(row for row in of.rows if (number, row.name) not in same))
        for number, of in enumerate(sources)
    ]
    counts = Counter(row.name for source in kept for row in source.rows)
    titles = Counter(source.name for source in kept)

    def unique(place: Place) -> str:
        number, name = same.get(place, place)
        title = kept[number].name
        title = title if titles[title] == 1 else f"{title} {number + 1}"
        return f"{title} {name}" if counts[name] > 1 else name

    found = []
    for number, source in enumerate(kept):
        names = partial(_named, unique, number)
        rows = tuple(replace(row, name=names(row.name)) for row in source.rows)
        differences = tuple(
            replace(of, row=names(of.row), baseline=names(of.baseline)) for of in source.differences
        )
        trainings = tuple(
            replace(of, rows=tuple(names(name) for name in of.rows)) for of in source.trainings
        )
        found.append(replace(source, rows=rows, differences=differences, trainings=trainings))
    return tuple(found)


def _named(unique: Callable[[Place], str], number: int, name: str) -> str:
    return unique((number, name))
