"""Whether a training and a validation file can be used together, before any work is done."""

import logging
from collections.abc import Sequence
from pathlib import Path

from longtail.data.lvis.annotations import Annotations
from longtail.data.lvis.evaluation_faults import faults_for_evaluation
from longtail.data.lvis.training_faults import faults_for_training
from longtail.data.pictures.checks import check_pictures
from longtail.problems import BadInputError, ProblemReport, describe

logger = logging.getLogger(__name__)


def check_pair(train: Annotations, val: Annotations, images: Path) -> None:
    """Check that both files know the same categories, and that each is fit for its use.

    The training file must have what is learned, the other one what evaluation needs, and the
    picture of every image must be usable.

    Args:
        train: What is learned from.
        val: What is predicted and evaluated.
        images: The image folder of both.

    Raises:
        BadInputError: The category ids differ, nothing can be learned from one file, the other
            cannot be evaluated against, or pictures are missing or unusable; the faults of both
            files are listed.
    """
    if not train.categories.same_ids(val.categories):
        raise BadInputError(
            f"{val.path}: its {len(val.categories)} category ids are not those of {train.path}"
            f" ({len(train.categories)}); both must come from the same data set version"
        )
    reports = [
        _with_pictures(train, faults_for_training(train), images),
        _with_pictures(val, faults_for_evaluation(val, exhaustive=val.exhaustive), images),
    ]
    _tell(reports)


def check_predicted(val: Annotations, images: Path) -> None:
    """Check that a file can be predicted and evaluated, where nothing is trained.

    Args:
        val: The file.
        images: Its image folder.

    Raises:
        BadInputError: It cannot be evaluated against, or pictures are missing or unusable.
    """
    faults = faults_for_evaluation(val, exhaustive=val.exhaustive)
    _tell([_with_pictures(val, faults, images)])


def _tell(reports: Sequence[ProblemReport]) -> None:
    faulty = [describe(report.file, report.errors) for report in reports if report.errors]
    if faulty:
        raise BadInputError("\n".join(dict.fromkeys(faulty)))
    told = [describe(report.file, report.warnings) for report in reports if report.warnings]
    for text in dict.fromkeys(told):
        logger.warning(text)


def _with_pictures(annotations: Annotations, faults: ProblemReport, images: Path) -> ProblemReport:
    pictures = ProblemReport(str(annotations.path))
    check_pictures(annotations, images, pictures)
    # An image without a name is a fault of training and has no picture.
    errors = [*faults.errors, *(error for error in pictures.errors if error not in faults.errors)]
    return ProblemReport(pictures.file, errors, pictures.warnings)
