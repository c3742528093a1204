"""What was measured, on what, by which code, at which cost, and what is missing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.rendering import rendered
from dashboards.section import Block, Html, Note, Section
from dashboards.sources.found import Found, Report, Training

MOST_WARNINGS = 5
"""Shown at once; the others are folded."""


@dataclass(frozen=True)
class _Facts:
    title: str
    facts: Sequence[tuple[str, str]]


def header(report: Report) -> Section | None:
    """Facts of each source, warnings, and what is missing and why."""
    groups = [_Facts(f"{of.kind} {of.name}", _facts(of)) for of in report.sources]
    groups = [group for group in groups if group.facts]
    missing = [note for source in report.sources for note in _missing(source)]
    warnings = _warnings(report)
    blocks: list[Block] = []
    if groups:
        blocks.append(Html("facts", rendered("facts.html", groups=groups)))
    blocks += [Note(text, "missing") for text in missing]
    blocks += [Note(text, "warning") for text in warnings[:MOST_WARNINGS]]
    if rest := warnings[MOST_WARNINGS:]:
        blocks.append(Html("more-warnings", rendered("more_notes.html", notes=rest)))
    return Section("about", "About", "", tuple(blocks)) if blocks else None


def _facts(source: Found) -> list[tuple[str, str]]:
    facts = list(source.facts)
    if source.trainings:
        unfinished = sum(not training.finished for training in source.trainings)
        left = f", {unfinished} of them not finished" if unfinished else ""
        seconds = sum(map(training_seconds, source.trainings))
        facts.append(("trainings", f"{len(source.trainings)}{left}; {_time(seconds)} together"))
    return facts


def training_seconds(training: Training) -> float:
    """Seconds between the first and the last record of each attempt, without pauses."""
    times: dict[Any, list[float]] = {}
    for record in training.records:
        if "time" in record:
            times.setdefault(record.get("attempt"), []).append(float(record["time"]))
    return sum(max(of) - min(of) for of in times.values())


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"


def _missing(source: Found) -> list[str]:
    return [*_by_text((why, name) for name, why in source.failed), *source.missing]


def _warnings(report: Report) -> list[str]:
    """Those of sources, then those of rows, each once with the rows that it is about."""
    of_sources = [text for source in report.sources for text in source.warnings]
    of_rows = [(text, row.name) for row in report.rows for text in _of_row(row.evaluation)]
    return list(dict.fromkeys(of_sources)) + _by_text(of_rows, everyone=len(report.rows))


def _of_row(evaluation: Mapping[str, Any]) -> list[str]:
    intervals = evaluation.get("intervals") or {}
    of_kinds = [text for of in intervals.values() for text in of.get("warnings", [])]
    return list(dict.fromkeys([*evaluation.get("warnings", []), *of_kinds]))


def _by_text(pairs: Iterable[tuple[str, str]], everyone: int = 0) -> list[str]:
    """Each text once, after the names that it is said of; names are left out where all have it."""
    names: dict[str, list[str]] = {}
    for text, name in pairs:
        names.setdefault(text, []).append(name)
    return [text if len(of) == everyone else f"{_listed(of)}: {text}" for text, of in names.items()]


def _listed(names: Sequence[str], most: int = 6) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
