"""Sources of one report: rows under unique names, and the one that others are compared with."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from dashboards.sources.found import Found, Report, Row


def combine(title: str, sources: Sequence[Found], baseline: str | None = None) -> Report:
    """One report of several sources.

    Args:
        title: Of the page; "" to name it after the sources.
        sources: In their order; rows of one name are told apart by their source's.
        baseline: Name of a row; None for the one that the first source compared with, else for the
            first row.

    Raises:
        ValueError: There is no row of that name.
    """
    named = _told_apart(_each_once(sources))
    names = [row.name for source in named for row in source.rows]
    if baseline is not None and baseline not in names:
        held = ", ".join(names) or "none"
        raise ValueError(f"--baseline {baseline}: no such row; there are: {held}")
    used = [of.baseline for source in named for of in source.differences]
    compared = baseline or next((name for name in [*used, *names] if name in names), "")
    words = title or ", ".join(f"{source.kind.capitalize()} {source.name}" for source in named)
    return Report(words, named, compared)


def _each_once(sources: Sequence[Found]) -> list[Found]:
    """Without the sources of a merge that are rows of another source: they are the same."""
    others = {
        row.predictions.resolve()
        for source in sources
        for row in source.rows
        if row.kind != "source" and row.predictions is not None
    }

    def is_new(row: Row) -> bool:
        known = row.predictions is not None and row.predictions.resolve() in others
        return row.kind != "source" or not known

    return [replace(of, rows=tuple(filter(is_new, of.rows))) for of in sources]


def _told_apart(sources: Sequence[Found]) -> tuple[Found, ...]:
    counts = Counter(row.name for source in sources for row in source.rows)
    places = Counter(source.name for source in sources)
    found = []
    for number, source in enumerate(sources, 1):
        place = source.name if places[source.name] == 1 else f"{source.name} {number}"

        def unique(name: str, place: str = place) -> str:
            return f"{place} {name}" if counts[name] > 1 else name

        found.append(
            replace(
                source,
                rows=tuple(replace(row, name=unique(row.name)) for row in source.rows),
                differences=tuple(
                    replace(of, row=unique(of.row), baseline=unique(of.baseline))
                    for of in source.differences
                ),
                trainings=tuple(
                    replace(of, rows=tuple(unique(name) for name in of.rows))
                    for of in source.trainings
                ),
            )
        )
    return tuple(found)
