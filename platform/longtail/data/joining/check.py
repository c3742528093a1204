"""What is wrong with other files, and what of them is left out, before anything is trained."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from longtail.config.other_data.pseudo_labels import LearnedPseudoLabels
from longtail.config.stages import Stage
from longtail.data.joining.also_file import AlsoFile
from longtail.data.joining.ignore_boxes import BoxesOfFile
from longtail.data.joining.images import JoinedImages
from longtail.data.joining.matched import NONE
from longtail.data.joining.other_data import open_other_data
from longtail.data.lvis.annotations import Annotations
from longtail.data.pictures.checks import check_pictures
from longtail.problems import BadInputError, ProblemReport, describe

logger = logging.getLogger(__name__)
SHOWN = 5


def check_other_data(
    training: Annotations, stage: Stage, files: Sequence[AlsoFile], use_empty_images: bool
) -> None:
    """Open what a stage names, look at the pictures that it asks for, and log what is left out.

    Args:
        training: The training file.
        stage: Says which files, and what for.
        files: Those that are given.
        use_empty_images: Whether images without instances are used.

    Raises:
        ValueError: A file is not given, or has too few images.
        BadInputError: A file, or a picture of it, cannot be used, or it has nothing in common with
            the training file.
    """
    given_ones = stage.replace(pseudo_labels=())
    other = open_other_data(training, given_ones, files, use_empty_images)
    for joined in other.joined:
        _check_pictures(joined.name, joined.annotations, joined.root)
        logger.warning(told_of_images(joined))
    labelled = {of.file for of in stage.pseudo_labels if isinstance(of, LearnedPseudoLabels)}
    for file in files:
        if file.name in labelled:
            _check_pictures(file.name, file.annotations(), file.images)
    for ignored in other.ignored:
        logger.warning(told_of_boxes(ignored, training))


def told_of_images(file: JoinedImages) -> str:
    """How much of a joined file is learned from, in one line."""
    known = file.labels != NONE
    names = [
        name
        for name, found in zip(file.annotations.categories.names, known, strict=True)
        if not found
    ]
    counts = file.annotations.instances_per_category()
    more = ", ..." if len(names) > SHOWN else ""
    left_out = (
        f"; left out are {int(counts[~known].sum())} instances of {len(names)} other categories:"
        f" {', '.join(names[:SHOWN])}{more}"
        if names
        else ""
    )
    return (
        f"{file.name}: {len(file.images)} of {file.annotations.num_images} images and"
        f" {int(counts[known].sum())} instances of {len(np.unique(file.labels[known]))} categories"
        f" are learned from{left_out}"
    )


def told_of_boxes(file: BoxesOfFile, training: Annotations) -> str:
    """How many ignore boxes there are, in one line."""
    matched = file.images[file.images != NONE]
    written = file.annotations.written
    there = np.isin(written.image, matched)
    if file.labels is not None:
        there &= file.labels[written.labels] != NONE
    return (
        f"{file.name}: {int(there.sum())} ignore boxes in {len(matched)} of {training.num_images}"
        " training images"
    )


def _check_pictures(name: str, annotations: Annotations, root: Path) -> None:
    report = ProblemReport(str(annotations.path))
    check_pictures(annotations, root, report)
    if report.errors:
        text = describe(report.file, report.errors)
        raise BadInputError(f"{text}\n    the folder of {name} is {root}: see images=")
    if report.warnings:
        logger.warning(describe(report.file, report.warnings))
