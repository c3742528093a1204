"""The files that keep an evaluation: beside a row of a grid, and among the artifacts of its run."""

from pathlib import Path

from longtail.evaluation.diagnosis.diagnosis import diagnose
from longtail.evaluation.diagnosis.tables import as_json
from longtail.evaluation.matching.overlaps import Kind
from longtail.evaluation.recording.names import DIAGNOSIS, EVALUATION, PER_CATEGORY
from longtail.evaluation.report import Evaluation
from longtail.files import write_text
from longtail.metrics import UNDEFINED


def write_evaluation_files(
    evaluation: Evaluation,
    annotations: Path,
    predictions: Path,
    directory: Path,
    max_dets: int,
    *,
    exhaustive: bool = False,
) -> None:
    """Write `evaluation.json` and its companions; the diagnosis reads the predictions once more.

    Args:
        evaluation: What was found.
        annotations: What it was judged by.
        predictions: A result file or a store.
        directory: Where they go; it is there.
        max_dets: Detections that counted per image.
        exhaustive: Every category is labelled in every image.

    Raises:
        BadInputError: The scores are no probabilities, which a diagnosis needs.
    """
    evaluation.write_per_category(directory / PER_CATEGORY)
    evaluation.to_json(directory / EVALUATION)
    kind: Kind = "box" if evaluation.segm["AP"] == UNDEFINED else "segm"
    found = diagnose(annotations, predictions, kind, max_dets=max_dets, exhaustive=exhaustive)
    write_text(directory / DIAGNOSIS, as_json(found))
