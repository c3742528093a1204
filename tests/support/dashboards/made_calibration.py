"""A calibration of made-up errors, and a merge that says that it went through it."""

import json
from collections.abc import Sequence
from pathlib import Path

from msgspec import structs

from ensemble.calibration.file import Calibration
from ensemble.calibration.fitted_source import (
    LETTERS,
    Counts,
    ErrorChange,
    ReliabilityChange,
    SourceCalibration,
)
from longtail.evaluation.diagnosis.calibration_error import ReliabilityBin
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


def made_bins(held: dict[int, tuple[int, float, float]]) -> tuple[ReliabilityBin, ...]:
    """Ten bins of scores.

    Args:
        held: Count, mean score and precision by the place of the bin; the others are empty.
    """
    empty = (0, -1.0, -1.0)
    return tuple(ReliabilityBin(place / 10, *held.get(place, empty)) for place in range(10))


def made_reliable(names: Sequence[str]) -> Calibration:
    """Of sources with bins of r and f, and none of c: D-ECE 20.00 becomes 5.00 for r, and 10.00
    becomes 0.00 for f."""
    none = made_bins({})
    reliability = {
        "r": ReliabilityChange(
            made_bins({0: (30, 0.05, 0.25), 9: (10, 0.95, 0.75)}),
            made_bins({1: (30, 0.15, 0.2), 9: (10, 0.9, 0.85)}),
        ),
        "c": ReliabilityChange(none, none),
        "f": ReliabilityChange(made_bins({4: (200, 0.5, 0.4)}), made_bins({3: (200, 0.4, 0.4)})),
    }
    errors = {"all": (0.1167, 0.0083), "r": (0.2, 0.05), "f": (0.1, 0.0)}
    made = made_calibration({name: errors for name in names})
    sources = {
        name: structs.replace(source, reliability=reliability)
        for name, source in made.sources.items()
    }
    return structs.replace(made, sources=sources)


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
