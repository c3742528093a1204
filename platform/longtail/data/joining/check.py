"""What is wrong with other files, and what of them is left out, before anything is trained."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from longtail.config.other_data.pseudo_labels import LearnedPseudoLabels
from longtail.config.stages import Stage
from longtail.data.joining.also_file import AlsoFile
from longtail.data.joining.ignore_boxes import BoxesOfFile
from longtail.data.joining.images import JoinedImages
from longtail.data.joining.matched import NONE
from longtail.data.joining.other_data import open_other_data
from longtail.data.joining.same_pictures import shared_pictures
from longtail.data.lvis.annotations import Annotations
from longtail.data.pictures.checks import check_pictures
from longtail.problems import BadInputError, ProblemReport, describe

logger = logging.getLogger(__name__)
SHOWN = 5


@dataclass(frozen=True)
class Pictures:
    """An annotation file and the folder of its pictures."""

    annotations: Annotations
    root: Path


def check_other_data(
    training: Pictures,
    evaluated: Pictures,
    stage: Stage,
    files: Sequence[AlsoFile],
    use_empty_images: bool,
) -> None:
    """Open what a stage names, look at the pictures that it asks for, and log what is left out.

    Args:
        training: The training file.
        evaluated: What rows are evaluated on; nothing may be learned from its pictures.
        stage: Says which files, and what for.
        files: Those that are given.
        use_empty_images: Whether images without instances are used.

    Raises:
        ValueError: A file is not given, has too few images, or pictures that are evaluated.
        BadInputError: A file, or a picture of it, cannot be used, or it has nothing in common with
            the training file.
    """
    given_ones = stage.replace(pseudo_labels=())
    other = open_other_data(training.annotations, given_ones, files, use_empty_images)
    for joined in other.joined:
        of_file = Pictures(joined.annotations, joined.root)
        _check_shown(joined.name, of_file, training, evaluated)
        _check_pictures(joined.name, of_file)
        logger.warning(told_of_images(joined))
    labelled = {of.file for of in stage.pseudo_labels if isinstance(of, LearnedPseudoLabels)}
    for file in files:
        if file.name in labelled:
            of_file = Pictures(file.annotations(), file.images)
            _check_shown(file.name, of_file, training, evaluated)
            _check_pictures(file.name, of_file)
    for ignored in other.ignored:
        logger.warning(told_of_boxes(ignored, training.annotations))


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


def _check_shown(name: str, file: Pictures, training: Pictures, evaluated: Pictures) -> None:
    """Refuse pictures that are evaluated, and tell of those that would be shown twice."""
    of_file = file.annotations, file.root
    if leaked := shared_pictures(*of_file, evaluated.annotations, evaluated.root):
        raise ValueError(
            f"--also {name}: {len(leaked)} of its pictures are evaluated, as those of"
            f" {evaluated.annotations.path} ({leaked[0]} is the first): every row would know them;"
            " leave them out of the file"
        )
    if twice := shared_pictures(*of_file, training.annotations, training.root):
        logger.warning(
            f"{name}: {len(twice)} of its pictures are in the training file too ({twice[0]} is the"
            " first), and are shown twice"
        )


def _check_pictures(name: str, file: Pictures) -> None:
    report = ProblemReport(str(file.annotations.path))
    check_pictures(file.annotations, file.root, report)
    if report.errors:
        text = describe(report.file, report.errors)
        raise BadInputError(f"{text}\n    the folder of {name} is {file.root}: see images=")
    if report.warnings:
        logger.warning(describe(report.file, report.warnings))
