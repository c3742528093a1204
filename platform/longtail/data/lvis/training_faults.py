"""What training refuses in an annotation file that may be fit for evaluation."""

from longtail.data.lvis.annotations import Annotations
from longtail.problems import ProblemReport


def faults_for_training(annotations: Annotations) -> ProblemReport:
    """What keeps an open annotation file from being trained on, pictures apart."""
    report = ProblemReport(str(annotations.path))
    if annotations.num_instances == 0:
        remedy = annotations.misspelt_remedy or "give a labelled split, not an image_info file"
        what = "no instance that a detector could learn"
        report.error("annotations", what, ["the list"], remedy)
    nameless = [i for i in range(annotations.num_images) if not annotations.file_name(i)]
    offenders = [f"image {annotations.image_ids[i]}" for i in nameless]
    what = "neither file_name nor coco_url"
    report.error("images.file_name", what, offenders, "add file_name")
    return report
