"""What a calibration keeps of one source: its maps, whose map each group takes, and how it went."""

import msgspec

from ensemble.calibration.kinds import Overlap, Taken
from ensemble.calibration.maps import ScoreMap
from longtail.categories import FREQUENCY_GROUPS
from longtail.evaluation.diagnosis.calibration_error import NUM_BINS, ReliabilityBin

ALL = "all"
LETTERS = (ALL, *FREQUENCY_GROUPS)


class Counts(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    rename={"true_positives": "right", "false_positives": "wrong"},
):
    """Judged detections of a group; files call them right and wrong."""

    true_positives: int
    false_positives: int

    @property
    def total(self) -> int:
        """Both."""
        return self.true_positives + self.false_positives

    @property
    def fewer(self) -> int:
        """The smaller of the two, by which a map is fitted or not."""
        return min(self.true_positives, self.false_positives)


class ErrorChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """D-ECE of a group, in [0, 1], -1 without a detection.

    Attributes:
        before: Of the scores as they are.
        after: Of scores calibrated by maps that were fitted to other images.
    """

    before: float
    after: float


class ReliabilityChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often detections of a score are right, in ten bins of scores.

    Attributes:
        before: Of the scores as they are.
        after: Of scores calibrated by maps that were fitted to other images.
    """

    before: tuple[ReliabilityBin, ...]
    after: tuple[ReliabilityBin, ...]


class SourceCalibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was fitted to one source; groups are "all", "r", "c" and "f".

    Attributes:
        maps: Those fitted to the source alone: of "all", and of each group with enough detections.
        counts: Judged detections by group.
        error: Calibration error by group.
        max_score: What the source's scores were divided by before.
        overlap: What overlapped in matching, masks or boxes; None in files of before, which have
            one for all sources.
        taken: Whose map each group takes; empty in files of before, which take the group's own
            map or that of "all".
        reliability: Bins of scores of r, c and f; empty in files of before.
    """

    maps: dict[str, ScoreMap]
    counts: dict[str, Counts]
    error: dict[str, ErrorChange]
    max_score: float = 1.0
    overlap: Overlap | None = None
    taken: dict[str, Taken] = {}
    reliability: dict[str, ReliabilityChange] = {}

    def whose(self, letter: str) -> Taken:
        """Whose map the group's scores go through."""
        if self.taken:
            return self.taken[letter]
        return "group" if letter != ALL and letter in self.maps else "source"

    def problem(self, has_shared: bool) -> str | None:
        """What keeps it from being used; None if it is sound.

        Args:
            has_shared: Whether there is a map of all sources.
        """
        if not {*self.maps} <= {*LETTERS}:
            return f"maps has {', '.join(self.maps)}; it may have {', '.join(LETTERS)}"
        if self.taken and {*self.taken} != {*LETTERS}:
            return f"taken has {', '.join(self.taken)}; it must have {', '.join(LETTERS)}"
        if self.reliability and {*self.reliability} != {*FREQUENCY_GROUPS}:
            needed = ", ".join(FREQUENCY_GROUPS)
            return f"reliability has {', '.join(self.reliability)}; it must have {needed}"
        for of in self.reliability.values():
            if {len(of.before), len(of.after)} != {NUM_BINS}:
                return f"reliability has {len(of.before)} and {len(of.after)} bins, not {NUM_BINS}"
        for letter in LETTERS:
            whose = self.whose(letter)
            own = {"group": letter, "source": ALL}.get(whose)
            if own is not None and own not in self.maps:
                return f"maps has no {own}, which {letter} takes"
            if whose == "all sources" and not has_shared:
                return f"{letter} takes the map of all sources, and there is none"
        return None
