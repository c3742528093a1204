"""An evaluation's folder as a row: `evaluation.json` and what stands beside it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from dashboards.sources.files import read_tree, tree_if_there
from dashboards.sources.found import Row
from dashboards.sources.shapes.diagnosis import DiagnosisFile
from dashboards.sources.shapes.results import EvaluationFile
from longtail.evaluation.recording.names import DIAGNOSIS, EVALUATION
from longtail.metrics import UNDEFINED
from longtail.predictions.store import PredictionStore, is_store

AGAIN = "evaluate it again"


def evaluated_row(name: str, kind: str, folder: Path, **more: Any) -> Row:
    """Read a row.

    Args:
        name: The row's.
        kind: As `Row.kind`.
        folder: With `evaluation.json`.
        **more: Further fields of the row.

    Raises:
        BadInputError: The evaluation is missing, damaged or of another form.
    """
    tree = read_tree(folder / EVALUATION, AGAIN, EvaluationFile)
    diagnosis = tree_if_there(folder / DIAGNOSIS, DiagnosisFile)
    row = Row(name, kind, tree, diagnosis, folder, variant_name=name)
    return replace(row, **more)


def boxes_of_masks(row: Row) -> Iterator[str]:
    """A warning where the predictions of a row came without boxes."""
    if row.predictions is None or not is_store(row.predictions):
        return
    notes = PredictionStore.open(row.predictions).manifest.notes
    without, boxed = notes.get("records without bbox", 0), notes.get("records with bbox", 0)
    if without and row.evaluation["segm"]["AP"] != UNDEFINED:
        which = f"{without:,} of {without + boxed:,} detections" if boxed else "its detections"
        yield (
            f"{row.name}: {which} came without boxes, so these were taken from the masks: box AP"
            " and the gap are not of boxes that a detector predicted"
        )
