"""What is wrong with an input file, said so that its owner can mend it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

SHOWN_OFFENDERS = 5
LONGEST_SHOWN = 200
"""Characters of a record's name; a damaged one may have thousands."""


class BadInputError(ValueError):
    """An input file that cannot be used; commands end with exit code 3."""


@dataclass(frozen=True)
class Problem:
    """One kind of fault in a file, with the records that have it.

    `offenders` holds the first few only, `others` the rest; `count` says how many there are.
    """

    what: str
    field: str
    offenders: tuple[str, ...]
    count: int
    remedy: str
    others: tuple[str, ...] = ()

    def __str__(self) -> str:
        more = f", ... ({self.count} in all)" if self.count > len(self.offenders) else ""
        return (
            f"{self.field}: {self.what}\n"
            f"    at {', '.join(map(_short, self.offenders))}{more}\n"
            f"    fix: {self.remedy}"
        )

    @property
    def in_one_line(self) -> str:
        """Field, fault, count, some of the records and remedy, as a warning."""
        shown = ", ".join(map(_short, self.offenders)) + (
            ", ..." if self.count > len(self.offenders) else ""
        )
        return f"{self.field}: {self.what} ({self.count}: {shown}); {self.remedy}"


@dataclass
class ProblemReport:
    """The faults found in one file: errors stop the reader, warnings are only shown."""

    file: str
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def error(self, field: str, what: str, offenders: Iterable[object], remedy: str) -> None:
        """Add a fault that makes the file unusable; nothing is added without offenders."""
        _add(self.errors, field, what, offenders, remedy)

    def warning(self, field: str, what: str, offenders: Iterable[object], remedy: str) -> None:
        """Add a fault that a reader can live with; nothing is added without offenders."""
        _add(self.warnings, field, what, offenders, remedy)

    def raise_if_errors(self) -> None:
        """Raise one `BadInputError` that lists every fault.

        Raises:
            FaultyFileError: At least one error was added.
        """
        if self.errors:
            raise FaultyFileError(self)


class FaultyFileError(BadInputError):
    """A file that has faults, all of which its text lists.

    Attributes:
        report: The faults.
    """

    def __init__(self, report: ProblemReport) -> None:
        super().__init__(describe(report.file, report.errors))
        self.report = report

    def __reduce__(self) -> tuple[type["FaultyFileError"], tuple[ProblemReport]]:
        # An exception is otherwise made again from its text.
        return FaultyFileError, (self.report,)


def describe(file: str, problems: Sequence[Problem]) -> str:
    """The text of a report: the file, then each fault with its records and remedy.

    The kinds with most offenders come first.
    """
    lines = [f"{file}: {len(problems)} kind{'s' if len(problems) > 1 else ''} of problem"]
    return "\n".join(lines + [f"  {problem}" for problem in worst_first(problems)])


def printable(text: str) -> str:
    """The text with control characters and lone surrogates as escapes: names come from files, and
    a console would act on them, or fail."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def worst_first(problems: Iterable[Problem]) -> list[Problem]:
    """Problems by the number of their offenders; of as many, in the order they were found."""
    return sorted(problems, key=lambda problem: -problem.count)


def _short(offender: str) -> str:
    return offender if len(offender) <= LONGEST_SHOWN else f"{offender[:LONGEST_SHOWN]}..."


def _add(
    problems: list[Problem], field: str, what: str, offenders: Iterable[object], remedy: str
) -> None:
    named = [printable(str(offender)) for offender in offenders]
    if named:
        shown, others = tuple(named[:SHOWN_OFFENDERS]), tuple(named[SHOWN_OFFENDERS:])
        problems.append(Problem(what, field, shown, len(named), remedy, others))
