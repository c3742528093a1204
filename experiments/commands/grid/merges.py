"""Merges among the rows of a grid: those of a table or of `--variants`, and those of `--merge`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from experiments.variants import MERGES

# What merges is imported where there is something to merge: it takes as long as all else here.
if TYPE_CHECKING:
    from ensemble.rows.merged_row import MergedRow
    from ensemble.sources.finished_result import ResultSource


def merges_among(words: Sequence[str]) -> dict[str, str]:
    """Those of the words of `--variants` that name a merge: its name by that of the row."""
    pairs = [word.rpartition("=") for word in words]
    return {row or name: name for row, _, name in pairs if name in MERGES}


def with_members(words: Sequence[str]) -> tuple[str, ...]:
    """The words that name variants: without merges, and with the members that they bring."""
    named = [word for word in words if word.rpartition("=")[2] not in MERGES]
    rows = [word.partition("=")[0] for word in named]
    members = [of for name in merges_among(words).values() for of in MERGES[name].members]
    brought = dict.fromkeys(member.partition("@")[0] for member in members)
    return (*named, *(row for row in brought if row not in rows))


def find_merges(
    words: Sequence[str], asked: Sequence[str], results: "Sequence[ResultSource]"
) -> "list[MergedRow]":
    """All merges of a grid.

    Args:
        words: Of `--variants`, or the rows of a table.
        asked: Words of `--merge`.
        results: The rows of `--pred`.

    Raises:
        ValueError: A word or an option is wrong, or an expert's result is missing.
        BadInputError: A file cannot be used.
    """
    if not asked and not merges_among(words):
        return []
    from ensemble.rows.words import merged_row, parse_merge

    experts = {of.name: of.spec.categories for of in results if of.spec.categories is not None}
    found = []
    for row, name in merges_among(words).items():
        merge = MERGES[name]
        _check_experts(row, merge.experts, results)
        found.append(merged_row(row, (*merge.members, *merge.experts), merge.keys(), experts))
    for word in asked:
        found.append(merged_row(*parse_merge(word), experts))
    return found


def names_of(asked: Sequence[str]) -> list[str]:
    """The rows' names in words of `--merge`."""
    if not asked:
        return []
    from ensemble.rows.words import parse_merge

    return [parse_merge(word)[0] for word in asked]


def _check_experts(row: str, experts: Sequence[str], results: "Sequence[ResultSource]") -> None:
    for expert in experts:
        if expert not in [result.name for result in results]:
            raise ValueError(
                f"merge {row}: it needs the result of an expert, {expert}, which no row here"
                f" trains; give it with --pred {expert}=PATH,categories=coco (or a file of its"
                " categories), or merge other rows with --merge"
            )
