"""What evaluation refuses in an annotation file that may be fit for training."""

from longtail.data.lvis.annotations import Annotations
from longtail.data.lvis.tables import SegmentationKind
from longtail.problems import ProblemReport

EVALUATION_NEEDS = "evaluation needs annotations; give a labelled split, not an image_info file"


def faults_for_evaluation(annotations: Annotations, *, exhaustive: bool) -> ProblemReport:
    """What keeps an open annotation file from being evaluated against.

    Args:
        annotations: The file, which training can read.
        exhaustive: Every category is labelled in every image, so that federated lists may lack.
    """
    report = ProblemReport(str(annotations.path))
    if annotations.num_instances == 0:
        report.error("annotations", "empty", ["the list"], EVALUATION_NEEDS)
    masks = sum(annotations.num_segmentations(kind) for kind in SegmentationKind if kind)
    if 0 < masks < annotations.num_instances:
        what = "some annotations have a mask and others none"
        report.error("annotations.segmentation", what, ["the list"], "outline all, or none")
    if not exhaustive:
        report.errors += [w for w in annotations.warnings if w.what == "missing, read as empty"]
    return report
