"""What a merge's calibration did to the scores of its sources: figures, and their numbers."""

import math
from collections.abc import Iterator
from typing import Any

from dashboards.figures.diagnosis.calibration_change import calibration_change
from dashboards.figures.diagnosis.parts import group_name
from dashboards.figures.diagnosis.reliability_change import reliability_change
from dashboards.figures.diagnosis.score_bins import share_too_high
from dashboards.section import Block, Note
from dashboards.tables import Column, Table
from ensemble.calibration.file import REMEDY, Calibration
from ensemble.calibration.fitted_source import SourceCalibration
from longtail.categories import FREQUENCY_GROUPS
from longtail.evaluation.diagnosis.calibration_error import ReliabilityBin
from longtail.results.points import points_or_nan

WITHOUT = "no detection"
COLUMNS = (
    Column("source", "source"),
    Column("group", "categories"),
    Column("detections", "judged detections", ",d"),
    Column("before", "D-ECE before", undefined=WITHOUT),
    Column("after", "after", undefined=WITHOUT),
    Column(
        "too_high",
        "too high before",
        ".0%",
        hint="share of the detections in tenths of scores that are right less often than they say",
        undefined=WITHOUT,
    ),
    Column("too_high_after", "after", ".0%", hint="the same afterwards", undefined=WITHOUT),
)


def calibrated(calibration: Calibration, merge: str, suffix: str = "") -> Iterator[Block]:
    """Errors of scores before and after, how often scores are right, and both as a table.

    Args:
        calibration: That the merge used.
        merge: Its name.
        suffix: Of the names of this merge's blocks.
    """
    yield calibration_change(calibration, suffix)
    curves = reliability_change(calibration, suffix)
    if curves is None:
        yield Note(
            f"How often scores are right is not drawn: the calibration of {merge} was fitted before"
            f" its file kept that; {REMEDY}, and merge again.",
            "missing",
        )
        return
    yield curves
    yield Table(
        f"calibrated-scores{suffix}",
        "Scores before and after calibration",
        COLUMNS,
        [
            _line(name, source, letter)
            for name, source in calibration.sources.items()
            if source.reliability
            for letter in FREQUENCY_GROUPS
        ],
        "D-ECE in points; nearer to 0 is better. After: maps that were fitted to other images.",
    )


def _line(name: str, source: SourceCalibration, letter: str) -> dict[str, Any]:
    change, error = source.reliability[letter], source.error[letter]
    return {
        "source": name,
        "group": group_name(letter),
        "detections": sum(of.count for of in change.before),
        "before": points_or_nan(error.before),
        "after": points_or_nan(error.after),
        "too_high": _too_high(change.before),
        "too_high_after": _too_high(change.after),
    }


def _too_high(bins: tuple[ReliabilityBin, ...]) -> float:
    return share_too_high(bins) if any(of.count for of in bins) else math.nan
