"""Both halves of the images, opened when the first selection is to be judged."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ensemble.calibration.file import Calibration
from ensemble.outputs.resampled_ap import Resampled
from ensemble.selection.greedy import Counts, members_of, told
from ensemble.selection.pool import Pool
from ensemble.selection.request import SelectRequest
from ensemble.tuning.held_out import HeldOut
from ensemble.tuning.prepare import Split, judged_counts, labelled_sources, open_splits
from longtail.evaluation.annotations.ground_truth import GroundTruth

Say = Callable[[str], object]


@dataclass(frozen=True)
class Halves:
    """What selections are judged on.

    Attributes:
        request: What is asked for.
        truth: Annotations of all images.
        work: Takes what is not needed afterwards.
        say: Told what is read and evaluated.
    """

    request: SelectRequest
    truth: GroundTruth
    work: Path
    say: Say

    @cached_property
    def _splits(self) -> tuple[Split, Split]:
        return open_splits(self.request, self.truth, self.work, self.say)

    @cached_property
    def pool(self) -> Pool:
        """The half that is chosen on.

        Raises:
            BadInputError: A member cannot be used.
        """
        split, _ = self._splits
        judged_counts(split, labelled_sources(split), self.say)
        self.say("overlapping all detections with the annotations, once")
        return Pool.read(split, self.request.options, self.request.metric, self.work / "union")

    @cached_property
    def _held_out(self) -> HeldOut:
        _, split = self._splits
        resamples = int(self.request.options["resamples"])
        return HeldOut(split.truth, split.sources, resamples, self.work, self.say)

    @property
    def warnings(self) -> list[str]:
        """Why an interval of the other half may be too narrow."""
        return list(self._held_out.warnings)

    def row(self, counts: Counts) -> dict[str, Any]:
        """The merge of a selection on the other half: AP and AP-fixed, with intervals.

        Raises:
            ValueError: It is no merge.
        """
        name = told(counts)
        if name not in self._held_out.rows:
            specs = members_of(self.request.specs, counts)
            options = options_of(self.request.options, counts)
            self._held_out.add_merge(name, specs, options)
        return self._held_out.rows[name]

    def gain(self, before: Counts, after: Counts) -> dict[str, dict[str, float]]:
        """Differences of two selections on the other half, over the same resamples."""
        return self._resampled(after).minus(self._resampled(before))

    def _resampled(self, counts: Counts) -> Resampled:
        self.row(counts)
        return self._held_out.resampled[told(counts)]


def options_of(options: Mapping[str, Any], counts: Mapping[str, int]) -> dict[str, Any]:
    """The options of a selection's merge: without a calibration that knows none of its members."""
    path = options["calibration"]
    if path is None or {*Calibration.load(path).sources} & {*counts}:
        return dict(options)
    return {**options, "calibration": None}
