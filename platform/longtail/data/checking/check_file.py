"""Everything that can be wrong with an annotation file and its pictures, found in one run."""

from collections.abc import Sequence
from pathlib import Path

from longtail.data.checking.judging import Judging
from longtail.data.checking.listed_images import read_listed_images
from longtail.data.checking.report import CheckReport, Role
from longtail.data.checking.summary import summarize
from longtail.data.lvis.annotations import Annotations, open_annotations
from longtail.data.lvis.evaluation_faults import faults_for_evaluation
from longtail.data.lvis.training_faults import faults_for_training
from longtail.data.pictures.checks import check_pictures
from longtail.problems import BadInputError, FaultyFileError, Problem, ProblemReport


def check_file(
    path: Path, images_root: Path | None, roles: Sequence[Role], *, exhaustive: bool
) -> CheckReport:
    """Check a file, and its pictures if their folder is given.

    What was kept of an earlier opening is compared with its digests.

    Args:
        path: The annotation file.
        images_root: The folder of its pictures.
        roles: What it is to be used for.
        exhaustive: Every category is labelled in every image.

    Raises:
        FileNotFoundError: There is no such file.
    """
    try:
        annotations = open_annotations(path, exhaustive=exhaustive, logs_warnings=False)
    except BadInputError as error:
        return _of_unreadable(path, images_root, error, roles)
    pictures, modes = ProblemReport(str(path)), None
    if images_root is not None:
        modes = check_pictures(annotations, images_root, pictures)
    errors = {role: _distinct(_faults(annotations, role), pictures.errors) for role in roles}
    return CheckReport(
        file=str(path),
        roles=tuple(roles),
        errors=errors,
        warnings=[*_warnings(annotations, roles), *pictures.warnings],
        picture_modes=modes,
        summary=summarize(annotations),
        judging=Judging.by(annotations) if "evaluation" in roles else None,
    )


def _faults(annotations: Annotations, role: Role) -> list[Problem]:
    if role == "training":
        return faults_for_training(annotations).errors
    return faults_for_evaluation(annotations, exhaustive=annotations.exhaustive).errors


def _warnings(annotations: Annotations, roles: Sequence[Role]) -> tuple[Problem, ...]:
    return annotations.warnings if "training" in roles else annotations.evaluation_warnings


def _of_unreadable(
    path: Path, images_root: Path | None, error: BadInputError, roles: Sequence[Role]
) -> CheckReport:
    """What is told of a file that cannot be opened, and of its pictures if it lists them."""
    report, modes = ProblemReport(str(path)), None
    if isinstance(error, FaultyFileError):
        report.errors, report.warnings = [*error.report.errors], [*error.report.warnings]
    else:
        what, _, remedy = str(error).removeprefix(f"{path}: ").rpartition("; ")
        report.error("file", what, [path.name], remedy)
    images = read_listed_images(path)
    if images_root is not None and images is not None:
        modes = check_pictures(images, images_root, report)
    errors = {role: report.errors for role in roles}
    return CheckReport(str(path), tuple(roles), errors, report.warnings, modes)


def _distinct(*problems: Sequence[Problem]) -> list[Problem]:
    return list(dict.fromkeys(problem for some in problems for problem in some))
