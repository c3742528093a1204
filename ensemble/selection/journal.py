"""What a selection judged, one sealed JSON line each: what an interrupted one goes on from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from ensemble.selection.greedy import Counts, in_lowest_terms
from longtail.search.journal import append, reopen

CANDIDATES, STEPS = "candidates.jsonl", "steps.jsonl"
REMEDY = "remove the file to judge anew"


class Candidate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A selection, judged on the half that is chosen on.

    Attributes:
        members: How often each member was chosen, in lowest terms.
        result: Metrics as fractions, or -1 and `problem`.
    """

    members: Counts
    result: dict[str, Any]


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A step: the best candidate, and what the other half says of it.

    Attributes:
        added: The member that it adds.
        members: How often each member was chosen then.
        chosen_on: Metrics on the half that is chosen on.
        held_out: Metrics on the other half, with intervals.
        gain: Differences to the step before on the other half, by metric; None for the first.
        is_kept: Whether the gain can be told from 0, so that the member is one of the selection.
        warnings: Why an interval of the other half may be too narrow.
    """

    added: str
    members: Counts
    chosen_on: dict[str, float]
    held_out: dict[str, Any]
    gain: dict[str, dict[str, Any]] | None
    is_kept: bool
    warnings: list[str]


class SelectionJournal:
    """The candidates and steps of one selection, in two files that only grow.

    Args:
        folder: Has the files or not; a last line that was cut off is dropped.

    Raises:
        BadInputError: A file holds something else.
    """

    def __init__(self, folder: Path) -> None:
        self._candidates, self._steps = folder / CANDIDATES, folder / STEPS
        found = reopen(self._candidates, Candidate, "candidate", REMEDY)
        self.steps: list[Step] = reopen(self._steps, Step, "step", REMEDY)
        self._known = {_key(of.members): of.result for of in found}

    def __len__(self) -> int:
        return len(self._known)

    def result_of(self, counts: Mapping[str, int]) -> dict[str, Any] | None:
        """What was found of a selection, or of one of the same ratios; None if nothing was."""
        return self._known.get(_key(counts))

    def add_candidate(self, counts: Mapping[str, int], result: dict[str, Any]) -> None:
        """Append a candidate; it is on disk when this returns."""
        append(self._candidates, Candidate(in_lowest_terms(counts), result))
        self._known[_key(counts)] = result

    def add_step(self, step: Step) -> None:
        """Append a step; it is on disk when this returns."""
        append(self._steps, step)
        self.steps.append(step)


def _key(counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(in_lowest_terms(counts).items())
