"""What the check of an annotation file found: faults, warnings and counts."""

import contextlib
import dataclasses
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from longtail.commands import output_console
from longtail.data.lvis.annotations import missing_images, open_annotations
from longtail.data.lvis.summary import Summary, counts_table, groups_table, summarize
from longtail.files import write_json
from longtail.problems import BadInputError, Problem, ProblemReport, describe

IMAGES_REMEDY = "name the folder that holds train2017/ and val2017/, or fetch the images"


@dataclass(frozen=True)
class CheckReport:
    """The outcome of one check.

    Attributes:
        file: The annotation file.
        fault: Why it, or its image folder, cannot be used; None if it can.
        warnings: Faults that a reader can live with.
        summary: Its counts; None if the file cannot be read.
    """

    file: str
    fault: str | None
    warnings: tuple[Problem, ...] = ()
    summary: Summary | None = None

    def raise_if_faulty(self) -> None:
        """Raise `BadInputError` with the fault, if there is one."""
        if self.fault:
            raise BadInputError(self.fault)


def check_file(path: Path, images_root: Path | None) -> CheckReport:
    """Check a file and, if their folder is given, that its images are there.

    What was kept of an earlier opening is compared with its digests.
    """
    try:
        with _warnings_not_logged():
            annotations = open_annotations(path)
    except BadInputError as error:
        return CheckReport(str(path), str(error))
    summary = summarize(annotations)
    report = ProblemReport(str(path))
    if images_root is not None:
        missing = missing_images(annotations, images_root)
        report.error("images.file_name", f"no file below {images_root}", missing, IMAGES_REMEDY)
    fault = describe(str(path), report.errors) if report.errors else None
    return CheckReport(str(path), fault, annotations.warnings, summary)


@contextlib.contextmanager
def _warnings_not_logged() -> Iterator[None]:
    # They are part of the report.
    logger = logging.getLogger("longtail.data.lvis.annotations")
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(logging.NOTSET)


def show(report: CheckReport) -> None:
    """Print warnings and counts; the fault is left to the command's error."""
    console = output_console()
    if report.warnings:
        console.print(
            f"warning: {describe(report.file, report.warnings)}", markup=False, soft_wrap=True
        )
    if report.summary:
        console.print(counts_table(report.summary))
        if report.summary.groups:
            console.print(groups_table(report.summary))


def write_report(report: CheckReport, path: Path) -> None:
    """Write the report, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, dataclasses.asdict(report), indent=1, end="", allow_nan=True)
