"""What a conversion found: faults that stop it, and what it mended, with the records at hand."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from longtail.problems import ProblemReport, printable

SHOWN_EXAMPLES = 3


@dataclass(frozen=True)
class Change:
    """One kind of thing that the new file has otherwise than the old one.

    Attributes:
        what: What was found, and what was made of it.
        count: How many records had it.
        examples: The first few of them.
    """

    what: str
    count: int
    examples: tuple[str, ...]


class Findings:
    """Collects faults and changes while a file is read.

    Args:
        file: Name of the file, for the error text.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._faults: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        self._changes: dict[str, list[str]] = defaultdict(list)

    def fault(self, field: str, what: str, offender: str, remedy: str) -> None:
        """Note a record that cannot be converted."""
        self._faults[field, what, remedy].append(offender)

    def changed(self, what: str, examples: Iterable[object]) -> None:
        """Note records that were changed; nothing is noted without any."""
        for example in examples:
            self._changes[what].append(printable(str(example)))

    def changes(self) -> list[Change]:
        """Every kind of change, in the order in which they were met."""
        return [
            Change(what, len(examples), tuple(examples[:SHOWN_EXAMPLES]))
            for what, examples in self._changes.items()
        ]

    def raise_if_faulty(self) -> None:
        """Raise one error that lists every fault, worst first.

        Raises:
            BadInputError: A fault was noted.
        """
        report = ProblemReport(self._file)
        worst_first = sorted(self._faults.items(), key=lambda fault: -len(fault[1]))
        for (field, what, remedy), offenders in worst_first:
            report.error(field, what, offenders, remedy)
        report.raise_if_errors()
