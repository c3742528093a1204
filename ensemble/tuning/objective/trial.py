"""One trial: sources fused at a point of the space, and the margins that suit the result best.

Its AP is that of the merge at this point, to the last digit. D rows.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ensemble.fusion.settings import MergeSettings
from ensemble.sources.spec import SourceSpec
from ensemble.sources.valid_area import check_coverage
from ensemble.tuning.objective.capped_ap import CappedAP
from ensemble.tuning.objective.fused_images import FusionInputs
from ensemble.tuning.objective.margins import MarginTrials, try_margins
from ensemble.tuning.objective.space import Point, Space
from longtail.evaluation.margins import Margins
from longtail.metrics import GROUP_METRICS, UNDEFINED

MARGINS = "margins"
"""Key of a result under which its margins are, all that were tried."""
Result = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Objective:
    """Everything that trials share; made once, loaded by every process.

    Attributes:
        fusion: The detections.
        scores: (2, D) scores of rows and of masks by kind of calibration, "none" for those of the
            sources.
        space: What is searched.
        wanted: What to raise, some of `GROUP_METRICS`; margins are chosen by the first.
        margin_trials: Margins to try on a fusion.
    """

    fusion: FusionInputs
    scores: Mapping[str, NDArray[np.float64]]
    space: Space
    wanted: Sequence[str]
    margin_trials: int

    def run(self, point: Point) -> Result:
        """Metrics as fractions, `rare_margin`, `common_margin`, how it went, and `margins`.

        A point that no merge would accept has the metric -1 and says why in `problem`.
        """
        try:
            specs, settings = self.space.specs_at(point), self.space.settings_at(point)
            self._check_sizes(specs)
            self._check_masks(settings)
        except ValueError as error:
            return {**dict.fromkeys(GROUP_METRICS, UNDEFINED), "problem": str(error)}
        scores = self.scores[self.space.calibration_at(point)]
        fused = self.fusion.fuse(scores, specs, settings)
        num_images = len(self.fusion.truth.images)
        capped_ap = CappedAP(fused, self.fusion.categories, num_images, settings.max_dets)
        trials = self._try_margins(capped_ap, settings.margins)
        best = trials.best(self.wanted)
        return trials.metrics_at(best) | {
            "rare_margin": trials.rare[best],
            "common_margin": trials.common[best],
            "clusters": len(fused.scores),
            "images_over_the_cap": capped_ap.num_over,
            "margins_tried": len(trials),
            MARGINS: msgspec.to_builtins(trials),
        }

    def _try_margins(self, capped_ap: CappedAP, start: Margins) -> MarginTrials:
        """Those of the command line alone, where margins change nothing or are not searched."""
        searched = "margins" in self.space.searched and capped_ap.num_over
        return try_margins(capped_ap, start, self.margin_trials if searched else 0, self.wanted)

    def _check_sizes(self, specs: Sequence[SourceSpec]) -> None:
        rows, trusted = self.fusion.rows, self.fusion.trusted_categories
        longest = math.sqrt(float((rows.heights * rows.widths).max()))
        names, areas = [spec.name for spec in specs], [spec.valid_area for spec in specs]
        check_coverage(areas, trusted, names, self.fusion.categories.names, longest)

    def _check_masks(self, settings: MergeSettings) -> None:
        if settings.fusion.match == "mask" and not self.fusion.rows.has_mask.all():
            raise ValueError("--match mask: a source has boxes only, and masks cannot be compared")
