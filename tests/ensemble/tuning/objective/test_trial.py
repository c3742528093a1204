"""A trial judges what the merge makes: its AP is that of the merged store, to the last digit."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pycocotools.mask
import pytest
from support.calibration_scene import write_masks
from support.commands.default_options import default_options

from ensemble.calibration.labelled_scores import labelled_scores
from ensemble.merging.options import settings_of
from ensemble.merging.request import Request
from ensemble.merging.shards import merged_blocks
from ensemble.merging.statistics import MergeStatistics
from ensemble.sources.open import OpenedSource, open_source
from ensemble.sources.spec import parse_sources
from ensemble.tune import WORDS
from ensemble.tuning.objective.calibrated_scores import can_be_fitted, cross_fitted_rows
from ensemble.tuning.objective.detection_reader import read_source_detections
from ensemble.tuning.objective.fused_images import FusionInputs
from ensemble.tuning.objective.space import Space
from ensemble.tuning.objective.trial import MARGINS, Objective
from ensemble.tuning.objective.trial_files import load_objective, save_objective
from longtail.evaluation.annotations.ground_truth import GroundTruth, read_ground_truth
from longtail.evaluation.metrics.rescorer import Rescorer
from longtail.metrics import GROUP_METRICS
from longtail.predictions.soft_masks import SoftMasks
from longtail.predictions.store import PredictionStore, Source, StoreWriter

MAX_DETS = 12
"""Fewer than a merge finds in an image, so that the cap binds."""


class Setting:
    """Three sources of 70 images, three blocks."""

    def __init__(self, folder: Path, corners: bool = True, **words: str) -> None:
        self.folder = folder
        self.truth: GroundTruth = read_ground_truth(write_masks(folder, 70))
        if not corners:
            cut_corners(folder)
        preds = [f"{name}={folder / name}.json{words.get(name, '')}" for name in "abc"]
        self.specs = parse_sources(preds)
        of = self.truth.images, self.truth.categories, folder / "opened"
        self.sources: list[OpenedSource] = [open_source(spec, *of) for spec in self.specs]

    def bench(self, *searched: str, **options: Any) -> Objective:
        every = default_options() | {"max_dets": MAX_DETS, "mask": "best"} | options
        space = Space(every, self.specs, frozenset(searched), ("nms", "wbf"), ("none",))
        work = self.folder / f"union{len(list(self.folder.iterdir()))}"
        max_dets = every["max_dets"] if space.may_compare_masks else None
        rows, rescorer = read_source_detections(
            self.truth, self.sources, 0.0, True, work, max_dets, True
        )
        trusted = np.stack([source.trusted_categories for source in self.sources])
        fusion = FusionInputs(self.truth, rows, rescorer, trusted)
        return Objective(fusion, {"none": rows.scores}, space, ("AP",), 5)

    def merged(
        self, bench: Objective, point: dict[str, Any], margins: tuple[float, float], cap: int = 300
    ) -> Any:
        """AP of the store that a merge writes at a point; `cap` is the evaluation's."""
        options = dict(bench.space.options_at(point))
        options |= {"rare_margin": margins[0], "common_margin": margins[1]}
        specs = bench.space.specs_at(point)
        settings, resolved = settings_of(options, len(specs))
        opened = [replace(o, spec=spec) for o, spec in zip(self.sources, specs, strict=True)]
        request = Request(specs, self.truth.path, settings, resolved)
        plan = request.plan(self.truth.images, self.truth.categories, opened)
        directory = self.folder / f"merged{len(list(self.folder.iterdir()))}"
        writer = StoreWriter(directory, plan.images, Source("merged"))
        writer.write_shard(0, merged_blocks(plan, MergeStatistics(plan.names)))
        rescorer = Rescorer.build(self.truth, writer.finish(), "segm", cap)
        return rescorer.fast(rescorer.scores)


def cut_corners(folder: Path) -> None:
    """Take a corner off every third mask and the one across off every other: boxes stay."""
    for name in "abc":
        records = json.loads((folder / f"{name}.json").read_text())
        for number, record in enumerate(records):
            mask = pycocotools.mask.decode(record["segmentation"])
            rows, columns = np.nonzero(mask)
            along = (rows - rows.min()) + (columns - columns.min()) * (1 - 2 * (number % 2))
            far = along > np.quantile(along, 0.65)
            mask[rows[far & (number % 3 > 0)], columns[far & (number % 3 > 0)]] = 0
            encoded = pycocotools.mask.encode(np.asfortranarray(mask))
            record["segmentation"]["counts"] = encoded["counts"].decode()
        (folder / f"{name}.json").write_text(json.dumps(records))


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    """Masks that overlap less than their boxes."""
    return Setting(tmp_path_factory.mktemp("shapes"), corners=False)


def with_heads(source: OpenedSource) -> OpenedSource:
    """The source with scores of masks, and grids that are not quite its masks."""
    store, random = PredictionStore.open(source.directory), np.random.default_rng(3)
    out = source.directory.parent / f"{source.spec.name}-heads"
    writer = StoreWriter(out, store.images, store.source, soft_masks=True)
    blocks = []
    for columns in store.blocks():
        factors, grids = random.random(len(columns)), random.random((len(columns), 28, 28))
        soft = SoftMasks.of(grids ** random.random((len(columns), 1, 1)))
        blocks.append(replace(columns, score_mask=columns.score * factors, soft=soft))
    writer.write_shard(0, blocks)
    writer.finish()
    return replace(source, directory=out, seen_in=out)


@pytest.mark.parametrize("method", ["nms", "soft-nms", "wbf", "nms+soft-nms"])
def test_grids_and_scores_of_masks_act_as_in_the_merge(tmp_path: Path, method: str) -> None:
    setting = Setting(tmp_path)
    plain = setting.bench("method", "mask").run({"method": method, "mask": "vote"})
    setting.sources = [with_heads(source) for source in setting.sources]
    for mask in ("best", "vote"):
        bench = setting.bench("method", "mask")
        point = {"method": method, "mask": mask}
        result = bench.run(point)
        merged = setting.merged(bench, point, (0.1, 0.05))
        assert {name: result[name] for name in GROUP_METRICS} == merged
        assert result["AP"] != plain["AP"]


@pytest.mark.parametrize("method", ["nms", "soft-nms", "wbf"])
def test_sources_with_boxes_only_act_as_in_the_merge(tmp_path: Path, method: str) -> None:
    setting = Setting(tmp_path)
    store = PredictionStore.open(setting.sources[1].directory)
    writer = StoreWriter(tmp_path / "boxes", store.images, store.source)
    writer.write_shard(0, [columns.without_masks() for columns in store.blocks()])
    writer.finish()
    boxes = replace(setting.sources[1], directory=tmp_path / "boxes", seen_in=tmp_path / "boxes")
    setting.sources[1] = replace(boxes, boxes_only=True)
    bench = setting.bench("iou", method=method)
    result = bench.run({"iou_thr": 0.4})
    merged = setting.merged(bench, {"iou_thr": 0.4}, (0.1, 0.05))
    assert {name: result[name] for name in GROUP_METRICS} == merged
    compared = setting.bench("match", method=method).run({"match": "mask"})
    assert "boxes only" in compared["problem"]


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    return Setting(tmp_path_factory.mktemp("tune"))


@pytest.mark.parametrize("method", ["nms", "soft-nms", "wbf", "nms+soft-nms"])
@pytest.mark.parametrize("margins", [(0.0, 0.0), (0.2, 0.1)])
def test_ap_of_a_trial_is_that_of_the_merge(
    setting: Setting, method: str, margins: tuple[float, float]
) -> None:
    rare, common = margins
    bench = setting.bench("iou", method=method, rare_margin=rare, common_margin=common)
    point = {"iou_thr": 0.4}
    result = bench.run(point)
    assert result["images_over_the_cap"] > 35
    assert {name: result[name] for name in GROUP_METRICS} == setting.merged(bench, point, margins)


@pytest.mark.parametrize("method", ["nms", "soft-nms", "wbf", "nms+soft-nms"])
@pytest.mark.parametrize("mask", ["best", "vote"])
def test_masks_are_compared_as_in_the_merge(shapes: Setting, method: str, mask: str) -> None:
    bench = shapes.bench("match", "mask", "iou", "method")
    point = {"method": method, "match": "mask", "mask": mask, "iou_thr": 0.55}
    result = bench.run(point)
    assert result["images_over_the_cap"] > 35
    assert {name: result[name] for name in GROUP_METRICS} == shapes.merged(
        bench, point, (0.1, 0.05)
    )
    assert result["AP"] != bench.run(point | {"match": "box"})["AP"]


def test_detections_that_nobody_judges_have_masks_only_where_they_may_be_cut(
    setting: Setting,
) -> None:
    rows = setting.bench("match").fusion.rows
    per_image = np.bincount(rows.image, minlength=70)[rows.image]
    lengths = np.diff(rows.counts_offsets)
    assert ((lengths > 0) == (rows.judged | (per_image > MAX_DETS))).all()
    boxes_only = setting.bench("iou").fusion.rows
    assert ((np.diff(boxes_only.counts_offsets) > 0) == boxes_only.judged).all()


@pytest.mark.parametrize("method", ["nms", "wbf", "nms+soft-nms"])
def test_voted_masks_are_judged_as_the_merge_makes_them(setting: Setting, method: str) -> None:
    options = {"mask": "vote", "method": method, "rare_margin": 0.2, "common_margin": 0.1}
    bench = setting.bench("iou", "weights", **options)
    point = {"iou_thr": 0.4, "weight.b": 0.7, "weight.c": 1.3}
    result = bench.run(point)
    assert {name: result[name] for name in GROUP_METRICS} == setting.merged(
        bench, point, (0.2, 0.1)
    )
    assert result["AP"] != setting.bench("iou", "weights", method=method).run(point)["AP"]


def test_masks_by_scale_are_judged_as_the_merge_makes_them(tmp_path: Path) -> None:
    setting = Setting(tmp_path, a=",scale=400", b=",scale=800", c=",scale=1200")
    bench = setting.bench("iou", mask="scale", method="nms")
    result = bench.run({"iou_thr": 0.3})
    merged = setting.merged(bench, {"iou_thr": 0.3}, (0.1, 0.05))
    assert {name: result[name] for name in GROUP_METRICS} == merged


def test_weights_and_sizes_act_as_in_the_merge(setting: Setting) -> None:
    bench = setting.bench("weights", "areas", method="wbf", rare_margin=0.0, common_margin=0.0)
    point = {**bench.space.start(), "weight.b": 0.5, "weight.c": 2.0}
    sized = {**point, "low.a": "16", "high.b": "192"}
    for chosen in (point, sized):
        result = bench.run(chosen)
        assert {name: result[name] for name in GROUP_METRICS} == setting.merged(
            bench, chosen, (0, 0)
        )


def test_scores_over_1_are_judged_as_they_are_written(setting: Setting) -> None:
    bench = setting.bench("weights", "iou", method="wbf", rare_margin=0.0, common_margin=0.0)
    point = {"iou_thr": 0.1, "weight.b": 4.0, "weight.c": 0.25}
    specs, merge_settings = bench.space.specs_at(point), bench.space.settings_at(point)
    assert bench.fusion.fuse(bench.scores["none"], specs, merge_settings).scores.max() > 1
    result = bench.run(point)
    assert {name: result[name] for name in GROUP_METRICS} == setting.merged(bench, point, (0, 0))


def test_sources_that_know_some_groups_act_as_in_the_merge(tmp_path: Path) -> None:
    setting = Setting(tmp_path, a=",groups=r,c", b=",valid_area=15:")
    bench = setting.bench("iou", method="wbf", leave_out_absent="r")
    point = {"iou_thr": 0.5}
    result = bench.run(point)
    assert {name: result[name] for name in GROUP_METRICS} == setting.merged(
        bench, point, (0.1, 0.05)
    )


def test_margins_are_chosen_by_the_metric(setting: Setting) -> None:
    bench = setting.bench("margins", method="nms", rare_margin=0.0, common_margin=0.0)
    result = bench.run({})
    fixed = setting.bench(method="nms", rare_margin=0.0, common_margin=0.0).run({})
    assert (1 < result["margins_tried"] <= 6, fixed["margins_tried"]) == (True, 1)
    assert result["AP"] >= fixed["AP"]
    margins = result["rare_margin"], result["common_margin"]
    assert setting.merged(bench, {}, margins)["AP"] == result["AP"]
    assert bench.run({}) == result


@pytest.mark.parametrize("cap", [MAX_DETS, MAX_DETS - 5])
def test_every_pair_of_margins_is_judged_as_the_merge_with_them(
    setting: Setting, cap: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An evaluation with as small a cap as the max_dets looks at all that the margins let in."""
    monkeypatch.setattr("ensemble.tuning.objective.capped_ap.MAX_DETS", cap)
    bench = replace(setting.bench("margins", method="nms"), margin_trials=20)
    trials = bench.run({})[MARGINS]
    columns = {name: trials["metrics"][name] for name in GROUP_METRICS}
    assert len(set(columns["AP"])) > 3
    for place in range(0, len(trials["rare"]), 4):
        margins = trials["rare"][place], trials["common"][place]
        expected = setting.merged(bench, {}, margins, cap)
        assert {name: values[place] for name, values in columns.items()} == expected


def test_margins_are_not_tried_where_no_cap_binds(setting: Setting) -> None:
    bench = setting.bench("margins", method="nms", max_dets=300)
    assert bench.run({})["margins_tried"] == 1


def test_a_size_left_to_nobody_makes_a_trial_worthless_and_says_why(setting: Setting) -> None:
    bench = setting.bench(*WORDS)
    point = bench.space.start() | {f"low.{name}": "32" for name in "abc"}
    result = bench.run(point)
    assert [result[name] for name in GROUP_METRICS] == [-1] * 4
    assert "no source takes boxes with a side from 0 to 32" in result["problem"]


def test_a_saved_bench_gives_the_same_results(setting: Setting) -> None:
    bench = setting.bench("iou", "margins", method="wbf")
    save_objective(setting.folder / "bench", bench)
    loaded = load_objective(setting.folder / "bench")
    assert loaded.space.distributions() == bench.space.distributions()
    assert loaded.run({"iou_thr": 0.5}) == bench.run({"iou_thr": 0.5})


def test_a_fold_is_calibrated_by_the_labels_of_the_other(setting: Setting) -> None:
    bench = setting.bench()
    labelled = {
        source.spec.name: labelled_scores(
            setting.truth, PredictionStore.open(source.directory), "segm", 0.5
        )
        for source in setting.sources
    }
    rows, names = bench.fusion.rows, list("abc")
    groups = bench.fusion.category_groups[rows.category]
    before = cross_fitted_rows("platt", rows, labelled, names, groups)
    folds = np.isin(rows.image, np.unique(labelled["a"].image)[:1])
    labels = labelled["a"].true_positive ^ (labelled["a"].image == 0)
    flipped = replace(labelled["a"], true_positive=labels)
    after = cross_fitted_rows("platt", rows, labelled | {"a": flipped}, names, groups)
    changed = (before != after).any(axis=0)
    assert changed.any() and not changed[rows.source != 0].any()
    # The maps of the image's own fold, and with them its scores, are as they were.
    assert not changed[folds].any()
    assert bool(((before >= 0) & (before <= 1)).all())


def test_kinds_that_need_more_matches_are_told_apart(setting: Setting) -> None:
    store = PredictionStore.open(setting.sources[0].directory)
    rows = labelled_scores(setting.truth, store, "segm", 0.5)
    assert can_be_fitted("platt", {"a": rows}, 70)
    few = rows.take(rows.image < 3)
    assert can_be_fitted("platt", {"a": rows, "b": few}, 70)
    assert not can_be_fitted("isotonic", {"a": few, "b": few}, 70)
