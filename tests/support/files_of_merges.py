"""Files that evaluations, merges and searches read again, small, with the readers they use."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from support.flipped_bits import Kind, below, plain
from support.merge_folder import IMAGE_IDS, lvis_file, mask_of

from ensemble.calibration.file import Calibration
from ensemble.calibration.fitted_source import Counts, ErrorChange, SourceCalibration
from ensemble.calibration.knot_maps import IsotonicMap
from ensemble.calibration.sigmoid_maps import PlattMap
from ensemble.merging.folder import begin, damaged_files, finish, is_finished
from ensemble.merging.shards import MergeTask
from ensemble.merging.shards import _write_record as write_shard_record
from ensemble.merging.statistics import MergeStatistics
from ensemble.outputs.resampled_ap import Resampled
from ensemble.tuning.journal import TrialJournal
from ensemble.tuning.objective.trial import MARGINS
from ensemble.tuning.request import begin as begin_search
from longtail.evaluation.annotations.ground_truth import GroundTruth, read_ground_truth
from longtail.evaluation.matching.match_shard import write_shard
from longtail.evaluation.matching.prediction_set import inputs_of, open_set
from longtail.evaluation.matching.shard import Kind as Overlap
from longtail.evaluation.matching.shard_files import read_shard
from longtail.evaluation.metrics.rescorer import Rescorer
from longtail.files import write_json
from longtail.predictions.result_json.read import import_json
from longtail.predictions.store import PredictionStore, Source

MERGE = {
    "annotations": {"path": "ann.json", "sha256": "a" * 64},
    "sources": [{"name": "a", "sha256": "b" * 64, "path": "a.json", "categories": None}],
    "settings": {"max_dets": 300, "calibration": None},
    "calibration": None,
    "format": 3,
}
SEARCH = {"seed": 0, "metric": ["AP"], "annotations": {"sha256": "a" * 64}}
SEGM: Overlap = "segm"


def store_of(folder: Path) -> tuple[GroundTruth, PredictionStore]:
    """A store of one detection an image, beside its annotations."""
    path = folder / "ann.json"
    path.write_text(json.dumps(lvis_file()))
    truth = read_ground_truth(path)
    if not (folder / "store").is_dir():
        records = [
            {"image_id": i, "category_id": 3, "score": 0.5 + i / 20, "segmentation": mask_of(box)}
            for i, box in zip(IMAGE_IDS, ((1, 2, 9, 8), (2, 2, 5, 5), (0, 0, 7, 9)), strict=True)
        ]
        (folder / "dt.json").write_text(json.dumps(records))
        of = truth.images, truth.categories
        import_json(folder / "dt.json", *of, folder / "store", Source("a"))
    return truth, PredictionStore.open(folder / "store")


def write_store(folder: Path) -> list[Path]:
    return below(store_of(folder)[1].directory)


def read_store(folder: Path) -> Any:
    truth = read_ground_truth(folder / "ann.json")
    store = open_set(folder / "store", truth, folder / "none")
    return plain(store.read_all()), plain(store.images), store.source, store.manifest.notes


def save_shard(folder: Path) -> list[Path]:
    truth, store = store_of(folder)
    write_shard(truth.path, store.directory, 1, 1, folder / "part.npz")
    return [folder / "part.npz"]


def read_parted(folder: Path) -> Any:
    return plain(read_shard(folder / "part.npz", inputs_of(*store_of(folder))))


def write_rescorer(folder: Path) -> list[Path]:
    Rescorer.build(*store_of(folder), SEGM).save(folder / "rescorer")
    return below(folder / "rescorer")


def read_rescorer(folder: Path) -> Any:
    rescorer = Rescorer.load(folder / "rescorer")
    found = plain(rescorer.overlaps), plain(rescorer.categories), rescorer.max_dets
    return *found, rescorer.inputs, rescorer.kind


def write_calibration(folder: Path) -> list[Path]:
    maps = {"all": PlattMap(1.5, -0.1), "r": IsotonicMap((0.1, 0.7), (0.0, 1 / 3))}
    counts, error = {"all": Counts(30, 40)}, {"all": ErrorChange(0.2, 0.01)}
    sources = {"a": SourceCalibration(maps, counts, error)}
    digests = "0" * 64, "1" * 64
    calibration = Calibration("platt", "frequency", "segm", 0.5, 20, 2, *digests, sources)
    calibration.save(folder / "calibration.json")
    return below(folder)


def write_merge(folder: Path) -> list[Path]:
    begin(folder / "out", MERGE)
    write_json(folder / "out" / "stats.json", {"kept": 12})
    finish(folder / "out")
    return below(folder / "out")


def read_merge(folder: Path) -> Any:
    """A folder whose files are damaged is merged again."""
    is_done = is_finished(folder / "out", MERGE, force=False)
    return is_done if is_done and not damaged_files(folder / "out") else None


def write_resampled(folder: Path) -> list[Path]:
    Resampled(np.arange(8) / 8, np.arange(24.0).reshape(3, 8)).save(folder / "resampled.npz")
    return below(folder)


def task_of(folder: Path) -> MergeTask:
    """A merge of one shard, as far as its record is concerned."""
    images = SimpleNamespace(num_shards=1)
    plan = SimpleNamespace(names=["a"], images=images, steps=list)
    return MergeTask(cast(Any, plan), folder / "merged", folder / "records")


def write_record(folder: Path) -> list[Path]:
    (folder / "merged").mkdir()
    (folder / "merged" / "shard-00000.parquet").write_bytes(b"rows")
    write_shard_record(task_of(folder), 0, MergeStatistics(["a"]))
    return below(folder)


def read_record(folder: Path) -> Any:
    """An unfinished shard is merged again."""
    return task_of(folder).unfinished_shards() == [] or None


def write_search(folder: Path) -> list[Path]:
    begin_search(folder / "out", SEARCH)
    journal = TrialJournal(folder / "out")
    margins = {name: [0.25] for name in ("AP", "APr", "APc", "APf")}
    tried = {"rare": [0.1], "common": [0.1], "cell": [0.1], "metrics": margins}
    for value in (0.3, 0.4):
        journal.add({"iou_thr": value}, {"AP": value, MARGINS: tried}, 2.5)
    return below(folder / "out")


def read_search(folder: Path) -> Any:
    # Copies stay: a journal drops what a crash cut off.
    shutil.copytree(folder / "out", folder / "copy")
    try:
        begin_search(folder / "out", SEARCH)
        journal = TrialJournal(folder / "out")
    finally:
        shutil.rmtree(folder / "out")
        (folder / "copy").rename(folder / "out")
    return journal.trials, journal.margins


KINDS = (
    Kind("store", write_store, read_store),
    Kind("part of an evaluation", save_shard, read_parted),
    Kind("re-scorer", write_rescorer, read_rescorer),
    Kind("calibration", write_calibration, lambda f: Calibration.load(f / "calibration.json")),
    Kind("merge.json, result.json and files of a merge", write_merge, read_merge),
    Kind("resampled.npz", write_resampled, lambda f: plain(Resampled.load(f / "resampled.npz"))),
    Kind("record of a merged shard", write_record, read_record),
    Kind("request and journals of a search", write_search, read_search),
)
