"""A trial judges what the merge makes: its AP is that of the merged store, to the last digit."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from calibration_scene import write_masks
from default_options import default_options

from ensemble.calibration_matches import labelled_scores
from ensemble.merge_options import settings_of
from ensemble.opening import OpenedSource, open_source
from ensemble.request import Request
from ensemble.shards import merged_blocks
from ensemble.source_options import parse_sources
from ensemble.statistics import MergeStatistics
from ensemble.tune_bench import load_bench, save_bench
from ensemble.tune_scores import can_be_fitted, cross_fitted_rows
from ensemble.tune_space import SEARCHED, Space
from ensemble.tune_trial import METRICS, Bench
from ensemble.tune_union import build_rows
from longtail.evaluation.ground_truth import GroundTruth, read_ground_truth
from longtail.evaluation.rescorer import Rescorer
from longtail.predictions.store import PredictionStore, Source, StoreWriter

MAX_DETS = 12
"""Fewer than a merge finds in an image, so that the cap binds."""


class Setting:
    """Three sources of 70 images, three blocks."""

    def __init__(self, folder: Path, **words: str) -> None:
        self.folder = folder
        self.truth: GroundTruth = read_ground_truth(write_masks(folder, 70))
        preds = [f"{name}={folder / name}.json{words.get(name, '')}" for name in "abc"]
        self.specs = parse_sources(preds)
        of = self.truth.images, self.truth.categories, folder / "opened"
        self.sources: list[OpenedSource] = [open_source(spec, *of) for spec in self.specs]

    def bench(self, *searched: str, **options: Any) -> Bench:
        every = default_options() | {"max_dets": MAX_DETS, "mask": "best"} | options
        space = Space(every, self.specs, frozenset(searched), ("nms", "wbf"), ("none",))
        work = self.folder / f"union{len(list(self.folder.iterdir()))}"
        rows, rescorer = build_rows(self.truth, self.sources, 0.0, True, work)
        knows = np.stack([source.knows for source in self.sources])
        scores = {"none": rows.score}
        return Bench(self.truth, rows, rescorer, scores, knows, space, "AP", 5, 0)

    def merged(self, bench: Bench, point: dict[str, Any], margins: tuple[float, float]) -> Any:
        """AP of the store that a merge writes at a point."""
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
        rescorer = Rescorer.build(self.truth, writer.finish(), "segm")
        return rescorer.fast(rescorer.scores)


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
    assert result["share_of_images_capped"] > 0.5
    assert {name: result[name] for name in METRICS} == setting.merged(bench, point, margins)


@pytest.mark.parametrize("method", ["nms", "wbf", "nms+soft-nms"])
def test_voted_masks_are_judged_as_the_merge_makes_them(setting: Setting, method: str) -> None:
    options = {"mask": "vote", "method": method, "rare_margin": 0.2, "common_margin": 0.1}
    bench = setting.bench("iou", "weights", **options)
    point = {"iou_thr": 0.4, "weight.b": 0.7, "weight.c": 1.3}
    result = bench.run(point)
    assert {name: result[name] for name in METRICS} == setting.merged(bench, point, (0.2, 0.1))
    assert result["AP"] != setting.bench("iou", "weights", method=method).run(point)["AP"]


def test_masks_by_scale_are_judged_as_the_merge_makes_them(tmp_path: Path) -> None:
    setting = Setting(tmp_path, a=",scale=400", b=",scale=800", c=",scale=1200")
    bench = setting.bench("iou", mask="scale", method="nms")
    result = bench.run({"iou_thr": 0.3})
    merged = setting.merged(bench, {"iou_thr": 0.3}, (0.1, 0.05))
    assert {name: result[name] for name in METRICS} == merged


def test_weights_and_sizes_act_as_in_the_merge(setting: Setting) -> None:
    bench = setting.bench("weights", "areas", method="wbf", rare_margin=0.0, common_margin=0.0)
    point = {**bench.space.start(), "weight.b": 0.5, "weight.c": 2.0}
    sized = {**point, "low.a": "16", "high.b": "192"}
    for chosen in (point, sized):
        result = bench.run(chosen)
        assert {name: result[name] for name in METRICS} == setting.merged(bench, chosen, (0, 0))


def test_scores_over_1_are_judged_as_they_are_written(setting: Setting) -> None:
    bench = setting.bench("weights", "iou", method="wbf", rare_margin=0.0, common_margin=0.0)
    point = {"iou_thr": 0.1, "weight.b": 4.0, "weight.c": 0.25}
    specs, merge_settings = bench.space.specs_at(point), bench.space.settings_at(point)
    assert bench.fuse(bench.scores["none"], specs, merge_settings).scores.max() > 1
    result = bench.run(point)
    assert {name: result[name] for name in METRICS} == setting.merged(bench, point, (0, 0))


def test_sources_that_know_some_groups_act_as_in_the_merge(tmp_path: Path) -> None:
    setting = Setting(tmp_path, a=",groups=r,c", b=",valid_area=15:")
    bench = setting.bench("iou", method="wbf", leave_out_absent="r")
    point = {"iou_thr": 0.5}
    result = bench.run(point)
    assert {name: result[name] for name in METRICS} == setting.merged(bench, point, (0.1, 0.05))


def test_margins_are_chosen_by_the_metric(setting: Setting) -> None:
    bench = setting.bench("margins", method="nms", rare_margin=0.0, common_margin=0.0)
    result = bench.run({})
    fixed = setting.bench(method="nms", rare_margin=0.0, common_margin=0.0).run({})
    assert (result["margins_tried"], fixed["margins_tried"]) == (6, 1)
    assert result["AP"] >= fixed["AP"]
    margins = result["rare_margin"], result["common_margin"]
    assert setting.merged(bench, {}, margins)["AP"] == result["AP"]
    assert bench.run({}) == result


def test_margins_are_not_tried_where_no_cap_binds(setting: Setting) -> None:
    bench = setting.bench("margins", method="nms", max_dets=300)
    assert bench.run({})["margins_tried"] == 1


def test_a_size_left_to_nobody_makes_a_trial_worthless_and_says_why(setting: Setting) -> None:
    bench = setting.bench(*SEARCHED)
    point = bench.space.start() | {f"low.{name}": "32" for name in "abc"}
    result = bench.run(point)
    assert [result[name] for name in METRICS] == [-1] * 4
    assert "no source takes boxes with a side from 0 to 32" in result["problem"]


def test_a_saved_bench_gives_the_same_results(setting: Setting) -> None:
    bench = setting.bench("iou", "margins", method="wbf")
    save_bench(setting.folder / "bench", bench)
    loaded = load_bench(setting.folder / "bench")
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
    rows, names = bench.rows, list("abc")
    before = cross_fitted_rows("platt", rows, labelled, names, bench.groups)
    folds = np.isin(rows.image, np.unique(labelled["a"].image)[:1])
    flipped = replace(labelled["a"], right=labelled["a"].right ^ (labelled["a"].image == 0))
    after = cross_fitted_rows("platt", rows, labelled | {"a": flipped}, names, bench.groups)
    changed = before != after
    assert changed.any() and not changed[rows.source != 0].any()
    # The maps of the image's own fold, and with them its scores, are as they were.
    assert not changed[folds].any()
    assert bool(((before >= 0) & (before <= 1)).all())


def test_kinds_that_need_more_matches_are_told_apart(setting: Setting) -> None:
    store = PredictionStore.open(setting.sources[0].directory)
    rows = labelled_scores(setting.truth, store, "segm", 0.5)
    assert can_be_fitted("platt", {"a": rows}, 70)
    few = rows.take(rows.image < 3)
    assert not can_be_fitted("isotonic", {"a": rows, "b": few}, 70)
