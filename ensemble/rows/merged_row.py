"""A merge that is a row of a grid: from the prediction stores of other rows to one of its own.

It does what `ensemble.merge` does with stores of the same names, shard by shard, so that one that
was interrupted goes on. M members, K categories.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console

from ensemble.fusion.settings import MergeSettings
from ensemble.merging.folder import FORMAT, STATS
from ensemble.merging.options import settings_of
from ensemble.merging.plan import MergePlan
from ensemble.merging.request import Request
from ensemble.merging.shards import MergeTask, finish_shards, merge_shard
from ensemble.merging.statistics import MergeStatistics
from ensemble.outputs.console import print_warnings
from ensemble.rows.half_maps import FITTED, HalfMaps
from ensemble.rows.keys import ROW_KEYS
from ensemble.sources.category_map import map_categories, read_categories
from ensemble.sources.files import digest_of
from ensemble.sources.open import OpenedSource, open_source
from ensemble.sources.spec import MERGED, SourceSpec
from longtail.categories import CategoryTable
from longtail.evaluation.annotations.ground_truth import read_ground_truth
from longtail.files import write_json
from longtail.predictions.image_set import ImageSet
from longtail.problems import BadInputError

STORE, MAPS, WORK = "predictions", "calibration.json", ".merging"


@dataclass(frozen=True)
class RowSource:
    """A member.

    Attributes:
        row: The variant, or the finished result, that it is a row of.
        seed: Of the row; None for that of the merge.
        spec: How it takes part; the path is the row's name.
        categories: "coco" or a file, where the row is an expert's result: what it can find at all.
    """

    row: str
    seed: int | None
    spec: SourceSpec
    categories: str | None = None

    @property
    def name(self) -> str:
        """What the merge calls it."""
        return self.spec.name


@dataclass(frozen=True)
class MergedRow:
    """A merge, as `longtail.cluster.nodes.merge_row.RowMerge` has it.

    Attributes:
        name: What tables call it.
        sources: M members by name.
        options: Those of `ensemble.merge`.
        maps: Fitted on a half of the images; None for none.
    """

    name: str
    sources: tuple[RowSource, ...]
    options: Mapping[str, Any]
    maps: HalfMaps | None = None

    @property
    def members(self) -> tuple[RowSource, ...]:
        """The members by name."""
        return self.sources

    @property
    def digests(self) -> dict[str, str]:
        """Of the calibration file, where there is one.

        Raises:
            BadInputError: It is not there.
        """
        path = self.options["calibration"]
        return {} if path is None else {"calibration": digest_of(Path(path))}

    def identity(self, exhaustive: bool) -> dict[str, Any]:
        """All that decides about its detections, besides those of the members and the maps' file.

        Args:
            exhaustive: Every category is labelled in every image, which score maps go by.
        """
        _, resolved = self._settings()
        settings = {key: resolved[key] for key in ROW_KEYS if key != "calibration"}
        members = {of.name: of.spec.options() for of in self.sources}
        tree = {"format": FORMAT, "settings": settings, "members": members}
        if self.maps is None:
            return tree
        labels = {"labels": "exhaustive"} if exhaustive else {}
        return {**tree, "calibrate": {**self.maps.as_dict(), **labels}}

    def params(self) -> dict[str, Any]:
        """The settings for people, by dotted path; members with their weights."""
        _, resolved = self._settings()
        weights = {of.name: of.spec.weight for of in self.sources}
        words = [name if w == 1 else f"{w:g} {name}" for name, w in weights.items()]
        settings = {key: resolved[key] for key in ROW_KEYS if resolved[key] is not None}
        maps = (
            {} if self.maps is None else {"calibrate": f"half {self.maps.seed}, {self.maps.kind}"}
        )
        told = {"members": " + ".join(words), **settings, **maps}
        return {f"merge.{key}": value for key, value in told.items()}

    def merge(
        self, stores: Mapping[str, Path], val: Path, directory: Path, exhaustive: bool
    ) -> tuple[list[Path], dict[str, Any]]:
        """Make `directory / "predictions"`, stats.json and, where maps are fitted, those.

        Args:
            stores: Of the members by name.
            val: The annotations.
            directory: Of the node; what an interrupted merge left there is used again.
            exhaustive: Every category is labelled in every image.

        Returns:
            The files that the node vouches for, and its summary.

        Raises:
            BadInputError: A member or the annotations cannot be used.
            ValueError: The options do not go with the members.
        """
        work = directory / WORK
        if not work.is_dir():
            shutil.rmtree(directory / STORE, ignore_errors=True)
        try:
            plan = self._plan(stores, val, directory, exhaustive)
        except ValueError as error:
            raise type(error)(f"merge {self.name}: {error}") from None
        task = MergeTask(plan, directory / STORE, work / "shards")
        for shard in task.unfinished_shards():
            merge_shard(task, shard)
        merged, statistics = finish_shards(task)
        write_json(directory / STATS, statistics.as_dict())
        store = merged[MERGED]
        summary: dict[str, Any] = {
            "images": len(store.images.ids),
            "detections": store.num_detections,
            "members": plan.names,
            "warnings": _warnings(plan, statistics),
        }
        files = [of for of in (directory / STORE).iterdir() if of.is_file()] + [directory / STATS]
        if self.maps is not None:
            truth = read_ground_truth(val, exhaustive=exhaustive)
            summary[FITTED] = self.maps.told(truth, store, _anew(work / "told"))
            files.append(directory / MAPS)
        shutil.rmtree(work)
        return files, summary

    def _settings(self) -> tuple[MergeSettings, dict[str, Any]]:
        return settings_of(dict(self.options), len(self.sources))

    def _plan(
        self, stores: Mapping[str, Path], val: Path, directory: Path, exhaustive: bool
    ) -> MergePlan:
        settings, resolved = self._settings()
        specs = [replace(of.spec, path=stores[of.name]) for of in self.sources]
        work = directory / WORK
        (work / "sources").mkdir(parents=True, exist_ok=True)
        images, categories = Request(specs, val, settings, resolved).read_annotations()
        opened = [
            _opened(spec, of.categories, images, categories, work / "sources")
            for spec, of in zip(specs, self.sources, strict=True)
        ]
        if self.maps is not None:
            truth = read_ground_truth(val, exhaustive=exhaustive)
            self.maps.fit(truth, opened, _anew(work / "fit")).save(directory / MAPS)
            settings = replace(settings, calibration=directory / MAPS)
        if all(source.boxes_only for source in opened):
            raise BadInputError("no member has masks; name a row with masks, too")
        return Request(specs, val, settings, resolved).plan(images, categories, opened)


def _opened(
    spec: SourceSpec, expert: str | None, images: ImageSet, categories: CategoryTable, work: Path
) -> OpenedSource:
    """A member; an expert's row has the data set's categories already, and finds some alone."""
    source = open_source(spec, images, categories, work)
    if expert is None:
        return source
    known = map_categories(read_categories(expert), categories, expert).known_categories
    return replace(source, trusted_categories=source.trusted_categories & known)


def _warnings(plan: MergePlan, statistics: MergeStatistics) -> list[str]:
    """What of the merge may be unwanted, in the words of `ensemble.merge`."""
    said = StringIO()
    print_warnings(plan, statistics, Console(file=said, soft_wrap=True, markup=False))
    return [line.removeprefix("warning: ") for line in said.getvalue().splitlines()]


def _anew(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return folder
