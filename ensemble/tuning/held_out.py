"""What the half that was not tuned on says: AP and AP-fixed with intervals, what a source adds.

These are merges as `ensemble.merge` makes them, voted masks and all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from ensemble.merging.options import settings_of
from ensemble.merging.request import Request
from ensemble.merging.shards import merged_blocks
from ensemble.merging.statistics import MergeStatistics
from ensemble.outputs.resampled_ap import ALL_METRICS, Resampled, evaluate_masks, resample
from ensemble.sources.open import OpenedSource
from ensemble.sources.spec import SourceSpec
from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.uncertainty.bootstrap import rough_intervals
from longtail.metrics import UNDEFINED
from longtail.predictions.store import PredictionStore, Source, StoreWriter

START, TUNED, WITHOUT = "start", "tuned", "without "
Options = Mapping[str, Any]


@dataclass
class HeldOut:
    """Rows of the report, and what they are made of.

    Attributes:
        truth: The annotations of this half.
        sources: All sources, restricted to its images.
        resamples: Resamples of the images for intervals; 0 for none.
        work_dir: Takes merged stores.
        say: Told what is being evaluated.
        rows: By name: AP and AP-fixed as fractions, and `intervals`.
        resampled: The same over resamples, where there are some.
        warnings: Why an interval may be too narrow.
    """

    truth: GroundTruth
    sources: Sequence[OpenedSource]
    resamples: int
    work_dir: Path
    say: Callable[[str], object]
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    resampled: dict[str, Resampled] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """The names of the sources."""
        return [source.spec.name for source in self.sources]

    def add_sources(self) -> None:
        """A row for each source as it is; mask AP is undefined for one with boxes only."""
        for source in self.sources:
            if source.boxes_only:
                self.rows[source.spec.name] = dict.fromkeys(ALL_METRICS, UNDEFINED)
            else:
                self._add(source.spec.name, PredictionStore.open(source.directory))

    def add_merge(self, name: str, specs: Sequence[SourceSpec], options: Options) -> None:
        """A row for a merge of some or all of the sources.

        Args:
            name: Of the row.
            specs: The sources that take part, with their weights and sizes.
            options: Those of `ensemble.merge`.

        Raises:
            ValueError: The options do not go with the sources.
            BadInputError: A source cannot be merged.
        """
        settings, resolved = settings_of(dict(options), len(specs))
        request = Request(specs, self.truth.path, settings, resolved)
        plan = request.plan(self.truth.images, self.truth.categories, self._opened(specs))
        writer = StoreWriter(self.work_dir / f"row{len(self.rows)}", plan.images, Source(name))
        blocks = merged_blocks(plan, MergeStatistics(plan.names))
        for shard in range(plan.images.num_shards):
            writer.write_shard(shard, islice(blocks, len(plan.images.blocks_of_shard(shard))))
        self._add(name, writer.finish())

    def add_without(self, specs: Sequence[SourceSpec], options: Options) -> None:
        """A row without each source in turn, all else as it was; none for a single source.

        A merge that needs the source to have all object sizes covered has no row.
        """
        for spec in specs if len(specs) > 1 else ():
            others = [other for other in specs if other != spec]
            try:
                self.add_merge(f"{WITHOUT}{spec.name}", others, options)
            except ValueError as error:
                self.say(f"without {spec.name}: {error}")

    def differences(self) -> dict[str, dict[str, Any]]:
        """What tuning gains over the start and the best source, and what each source adds."""
        if not self.resamples:
            return {}
        best = max(self.names, key=lambda name: float(self.rows[name]["AP"]))
        against = [START, best, *(name for name in self.rows if name.startswith(WITHOUT))]
        tuned = self.resampled[TUNED]
        return {name: tuned.minus(self.resampled[name]) for name in against}

    def _opened(self, specs: Sequence[SourceSpec]) -> list[OpenedSource]:
        by_name = {source.spec.name: source for source in self.sources}
        return [
            replace(by_name[spec.name], spec=replace(spec, scale=by_name[spec.name].spec.scale))
            for spec in specs
        ]

    def _add(self, name: str, store: PredictionStore) -> None:
        self.say(f"evaluating {name} on the other half")
        row, tables = evaluate_masks(self.truth, store)
        if self.resamples:
            self.resampled[name] = resample(row, tables, self.resamples)
            row["intervals"] = self.resampled[name].intervals()
            self.warnings = list(rough_intervals(tables[0]))
        self.rows[name] = row
