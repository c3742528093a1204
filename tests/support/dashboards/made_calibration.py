"""A calibration of made-up errors, and a merge that says that it went through it."""

import json
from pathlib import Path

from ensemble.calibration.file import Calibration
from ensemble.calibration.fitted_source import LETTERS, Counts, ErrorChange, SourceCalibration
from longtail.files import sha256_of


def made_calibration(errors: dict[str, dict[str, tuple[float, float]]]) -> Calibration:
    """Without a map: all scores stay as they are.

    Args:
        errors: D-ECE before and after by source, then group.
    """
    sources = {
        name: SourceCalibration(
            maps={},
            counts={letter: Counts(0, 0) for letter in LETTERS},
            error={letter: ErrorChange(*of_groups.get(letter, (-1, -1))) for letter in LETTERS},
            taken=dict.fromkeys(LETTERS, "unchanged"),
        )
        for name, of_groups in errors.items()
    }
    return Calibration("platt", "frequency", "segm", 0.5, 10, 2, "0" * 64, "0" * 64, sources)


def write_made_merge(folder: Path, calibration: Path, error: float = 0.2) -> Path:
    """Write `merge.json` of a merge, and the calibration that it names; returns the latter.

    Args:
        folder: Of the merge.
        calibration: The file.
        error: Before, of the only source.
    """
    made_calibration({"r50": {"all": (error, 0.1)}}).save(calibration)
    folder.mkdir()
    request = {
        "settings": {"calibration": str(calibration)},
        "calibration": sha256_of(calibration),
    }
    (folder / "merge.json").write_text(json.dumps(request))
    return calibration
