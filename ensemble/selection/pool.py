"""The pool on the half of the images that is chosen on: read and overlapped once, judged often.

What no selection changes is computed once for all of them: the detections of every member, which of
them are judged, and what their masks overlap of the annotations. A candidate is then a fusion of
its members' rows and a walk over the judged clusters (`ensemble.tuning.objective`). Where masks
are voted or go by scale, objects have new masks, which are overlapped for each candidate.

D rows of all P members, K categories.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.apply import calibrated_masks
from ensemble.calibration.file import Calibration
from ensemble.merging.options import settings_of
from ensemble.selection.greedy import members_of
from ensemble.sources.spec import SourceSpec
from ensemble.tuning.objective.calibrated_scores import NO_CALIBRATION
from ensemble.tuning.objective.detection_reader import read_source_detections
from ensemble.tuning.objective.detections import SourceDetections
from ensemble.tuning.objective.fused_images import FusionInputs
from ensemble.tuning.objective.space import Space
from ensemble.tuning.objective.trial import Objective
from ensemble.tuning.prepare import Split
from longtail.metrics import GROUP_METRICS, UNDEFINED

PROBLEM = "problem"
"""Why a selection is no merge; only in results of such."""


@dataclass(frozen=True, eq=False)
class Pool:
    """Everything that candidates share.

    Attributes:
        split: The half that is chosen on.
        inputs: Detections of all P members.
        scores: (2, D) scores of rows and of masks, calibrated where that is asked for.
        options: Those of `ensemble.merge`.
        metric: What is to be raised.
    """

    split: Split
    inputs: FusionInputs
    scores: NDArray[np.float64]
    options: Mapping[str, Any]
    metric: str

    @classmethod
    def read(cls, split: Split, options: Mapping[str, Any], metric: str, work: Path) -> "Pool":
        """Read all members once.

        Args:
            split: The half that is chosen on.
            options: Those of `ensemble.merge`.
            metric: What is to be raised.
            work: Takes a store that is not needed afterwards.

        Raises:
            BadInputError: A member has detections without a mask, the calibration cannot be used,
                or nothing is left to be merged.
        """
        specs = [source.spec for source in split.sources]
        space = _space(options, specs)
        settings, _ = settings_of(dict(options), len(specs))
        max_dets = settings.max_dets if space.may_compare_masks else None
        limits = settings.score_thr, settings.strict, work, max_dets, space.may_vote
        rows, rescorer = read_source_detections(split.truth, split.sources, *limits)
        trusted = np.stack([source.trusted_categories for source in split.sources])
        inputs = FusionInputs(split.truth, rows, rescorer, trusted)
        names = [spec.name for spec in specs]
        path = settings.calibration
        scores = rows.scores if path is None else _calibrated(inputs, Calibration.load(path), names)
        return cls(split, inputs, scores, options, metric)

    def judge(self, counts: Mapping[str, int]) -> dict[str, Any]:
        """AP, APr, APc and APf of a selection's merge on this half, as fractions.

        They are those of `ensemble.merge` to the last digit. A selection that no merge would accept
        has -1, and says why in `problem`.

        Args:
            counts: How often each member was chosen.
        """
        sources = self.split.sources
        chosen = [place for place, of in enumerate(sources) if of.spec.name in counts]
        if all(sources[place].boxes_only for place in chosen):
            return {**dict.fromkeys(GROUP_METRICS, UNDEFINED), PROBLEM: "no member has masks"}
        specs = members_of([of.spec for of in sources], counts)
        rows, kept = self.inputs.rows.of_sources(chosen)
        if not len(rows):
            return {**dict.fromkeys(GROUP_METRICS, UNDEFINED), PROBLEM: "no detection to merge"}
        trusted = self.inputs.trusted_categories[chosen]
        inputs = replace(self.inputs, rows=rows, trusted_categories=trusted)
        scores = {NO_CALIBRATION: self.scores[:, kept]}
        space = _space(self.options, specs)
        found = Objective(inputs, scores, space, (self.metric,), margin_trials=0).run({})
        return {name: found[name] for name in (*GROUP_METRICS, PROBLEM) if name in found}


def _space(options: Mapping[str, Any], specs: Sequence[SourceSpec]) -> Space:
    """One point: nothing is searched."""
    return Space(options, specs, frozenset(), (options["method"],), (NO_CALIBRATION,))


def _calibrated(
    inputs: FusionInputs, calibration: Calibration, names: Sequence[str]
) -> NDArray[np.float64]:
    """(2, D) scores through the maps of their sources; those without maps keep theirs."""
    rows: SourceDetections = inputs.rows
    groups, scores = inputs.category_groups[rows.category], rows.score.copy()
    for place, name in enumerate(names):
        if name in calibration.sources:
            of = rows.source == place
            scores[of] = calibration.apply(name, rows.score[of], groups[of])
    return np.stack([scores, calibrated_masks(rows.score, rows.score_mask, scores)])
