"""Which map scores go through where a source or a group has too few detections for its own.

The source's map of the group, else its map of all groups, else one map of all sources together,
else none. A map needs so many right and as many wrong detections, in more than one fold of images:
its error could not be told otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.fit_settings import FitSettings
from ensemble.calibration.fitted_source import ALL
from ensemble.calibration.kinds import Taken
from ensemble.calibration.labelled_scores import LabelledScores, joined
from ensemble.calibration.maps import MAP_TYPES, ScoreMap
from longtail.categories import FREQUENCY_GROUPS

Labelled = Mapping[str, LabelledScores]


@dataclass(frozen=True)
class FittedMaps:
    """The maps of sources, and the one that others share.

    Attributes:
        own: By source and group, "all" among them; sources with too few detections are not here.
        shared: Of all sources together; None where nobody needs it, or it has too few as well.
    """

    own: Mapping[str, Mapping[str, ScoreMap]]
    shared: ScoreMap | None

    def whose(self, name: str, letter: str) -> Taken:
        """Whose map the scores of a source in a group go through."""
        if name in self.own:
            return "group" if letter != ALL and letter in self.own[name] else "source"
        return "unchanged" if self.shared is None else "all sources"

    def map_of(self, name: str, letter: str) -> ScoreMap | None:
        """That map."""
        maps = self.own.get(name)
        return self.shared if maps is None else maps.get(letter, maps[ALL])


@dataclass(frozen=True)
class FallBack:
    """Who has enough detections for a map.

    Attributes:
        own: Names of sources with a map of their own.
        is_shared: Whether the others share one.
    """

    own: frozenset[str]
    is_shared: bool

    @classmethod
    def of(
        cls, labelled: Labelled, fold_of_image: NDArray[np.int64], settings: FitSettings
    ) -> "FallBack":
        """Decide by all detections, those of every fold."""

        def has_enough(rows: LabelledScores) -> bool:
            folds = np.unique(fold_of_image[rows.image])
            return len(folds) > 1 and has_matches(rows, settings.needed)

        own = frozenset(name for name, rows in labelled.items() if has_enough(rows))
        is_shared = len(own) < len(labelled) and has_enough(pooled(labelled))
        return cls(own, is_shared)

    @property
    def changes_something(self) -> bool:
        """Whether any score is calibrated."""
        return bool(self.own) or self.is_shared

    def fit(self, labelled: Labelled, settings: FitSettings, needed: int) -> FittedMaps:
        """Fit these maps.

        Args:
            labelled: Judged detections by source, those of some folds at least.
            settings: Kind and groups.
            needed: True positives, and as many false ones, from which a group gets its own map.
        """
        own = {name: _maps_of(labelled[name], settings, needed) for name in sorted(self.own)}
        if not self.is_shared:
            return FittedMaps(own, None)
        rows = pooled(labelled)
        return FittedMaps(own, MAP_TYPES[settings.kind].fit(rows.score, rows.true_positive))

    def fit_without(
        self,
        labelled: Labelled,
        fold_of_image: NDArray[np.int64],
        fold: int,
        settings: FitSettings,
    ) -> FittedMaps:
        """Fit them to the other folds; a group needs its share of the detections asked for."""
        needed = max(1, settings.needed * (settings.folds - 1) // settings.folds)
        others = {
            name: rows.take(fold_of_image[rows.image] != fold) for name, rows in labelled.items()
        }
        return self.fit(others, settings, needed)


def pooled(labelled: Labelled) -> LabelledScores:
    """The detections of all sources, in the order of their names."""
    return joined([labelled[name] for name in sorted(labelled)])


def has_matches(rows: LabelledScores, needed: int) -> bool:
    """Whether so many are true positives, and as many false ones."""
    return min(rows.num_true_positives, len(rows) - rows.num_true_positives) >= needed


def _maps_of(rows: LabelledScores, settings: FitSettings, needed: int) -> dict[str, ScoreMap]:
    """The map of all rows, and one of each group that has enough of them."""
    fit = MAP_TYPES[settings.kind].fit
    maps: dict[str, ScoreMap] = {ALL: fit(rows.score, rows.true_positive)}
    for group, letter in enumerate(FREQUENCY_GROUPS) if settings.groups == "frequency" else ():
        part = rows.take(rows.group == group)
        if has_matches(part, needed):
            maps[letter] = fit(part.score, part.true_positive)
    return maps
