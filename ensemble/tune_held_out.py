"""What the half that was not tuned on says: AP with intervals, and what each source adds.

These are merges as `ensemble.merge` makes them, voted masks and all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from ensemble.merge_options import settings_of
from ensemble.opening import OpenedSource
from ensemble.request import Request
from ensemble.shards import merged_blocks
from ensemble.source_options import SourceSpec
from ensemble.statistics import MergeStatistics
from longtail.evaluation.bootstrap import bootstrap
from longtail.evaluation.comparison import compare
from longtail.evaluation.ground_truth import GroundTruth
from longtail.evaluation.lvis import MAX_DETS
from longtail.evaluation.matches import MatchTable
from longtail.evaluation.rescorer import Rescorer
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
        rows: By name: metrics as fractions, and `intervals`.
        tables: The matches of each row.
    """

    truth: GroundTruth
    sources: Sequence[OpenedSource]
    resamples: int
    work_dir: Path
    say: Callable[[str], object]
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    tables: dict[str, MatchTable] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The names of the sources."""
        return [source.spec.name for source in self.sources]

    def add_sources(self) -> None:
        """A row for each source as it is."""
        for source in self.sources:
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
        return {
            name: compare(self.tables[name], self.tables[TUNED], self.resamples).as_dict()
            for name in against
        }

    def _opened(self, specs: Sequence[SourceSpec]) -> list[OpenedSource]:
        by_name = {source.spec.name: source for source in self.sources}
        return [
            replace(by_name[spec.name], spec=replace(spec, scale=by_name[spec.name].spec.scale))
            for spec in specs
        ]

    def _add(self, name: str, store: PredictionStore) -> None:
        self.say(f"evaluating {name} on the other half")
        rescorer = Rescorer.build(self.truth, store, "segm", MAX_DETS)
        table = rescorer.match_table(rescorer.scores)
        row: dict[str, Any] = dict(rescorer.fast(rescorer.scores))
        if self.resamples:
            row["intervals"] = bootstrap(table, self.resamples).as_dict()["metrics"]
        self.rows[name], self.tables[name] = row, table
