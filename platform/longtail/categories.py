"""The categories of a data set: ids, names, how rare each one is.

K categories, by ascending id. Files number them as they like (1-based, with gaps); models use the
contiguous index 0..K-1, and index K is the background.

Two partitions of the categories are in use, and they are not nested: the groups r/c/f of the
file's `frequency` (LVIS draws them by image count) and the bins by instance count.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longtail.annotation_file.document import map_annotation_file
from longtail.problems import ProblemReport

FREQUENCY_GROUPS = ("r", "c", "f")
GROUP_NAMES = dict(zip(FREQUENCY_GROUPS, ("rare", "common", "frequent"), strict=True))
INSTANCE_BINS = ("0001-0009", "0010-0099", "0100-0999", "1000-inf")
INSTANCE_BIN_EDGES = (10, 100, 1000)

COUNT_FIELDS = ("frequency", "image_count", "instance_count")
COUNTS_REMEDY = (
    "take the field from the training file, or count it there; a COCO file, which has none, is"
    " made an LVIS file by python -m longtail.data.convert coco"
)
MAX_ID = 2**63 - 1


@dataclass(frozen=True, eq=False)
class CategoryTable:
    """K categories by ascending id.

    Attributes:
        ids: (K,) int64, the file's ids.
        names: K names.
        synsets: K WordNet synsets, "" where the file has none.
        frequency: (K,) letters r, c or f; "" in a test file without counts.
        image_count: (K,) int64 training images with the category; -1 in such a test file.
        instance_count: (K,) int64 training instances; -1 in such a test file.
    """

    ids: NDArray[np.int64]
    names: tuple[str, ...]
    synsets: tuple[str, ...]
    frequency: NDArray[np.str_]
    image_count: NDArray[np.int64]
    instance_count: NDArray[np.int64]

    @classmethod
    def from_records(
        cls, records: Sequence[Mapping[str, Any]], file: str, counts_required: bool = True
    ) -> "CategoryTable":
        """Build the table from the `categories` of an LVIS file.

        Args:
            records: One mapping per category, in any order.
            file: Name of the file, for the error text.
            counts_required: False for test files, whose categories may come without `frequency`,
                `image_count` and `instance_count`. A file with some of them needs all.

        Raises:
            BadInputError: A field is missing or wrong, an id occurs twice, or there is no category.
        """
        report = ProblemReport(file)
        check_categories(records, report, counts_required)
        report.raise_if_errors()
        ordered = sorted(records, key=lambda record: record["id"])
        return cls(
            ids=np.array([record["id"] for record in ordered], dtype=np.int64),
            names=tuple(record["name"] for record in ordered),
            synsets=tuple(record.get("synset", "") for record in ordered),
            frequency=np.array([record.get("frequency", "") for record in ordered], dtype="<U1"),
            image_count=_counts(ordered, "image_count"),
            instance_count=_counts(ordered, "instance_count"),
        )

    @classmethod
    def from_json(cls, path: Path) -> "CategoryTable":
        """Read the categories of an LVIS file and pass over everything else in it.

        A file without `annotations` is a test file: its categories may lack their counts.

        Raises:
            BadInputError: The file is not an LVIS file, or a category is wrong.
        """
        file = map_annotation_file(path)
        return cls.from_records(file.categories(), str(path), file.has_annotations)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def background(self) -> int:
        """Index of the background: K."""
        return len(self)

    @property
    def has_counts(self) -> bool:
        """False for the categories of a test file that come without frequencies and counts."""
        return "" not in self.frequency

    def index_of(self, category_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Contiguous indices of category ids, same shape.

        Raises:
            ValueError: An id is not in the table.
        """
        category_ids = np.asarray(category_ids, dtype=np.int64)
        index = np.minimum(np.searchsorted(self.ids, category_ids), len(self) - 1)
        unknown = np.unique(category_ids[self.ids[index] != category_ids])
        if len(unknown):
            shown = ", ".join(map(str, unknown[:10]))
            raise ValueError(
                f"{len(unknown)} unknown category ids: {shown}; "
                f"the table has {len(self)} ids from {self.ids[0]} to {self.ids[-1]}"
            )
        return index

    def group(self, letter: str) -> NDArray[np.bool_]:
        """(K,) membership of the frequency group r, c or f.

        Raises:
            ValueError: Another letter, or a table without frequencies.
        """
        if letter not in FREQUENCY_GROUPS:
            raise ValueError(f"frequency group {letter!r} is none of {', '.join(FREQUENCY_GROUPS)}")
        self._require_counts()
        members: NDArray[np.bool_] = self.frequency == letter
        return members

    def group_index(self) -> NDArray[np.int64]:
        """(K,) index into `FREQUENCY_GROUPS`.

        Raises:
            ValueError: A table without frequencies.
        """
        members = np.stack([self.group(letter) for letter in FREQUENCY_GROUPS])
        groups: NDArray[np.int64] = members.argmax(axis=0)
        return groups

    def instance_bin(self) -> NDArray[np.int64]:
        """(K,) index into `INSTANCE_BINS`; a category without an instance is in bin 0.

        Raises:
            ValueError: A table without counts.
        """
        self._require_counts()
        return np.digitize(self.instance_count, INSTANCE_BIN_EDGES)

    def members(self, name: str) -> NDArray[np.bool_]:
        """(K,) membership of a frequency group (r, c, f) or of a bin, one of `INSTANCE_BINS`.

        Raises:
            ValueError: Another name, or a table without counts.
        """
        if name in INSTANCE_BINS:
            in_bin: NDArray[np.bool_] = self.instance_bin() == INSTANCE_BINS.index(name)
            return in_bin
        return self.group(name)

    def same_ids(self, other: "CategoryTable") -> bool:
        """Whether both tables have the same ids, so that their indices agree."""
        return np.array_equal(self.ids, other.ids)

    def _require_counts(self) -> None:
        if not self.has_counts:
            raise ValueError(
                "these categories have no frequency and no counts, as in a test file; "
                "use the categories of the training file"
            )


def _counts(records: Sequence[Mapping[str, Any]], field: str) -> NDArray[np.int64]:
    return np.array([record.get(field, -1) for record in records], dtype=np.int64)


def check_categories(
    records: Sequence[Mapping[str, Any]], report: ProblemReport, counts_required: bool = True
) -> None:
    """Report what keeps `CategoryTable.from_records` from taking the same records."""
    if not records:
        remedy = "a data set needs at least one category"
        report.error("categories", "no category", ["the list"], remedy)
    _check_field(report, records, "id", "a whole number from 0", is_count, "number the categories")
    _check_field(report, records, "name", "a text", _is_text, "name the category")
    with_synset = [record for record in records if "synset" in record]
    _check_field(report, with_synset, "synset", "a text", _is_text, "leave it out if unknown")
    if counts_required or any(field in record for record in records for field in COUNT_FIELDS):
        _check_field(report, records, "frequency", "r, c or f", _is_letter, COUNTS_REMEDY)
        _check_field(report, records, "image_count", "a count", is_count, COUNTS_REMEDY)
        _check_field(report, records, "instance_count", "a count", is_count, COUNTS_REMEDY)
    known = [record["id"] for record in records if is_count(record.get("id"))]
    ids, occurrences = np.unique(known, return_counts=True)
    report.error("categories.id", "ids that occur twice", ids[occurrences > 1], "renumber them")


def _check_field(
    report: ProblemReport,
    records: Sequence[Mapping[str, Any]],
    field: str,
    wanted: str,
    is_valid: Callable[[Any], bool],
    remedy: str,
) -> None:
    missing, invalid = [], []
    for position, record in enumerate(records):
        if field not in record:
            missing.append(_name(record, position))
        elif not is_valid(record[field]):
            invalid.append(f"{_name(record, position)}: {record[field]!r:.60}")
    report.error(f"categories.{field}", "missing", missing, remedy)
    report.error(f"categories.{field}", f"not {wanted}", invalid, remedy)


def _name(record: Mapping[str, Any], position: int) -> str:
    return f"category {record['id']}" if "id" in record else f"categories[{position}]"


def is_count(value: object) -> bool:
    """Whether a decoded value is a whole number from 0 of 64 bits."""
    return type(value) is int and 0 <= value <= MAX_ID


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_letter(value: object) -> bool:
    return value in FREQUENCY_GROUPS
