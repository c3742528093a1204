"""An evaluation's folder as a row: `evaluation.json` and what stands beside it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from dashboards.sources.files import read_tree, tree_if_there
from dashboards.sources.found import Row
from longtail.evaluation.recording.names import DIAGNOSIS, EVALUATION
from longtail.problems import BadInputError

NEEDED = ("segm", "box", "per_category", "counts")


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
    path = folder / EVALUATION
    tree = read_tree(path, "evaluate it again")
    if lacking := [key for key in NEEDED if key not in tree]:
        raise BadInputError(
            f"{path}: no field {lacking[0]!r}; it is not an evaluation of Longtail's"
        )
    row = Row(name, kind, tree, tree_if_there(folder / DIAGNOSIS), folder, variant_name=name)
    return replace(row, **more)
