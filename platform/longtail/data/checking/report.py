"""What the check of an annotation file found, and what the file is fit for."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from longtail.data.checking.judging import Judging
from longtail.data.checking.summary import Summary
from longtail.files import write_json
from longtail.problems import Problem, worst_first

Role = Literal["training", "evaluation"]
ROLES: tuple[Role, ...] = get_args(Role)
NUM_REASONS = 2


@dataclass(frozen=True)
class CheckReport:
    """The outcome of one check.

    Attributes:
        file: The annotation file.
        roles: What it is to be used for.
        errors: By role, the faults that keep it from that; one may be of both.
        warnings: Faults that a reader can live with.
        picture_modes: How many pictures have each of Pillow's colour modes; None if no picture
            folder was given.
        summary: Its counts; None if the file cannot be read.
        judging: How much can be judged by it; None where that was not asked, or cannot be told.
    """

    file: str
    roles: tuple[Role, ...]
    errors: dict[Role, list[Problem]]
    warnings: list[Problem]
    picture_modes: dict[str, int] | None = None
    summary: Summary | None = None
    judging: Judging | None = None

    @property
    def is_fit(self) -> bool:
        """Whether it is fit for all that was asked."""
        return not any(self.errors.values())

    @property
    def is_useless(self) -> bool:
        """Whether it is fit for nothing of what was asked."""
        return all(self.errors.values())

    def errors_of(self, roles: Sequence[Role]) -> list[Problem]:
        """The faults of exactly these roles, most offenders first."""
        every = dict.fromkeys(problem for role in self.roles for problem in self.errors[role])
        return worst_first(
            problem
            for problem in every
            if all((problem in self.errors[role]) == (role in roles) for role in self.roles)
        )

    @property
    def verdict(self) -> str:
        """One line: what it is fit for, what not, and why."""
        fit = [role for role in self.roles if not self.errors[role]]
        unfit = [role for role in self.roles if self.errors[role]]
        unseen = "" if self.picture_modes is not None else " (pictures were not looked at)"
        parts = [f"fit for {' and '.join(fit)}{unseen}"] if fit else []
        if len(unfit) > 1:
            kinds = [f"{role} ({_kinds(len(self.errors[role]))})" for role in unfit]
            parts.append(f"fit for neither {' nor '.join(kinds)}")
        elif unfit:
            parts.append(f"not fit for {unfit[0]}: {_reasons(self.errors[unfit[0]])}")
        return "; ".join(parts)

    def as_tree(self) -> dict[str, Any]:
        """The same for programs, with all offenders."""
        every = dict.fromkeys(problem for role in self.roles for problem in self.errors[role])
        errors = [
            {**_as_tree(problem), "unfit_for": [r for r in self.roles if problem in self.errors[r]]}
            for problem in worst_first(every)
        ]
        return {
            "file": self.file,
            "fit_for": {role: not self.errors[role] for role in self.roles},
            "verdict": self.verdict,
            "errors": errors,
            "warnings": [_as_tree(problem) for problem in worst_first(self.warnings)],
            "picture_modes": self.picture_modes,
            "summary": dataclasses.asdict(self.summary) if self.summary else None,
            "judging": dataclasses.asdict(self.judging) if self.judging else None,
        }


def _kinds(number: int) -> str:
    return f"{number} kind{'s' if number > 1 else ''} of error"


def _reasons(errors: Sequence[Problem]) -> str:
    worst = worst_first(errors)
    named = [f"{problem.field}: {problem.what}" for problem in worst[:NUM_REASONS]]
    more = len(worst) - len(named)
    return "; ".join(named) + (f"; and {more} more" if more else "")


def _as_tree(problem: Problem) -> dict[str, Any]:
    return {
        "field": problem.field,
        "what": problem.what,
        "count": problem.count,
        "offenders": [*problem.offenders, *problem.others],
        "remedy": problem.remedy,
    }


def write_report(report: CheckReport, path: Path) -> None:
    """Write the report as JSON, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, report.as_tree(), indent=1)
