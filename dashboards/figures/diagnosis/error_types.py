"""Types of error by group: why wrong detections are wrong, and which objects are missed."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from dashboards.figure import Chart, Figure, Width
from dashboards.figures.diagnosis.parts import GROUPS, group_name
from dashboards.figures.diagnosis.shares import share_bars, share_table
from dashboards.look import SERIES, Look
from dashboards.sources.found import Row
from longtail.categories import FREQUENCY_GROUPS

TABLE, MISSED = "errors", "missed"
TYPES = {
    "background": "on nothing",
    "localisation": "place",
    "classification": "category",
    "both": "place and category",
    "duplicate": "duplicate",
}
"""What files call a wrong detection, and what readers understand."""
COLOURS = dict(zip(TYPES.values(), ("grey", *SERIES[:-1]), strict=True))
MISSED_COLOURS = {"missed": "grey", "not missed": "frequent"}


def error_types(rows: Sequence[Row], shown: int = -1) -> Figure:
    """The figure: a bar for each group, of its wrong detections and of its objects.

    Args:
        rows: Of a page; some have a diagnosis.
        shown: Number of the row that is drawn; a page changes it.
    """
    shown %= len(rows)
    return Figure(
        name="errors",
        title="Why wrong detections are wrong, and what is missed",
        text="Wrong judged detections by what is wrong with them, each by the first type that"
        " fits. Missed: no right detection, and none that would be right with its place or"
        f" category corrected.{_sentence(rows[shown])}",
        panels=(partial(_wrong, shown), partial(_missed, shown)),
        tables={
            TABLE: share_table(rows, GROUPS, wrong_counts),
            MISSED: share_table(rows, GROUPS, missed_counts),
        },
        broad=True,
        least_width=300,
    )


def wrong_counts(diagnosis: Mapping[str, Any], group: str) -> dict[str, int]:
    """Wrong detections of a group by type, in words."""
    return {words: diagnosis["errors"][name][group] for name, words in TYPES.items()}


def missed_counts(diagnosis: Mapping[str, Any], group: str) -> dict[str, int]:
    """Missed objects of a group and the others; the confusion's lines add up to its objects."""
    lines = dict(zip(FREQUENCY_GROUPS, diagnosis["confusion"]["matrix"], strict=False))
    objects = sum(sum(lines[letter]) for letter in lines if group in ("all", letter))
    missed = diagnosis["errors"]["missed"][group]
    return dict(zip(MISSED_COLOURS, (missed, objects - missed), strict=True))


def _sentence(of: Row) -> str:
    if not of.diagnosis:
        return ""
    parts = []
    for group in FREQUENCY_GROUPS:
        counts = wrong_counts(of.diagnosis, group)
        if total := sum(counts.values()):
            worst = max(counts, key=lambda name: counts[name])
            parts.append(f"{counts[worst] / total:.0%} of {group_name(group)}: {worst}")
    return f" Most frequent in {of.name}: {', '.join(parts)}." if parts else ""


def _wrong(shown: int, look: Look, width: Width) -> Chart:
    return share_bars(
        TABLE,
        GROUPS,
        COLOURS,
        title="wrong detections, by what is wrong",
        of="wrong detections",
        shown=shown,
        look=look,
        width=width,
    )


def _missed(shown: int, look: Look, width: Width) -> Chart:
    return share_bars(
        MISSED,
        GROUPS,
        MISSED_COLOURS,
        title="objects",
        of="objects",
        shown=shown,
        look=look,
        width=width,
    )
