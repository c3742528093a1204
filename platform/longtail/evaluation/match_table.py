"""Matching of predictions against annotations, kept detection by detection."""

from pathlib import Path
from tempfile import TemporaryDirectory

from longtail.evaluation.annotations.ground_truth import read_ground_truth
from longtail.evaluation.matching.overlaps import Kind
from longtail.evaluation.metrics.matches.table import MatchTable
from longtail.evaluation.metrics.rescorer import MAX_DETS, Rescorer
from longtail.predictions.result_json.read import open_predictions


def match_table(
    annotations: Path,
    predictions: Path,
    kind: Kind = "segm",
    max_dets: int = MAX_DETS,
    *,
    exhaustive: bool = False,
) -> MatchTable:
    """Match the detections of a file or store by their own scores.

    Args:
        annotations: An LVIS annotation file.
        predictions: LVIS result JSON, or the directory of a prediction store.
        kind: "segm" for masks, "box" for boxes.
        max_dets: Best-scored detections that count per image, at least 1; -1 for all.
        exhaustive: Every category is labelled in every image (see `read_ground_truth`).

    Raises:
        ValueError: `kind` or `max_dets` is none of the allowed.
        BadInputError: A file cannot be used; the message names file, record and field.
    """
    truth = read_ground_truth(annotations, exhaustive=exhaustive)
    with TemporaryDirectory(prefix="match-table-") as scratch:
        out = Path(scratch) / "predictions"
        of = truth.images, truth.categories
        store = open_predictions(predictions, *of, out, max_score=None)
        rescorer = Rescorer.build(truth, store, kind, max_dets)
    return rescorer.match_table(rescorer.scores)
