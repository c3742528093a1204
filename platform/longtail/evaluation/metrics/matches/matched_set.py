"""A prediction set after matching: all that an evaluation reads off."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.annotations.instances import Instances
from longtail.evaluation.matching.overlaps import Overlaps
from longtail.evaluation.matching.shard import DetectionScores, Kind, MatchingShard
from longtail.evaluation.metrics.matches.table import MatchTable
from longtail.evaluation.metrics.rescorer import Rescorer
from longtail.evaluation.metrics.summary import Summary, undefined_like
from longtail.predictions.checks.coverage import Coverage


@dataclass(frozen=True, eq=False)
class MatchedSet:
    """What was matched, by kind of overlap.

    Attributes:
        rescorers: Masks, where there are some to overlap, and boxes.
        detections: All detections of the set, with the scores of masks or of boxes.
        warnings: Why masks are undefined, if they are.
    """

    rescorers: Mapping[Kind, Rescorer]
    detections: Mapping[Kind, DetectionScores]
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, truth: GroundTruth, whole: MatchingShard, max_dets: int) -> "MatchedSet":
        """The set of a matching of all blocks, for a cap on detections per image."""
        warnings = tuple(_why_undefined(truth, whole))
        instances = Instances.of(truth)
        kinds: list[Kind] = ["box"] if warnings else ["segm", "box"]
        rescorers = {
            kind: Rescorer(
                overlaps=Overlaps.of(whole, kind, instances, truth.images.ids),
                categories=truth.categories,
                kind=kind,
                max_dets=max_dets,
                inputs={},
            )
            for kind in kinds
        }
        return cls(rescorers, {kind: DetectionScores.of(whole, kind) for kind in kinds}, warnings)

    @cached_property
    def summaries(self) -> dict[Kind, Summary]:
        """Metrics under the cap; all -1 for masks that are undefined."""
        found = {
            kind: Summary.of(of.curves(of.scores), of.categories, of.max_dets)
            for kind, of in self.rescorers.items()
        }
        return found if "segm" in found else {"segm": undefined_like(found["box"]), **found}

    @cached_property
    def tables(self) -> dict[Kind, MatchTable]:
        """Matches under the cap, detection by detection."""
        return {kind: of.match_table(of.scores) for kind, of in self.rescorers.items()}

    def coverage(self, truth: GroundTruth) -> Coverage:
        """In how many of the images with objects anything is found."""
        found = np.zeros(len(truth.images), np.bool_)
        found[self.detections["box"].image] = True
        return Coverage.of_objects(truth.has_objects, found)

    @property
    def counts(self) -> dict[str, int]:
        """Detections, and those of them that counted by their masks and by their boxes."""
        return {
            "detections": len(self.detections["box"].score),
            "judged_masks": self.num_judged("segm"),
            "judged_boxes": self.num_judged("box"),
        }

    def num_judged(self, kind: Kind) -> int:
        """Detections that counted: judged, with an area, within the cap."""
        if kind not in self.rescorers:
            return 0
        return self.rescorers[kind].num_judged(self.detections[kind].score)


def _why_undefined(truth: GroundTruth, whole: MatchingShard) -> Iterator[str]:
    if not truth.has_masks:
        yield "the annotations have boxes only: mask AP is undefined (-1)"
    elif len(whole.score) and not whole.any_mask:
        yield "no detection has a mask: mask AP is undefined (-1)"
