"""The calibration that a merge went through, where its file still is what the merge read."""

from pathlib import Path

from dashboards.sources.files import tree_if_there
from ensemble.calibration.file import Calibration
from ensemble.merging.folder import MERGE
from ensemble.sources.files import digest_of
from longtail.problems import BadInputError


def calibration_of_merge(folder: Path) -> Calibration | None:
    """Read it by what `merge.json` says; None for a merge without one.

    Args:
        folder: Of the merge.

    Raises:
        BadInputError: The file is gone, damaged, or another one by now.
    """
    tree = tree_if_there(folder / MERGE)
    named = tree.get("settings", {}).get("calibration")
    if named is None:
        return None
    path = Path(named)
    calibration = Calibration.load(path)
    if digest_of(path) != tree.get("calibration"):
        raise BadInputError(f"{path}: changed since {folder} was merged; merge again")
    return calibration
