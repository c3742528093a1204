"""A folder with a file of every name that the pages use, small enough for a test."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from support.commands.in_process import exit_code
from support.dashboards.made_results import made_grid
from support.pictures.class_maps import paint_maps
from support.results.made_training import made_training
from support.results.made_up import write_result

from ensemble.convert import main as convert
from experiments.variants import VARIANTS
from experiments.variants.scale import demo_scale
from longtail.categories import CategoryTable
from longtail.data.lvis.annotations import open_annotations
from longtail.data.synthetic.dataset import Parameters, write_dataset
from longtail.data.synthetic.others import write_others
from longtail.training.telemetry_files import write_window
from longtail.training.telemetry_window import TelemetryWindow

SIZES = Parameters(images=48, val_images=64, unlabelled=3, categories=12, size=64, seed=0)
TRAIN = "train.json", "lvis_v0.5_train.json", "lvis_v1_train.json", "lvis/lvis_v0.5_train.json"
VAL = "val.json", "lvis_v0.5_val.json", "lvis_v1_val.json", "lvis/lvis_v0.5_val.json"
IMAGE_INFO = "lvis_v1_image_info_test_dev.json"
COCO = {"instances": "train", "instances_train": "train", "instances_val": "val"}
RESULTS = (
    *("results", "before", "after", "a", "b", "r50", "x101", "htc", "other_team", "submission"),
    *("r50_test", "x101_test", "htc_test", "test/r50", "test/800", "old"),
    "output/inference/lvis_instances_results",
)
PACKED = "x101.json.gz", "x101/800.json.gz"
STORES = "runs/htc/predictions", "runs/merged", "test/htc", "preds/r50", "p/600", "p/1000", "p/1400"
OF_DETECTRON2 = "out", "inference", "output/inference"
ROWS = {
    "eql_2019_3/sigmoid_r50": "sigmoid_r50",
    "eql_2019_3/eql_r50": "eql_r50",
    "my_table/eql_rfs_r50": "eql_rfs_r50",
}
NODE = "runs/nodes/evaluation-0123456789ab"
TRAININGS = "stage-0123456789ab", "stage-ba9876543210"
Tree = dict[str, Any]


def write_folder(folder: Path) -> None:
    """Write all of it."""
    write_dataset(folder, SIZES)
    write_others(folder, SIZES)
    for name in (NODE, "runs/sweeps/lambda", "test", "x101", "lvis"):
        (folder / name).mkdir(parents=True)
    for link in ("photos", "coco"):
        (folder / link).symlink_to("images")
    paint_maps(open_annotations(folder / "train.json"), folder / "semantic")
    _write_annotations(folder)
    _write_results(folder)
    for name in STORES:
        _write_store(folder, folder / name)
    _write_runs(folder)
    _write_trainings(folder / "runs")
    backbone = {"backbone.bottom_up.res2.0.conv1.weight": torch.zeros(64, 64, 1, 1)}
    torch.save({"model": backbone}, folder / "model_final.pth")


def _write_annotations(folder: Path) -> None:
    for names in (TRAIN, VAL):
        content = (folder / names[0]).read_bytes()
        for name in names[1:]:
            (folder / name).write_bytes(content)
    tree = _read(folder / "val.json")
    images = [{key: image[key] for key in ("id", "height", "width")} for image in tree["images"]]
    _write(folder / IMAGE_INFO, {"images": images, "categories": tree["categories"]})
    for name, part in COCO.items():
        _write(folder / f"{name}.json", _as_coco(_read(folder / f"{part}.json")))


def _as_coco(tree: Tree) -> Tree:
    """What COCO's format has of LVIS annotations."""
    images = [
        {key: image[key] for key in ("id", "height", "width", "file_name")}
        for image in tree["images"]
    ]
    categories = [{key: one[key] for key in ("id", "name")} for one in tree["categories"]]
    annotations = [record | {"iscrowd": 0} for record in tree["annotations"]]
    return {"images": images, "categories": categories, "annotations": annotations}


def _write_results(folder: Path) -> None:
    for name in OF_DETECTRON2:
        (folder / name).mkdir(parents=True)
    for seed, name in enumerate(RESULTS):
        write_result(folder / f"{name}.json", folder / "val.json", seed)
    for name in PACKED:
        (folder / name).write_bytes(gzip.compress((folder / "x101.json").read_bytes()))
    records = _read(folder / "results.json")
    percent = [record | {"score": 100 * record["score"]} for record in records]
    _write(folder / "percent.json", percent)
    for name in OF_DETECTRON2:
        torch.save(_by_image(folder, records), folder / name / "instances_predictions.pth")


def _by_image(folder: Path, records: list[Tree]) -> list[Tree]:
    """As detectron2's evaluators keep results: by image, with places of categories for ids."""
    tree = _read(folder / "val.json")
    places = {one["id"]: place for place, one in enumerate(tree["categories"])}
    found: dict[int, list[Tree]] = {image["id"]: [] for image in tree["images"]}
    for record in records:
        place = places[record["category_id"]]
        found[record["image_id"]].append(record | {"category_id": place})
    return [{"image_id": image, "instances": of_image} for image, of_image in found.items()]


def _write_store(folder: Path, store: Path) -> None:
    words = f"{folder}/results.json --ann={folder}/val.json --to=store --out={store}"
    assert exit_code(convert, *words.split()) == 0


def _write_runs(folder: Path) -> None:
    """Rows of grids, and a sweep, as far as commands on the pages read them."""
    runs = folder / "runs"
    made_grid(runs, 3, 12).rename(runs / "grids" / "heads")
    _write_store(folder, folder / NODE / "predictions")
    metrics = {"AP": 0.25, "APr": 0.125, "APc": 0.25, "APf": 0.5, "AP_box": 0.25}
    for row, name in ROWS.items():
        variant = demo_scale(VARIANTS[name])
        of_row = runs / "grids" / row
        (of_row / "evaluation").mkdir(parents=True)
        (of_row / "evaluation" / "variant.json").write_text(variant.model_dump_json())
        (of_row / "predictions").symlink_to(folder / NODE / "predictions")
        _write_telemetry(folder, of_row / "training")
        known = [path.name for path in of_row.parent.iterdir() if path.is_dir()]
        rows = dict.fromkeys(known, metrics)
        _write(of_row.parent / "table.json", {"rows": rows, "intervals": {}})
    trial = {"number": 0, "point": {"stages.0.classifier.tail_frequency": 0.01}}
    trial |= {"state": "finished", "curve": [{"step": 20, "metrics": metrics}], "hours": 0.5}
    _write(runs / "sweeps" / "lambda" / "table.json", {"trials": [trial]})
    (runs / "sweeps" / "lambda" / "best.json").write_text(variant.model_dump_json())


def _write_trainings(runs: Path) -> None:
    """Finished trainings under the names that the pages use."""
    variant = demo_scale(VARIANTS["softmax_r50"])
    for seed, name in enumerate(TRAININGS):
        node = made_training(runs, variant.replace(seed=seed), {"w": torch.full((1,), seed / 2)})
        (runs / "nodes" / name).symlink_to(node.id)


def _write_telemetry(folder: Path, training: Path) -> None:
    categories = CategoryTable.from_json(folder / "train.json")
    counts = np.arange(len(categories.ids), dtype=np.int64)
    names = (field for field in TelemetryWindow.__dataclass_fields__ if field not in _COUNTED)
    arrays: Any = dict.fromkeys(names, counts)
    write_window(training, 10, TelemetryWindow(steps=10, rois=1000, **arrays), categories)


_COUNTED = "steps", "rois"


def _read(path: Path) -> Any:
    return json.loads(path.read_text())


def _write(path: Path, tree: object) -> None:
    path.write_text(json.dumps(tree))
