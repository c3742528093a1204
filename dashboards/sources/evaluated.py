"""An evaluation's folder as a row: `evaluation.json` and what stands beside it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from dashboards.sources.diagnosis_shape import DiagnosisFile
from dashboards.sources.files import read_tree, tree_if_there
from dashboards.sources.found import Row
from dashboards.sources.shapes import EvaluationFile
from longtail.evaluation.recording.names import DIAGNOSIS, EVALUATION

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
