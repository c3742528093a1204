"""Names of the files that keep an evaluation."""

from collections.abc import Iterable
from pathlib import Path

EVALUATION = "evaluation.json"
DIAGNOSIS = "diagnosis.json"
PER_CATEGORY = "per_category.csv"


def as_artifacts(directory: Path, names: Iterable[str]) -> list[tuple[Path, str]]:
    """Those of the files that are there, each with its folder among the artifacts of a run.

    Args:
        directory: Of the evaluation.
        names: Of files in it.
    """
    files = [directory / name for name in names]
    return [(file, "") for file in files if file.is_file()]
