"""Names of the files that keep an evaluation."""

from collections.abc import Iterable
from pathlib import Path

EVALUATION = "evaluation.json"
DIAGNOSIS = "diagnosis.json"
PER_CATEGORY = "per_category.csv"
PLOT = "plots/ap_by_category.html"


def as_artifacts(directory: Path, names: Iterable[str]) -> list[tuple[Path, str]]:
    """Those of the files that are there, each with its folder among the artifacts of a run.

    Args:
        directory: Of the evaluation.
        names: Paths below it.
    """
    files = [(directory / name, Path(name).parent.as_posix()) for name in names]
    return [(file, "" if folder == "." else folder) for file, folder in files if file.is_file()]
