"""The faults of a file's records, counted by kind in bounded memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from longtail.predictions.result_json.columns import RecordColumns
from longtail.problems import SHOWN_OFFENDERS, Problem

REMEDIES = {
    "image_id": "predict the images of this annotation file, or name the right one",
    "category_id": "write ids of this annotation file, they are not contiguous indices",
    "score": "write a number from 0 to 1; a NaN comes from a model that diverged",
    "bbox": "write x, y, width, height in pixels of the original image",
    "segmentation": "write COCO's compressed RLE with the image's size, [height, width]",
}
RECORD_REMEDY = 'write {"image_id", "category_id", "score", "segmentation" and/or "bbox"}'


class FaultTally:
    """Faults by field and kind; keeps the first ten records of each kind, and the count."""

    def __init__(self) -> None:
        self._problems: dict[tuple[str, str], Problem] = {}
        self._of_file: set[tuple[str, str]] = set()

    def __bool__(self) -> bool:
        return bool(self._problems)

    def add(
        self,
        field: str,
        what: str,
        records: Sequence[str],
        count: int = 1,
        remedy: str | None = None,
        of_file: bool = False,
    ) -> None:
        """Count records with a fault.

        Args:
            field: The field at fault.
            what: What is wrong with it.
            records: Names of the first records at fault.
            count: How many are at fault; nothing is added for 0.
            remedy: What to do; None takes the usual one of the field. The last one is shown.
            of_file: The fault is the file's, and leaving these records out would not mend it.
        """
        if not count:
            return
        remedy = remedy or REMEDIES.get(field.partition(".")[0], RECORD_REMEDY)
        so_far = self._problems.get((field, what), Problem(what, field, (), 0, remedy))
        shown = (*so_far.offenders, *records)[:SHOWN_OFFENDERS]
        self._problems[field, what] = Problem(what, field, shown, so_far.count + count, remedy)
        if of_file:
            self._of_file.add((field, what))

    def counts(self) -> dict[str, int]:
        """How many records have each fault, by "field: what"."""
        return {f"{problem.field}: {problem.what}": problem.count for problem in self.problems()}

    def problems(self) -> list[Problem]:
        """The faults, in the order in which they were found first."""
        return list(self._problems.values())

    def problems_of_file(self) -> list[Problem]:
        """Those faults that leaving records out would not mend."""
        return [problem for key, problem in self._problems.items() if key in self._of_file]


@dataclass
class RecordBatch:
    """D decoded records, and which of them are still sound.

    Attributes:
        columns: The records.
        indices: (D,) int64, of each record in its file.
        tally: Takes the faults.
        sound: (D,) False for records with a fault.
    """

    columns: RecordColumns
    indices: NDArray[np.int64]
    tally: FaultTally
    sound: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        self.sound = np.ones(len(self.columns), dtype=np.bool_)

    def sound_only(self) -> "RecordBatch":
        """The records without a fault so far."""
        if self.sound.all():
            return self
        rows = np.flatnonzero(self.sound)
        return RecordBatch(self.columns.take(rows), self.indices[rows], self.tally)

    def reject(
        self,
        faulty: NDArray[np.bool_],
        field: str,
        what: str,
        values: NDArray[np.int64] | NDArray[np.float64] | None = None,
        remedy: str | None = None,
        of_file: bool = False,
    ) -> None:
        """Tally the records of a (D,) mask as faulty, and show their values."""
        rows = np.flatnonzero(faulty)
        if not len(rows):
            return
        self.sound[rows] = False
        shown = [
            _name(self.indices[row], "" if values is None else values[row].tolist())
            for row in rows[:SHOWN_OFFENDERS]
        ]
        self.tally.add(field, what, shown, len(rows), remedy, of_file)

    def reject_row(self, row: int, field: str, what: str, value: str = "") -> None:
        """Tally one record as faulty."""
        self.sound[row] = False
        self.tally.add(field, what, [_name(self.indices[row], value)])


def _name(index: np.int64, value: object) -> str:
    return f"record {index}" if value == "" else f"record {index} ({value})"
