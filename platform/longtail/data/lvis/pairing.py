"""Whether a training and a validation file can be used together, before any work is done."""

from pathlib import Path

from longtail.data.lvis.annotations import Annotations, missing_images
from longtail.data.lvis.evaluation_faults import faults_for_evaluation
from longtail.data.lvis.training_faults import faults_for_training
from longtail.problems import BadInputError, ProblemReport


def check_pair(train: Annotations, val: Annotations, images: Path) -> None:
    """Check that both files know the same categories and that every picture is there.

    The training file must have what is learned, the other one what evaluation needs.

    Args:
        train: What is learned from.
        val: What is predicted and evaluated.
        images: The image folder of both.

    Raises:
        BadInputError: The category ids differ, picture files are missing, nothing can be learned
            from one file, or the other cannot be evaluated against.
    """
    faults_for_training(train).raise_if_errors()
    faults_for_evaluation(val, exhaustive=val.exhaustive).raise_if_errors()
    if not train.categories.same_ids(val.categories):
        raise BadInputError(
            f"{val.path}: its {len(val.categories)} category ids are not those of {train.path}"
            f" ({len(train.categories)}); both must come from the same data set version"
        )
    for annotations in (train, val):
        report = ProblemReport(str(annotations.path))
        report.error(
            "images.file_name",
            f"no such file under {images}",
            missing_images(annotations, images),
            "give the folder that holds the pictures with --images, or complete it",
        )
        report.raise_if_errors()
