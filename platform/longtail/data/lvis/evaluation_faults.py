"""What evaluation refuses in an annotation file that may be fit for training."""

import numpy as np
from numpy.typing import NDArray

from longtail.data.lvis.annotations import Annotations
from longtail.data.lvis.federated_lists import refuse_missing_lists
from longtail.data.lvis.tables import SegmentationKind
from longtail.problems import ProblemReport

# hotcoco takes boxes, for recall, as rows of 64-bit floats, ids among them.
END_OF_IDS = 2**53


def faults_for_evaluation(annotations: Annotations, *, exhaustive: bool) -> ProblemReport:
    """What keeps an open annotation file from being evaluated against.

    Args:
        annotations: The file, which training can read.
        exhaustive: Every category is labelled in every image, so that federated lists may lack.
    """
    report = ProblemReport(str(annotations.path))
    written = annotations.written
    if not len(written.ids):
        remedy = annotations.misspelt_remedy or "give a labelled split, not an image_info file"
        what = "empty, and evaluation needs annotations"
        report.error("annotations", what, ["the list"], remedy)
    elif exhaustive:
        annotations.refuse_lists_of_some(report)
    else:
        refuse_missing_lists(annotations.image_ids, annotations.missing_lists, report)
    _check_limit("images.id", annotations.image_ids, report)
    _check_limit("annotations.id", written.ids, report)
    counted = written.areas > 0
    with_box_only = counted & (written.kinds == SegmentationKind.NONE)
    if with_box_only.sum() < counted.sum():
        pairs = zip(written.ids[with_box_only], written.image[with_box_only], strict=True)
        offenders = [f"annotation {a} of image {annotations.image_ids[i]}" for a, i in pairs]
        remedy = "give each a segmentation; without any in the file, boxes alone are evaluated"
        what = "no mask, where other annotations have one"
        report.error("annotations.segmentation", what, offenders, remedy)
    return report


def _check_limit(field: str, ids: NDArray[np.int64], report: ProblemReport) -> None:
    what = "2**53 or more, which evaluators do not hold exactly"
    report.error(field, what, ids[ids >= END_OF_IDS], "renumber the records")
