"""The kinds of calibration, and what holds for all of them."""

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.kinds import CalibrationKind
from ensemble.calibration.knot_maps import IsotonicMap, RankMap
from ensemble.calibration.sigmoid_maps import BetaMap, PlattMap, TemperatureMap

ScoreMap = PlattMap | IsotonicMap | TemperatureMap | BetaMap | RankMap

MAP_TYPES: dict[CalibrationKind, type[ScoreMap]] = {
    "platt": PlattMap,
    "isotonic": IsotonicMap,
    "temperature": TemperatureMap,
    "beta": BetaMap,
    "rank": RankMap,
}

MIN_MATCHES: dict[CalibrationKind, int] = {
    "platt": 20,
    "isotonic": 200,
    "temperature": 10,
    "beta": 30,
    "rank": 20,
}
"""True positives, and as many false ones, from which a kind can be fitted."""

TIE_BREAK = 1e-6
"""Share of the score itself in a calibrated score."""


def calibrated(score_map: ScoreMap, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) scores in [0, 1] that keep the order of (n,) scores.

    A millionth of the score itself is mixed in, without which detections in a pool of an isotonic
    map, or at the rounded end of a sigmoid, would tie, and AP would depend on the order in which
    they are stored. Two scores that differ by 1e-8 or more never tie and never change places; a
    score in float32 below 1 is at least 6e-8 from its neighbours above one half.
    """
    mixed: NDArray[np.float64] = (1 - TIE_BREAK) * score_map(scores) + TIE_BREAK * scores
    return mixed


def through(score_map: ScoreMap | None, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same; without a map the scores themselves."""
    return scores if score_map is None else calibrated(score_map, scores)
