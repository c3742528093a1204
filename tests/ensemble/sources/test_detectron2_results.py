"""Files of detectron2's own evaluators: imported, evaluated and merged as it means them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image as PilImage
from pycocotools import mask as coco_mask

from ensemble.merge import main as merge
from ensemble.validate import main as validate
from longtail.categories import CategoryTable
from longtail.data.synthetic.dataset import Parameters, write_dataset
from longtail.evaluation.lvis import evaluate
from longtail.predictions.image_set import ImageSet
from longtail.predictions.result_json.read import import_json
from longtail.predictions.result_json.write import export_json
from longtail.predictions.store import PredictionStore, Source

detectron2 = pytest.importorskip("detectron2", reason="detectron2 is not installed")
pytestmark = pytest.mark.slow

METRICS = ("AP", "AP50", "AP75", "APs", "APm", "APl", "APr", "APc", "APf")
KINDS = {"segm": "segm", "bbox": "box"}
NUM_CATEGORIES = 12
Outputs = list[dict[str, Any]]


@dataclass(frozen=True)
class Run:
    """What detectron2's LVISEvaluator wrote and returned.

    Attributes:
        ann: The annotation file.
        folder: Its output folder.
        results: Its metrics in points, by task and name.
    """

    ann: Path
    folder: Path
    results: dict[str, dict[str, float]]

    @property
    def files(self) -> list[Path]:
        names = ("instances_predictions.pth", "lvis_instances_results.json")
        return [self.folder / name for name in names]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("data") / "set"
    write_dataset(out, Parameters(40, 12, 0, NUM_CATEGORIES, 288, 3))
    return out


@pytest.fixture
def numpy_float(monkeypatch: pytest.MonkeyPatch) -> None:
    """lvis-api asks for a name that NumPy has dropped."""
    monkeypatch.setattr(np, "float", float, raising=False)


def stock_mask_rcnn() -> torch.nn.Module:
    """detectron2's Mask R-CNN by its LVIS recipe, small, with random weights."""
    from detectron2.config import get_cfg
    from detectron2.modeling import build_model

    configs = Path(detectron2.__file__).parent / "model_zoo" / "configs"
    cfg = get_cfg()
    cfg.merge_from_file(str(configs / "LVISv1-InstanceSegmentation" / "mask_rcnn_R_50_FPN_1x.yaml"))
    cfg.MODEL.DEVICE = "cpu"
    cfg.MODEL.RESNETS.DEPTH, cfg.MODEL.RESNETS.RES2_OUT_CHANNELS = 18, 64
    cfg.MODEL.RESNETS.NORM, cfg.MODEL.BACKBONE.FREEZE_AT = "BN", 0
    cfg.MODEL.PIXEL_STD = [57.375, 57.12, 58.395]
    cfg.MODEL.FPN.OUT_CHANNELS = 32
    cfg.MODEL.ROI_BOX_HEAD.FC_DIM, cfg.MODEL.ROI_MASK_HEAD.CONV_DIM = 64, 16
    cfg.MODEL.ROI_HEADS.NUM_CLASSES = NUM_CATEGORIES
    cfg.MODEL.ROI_HEADS.SCORE_THRESH_TEST = 0.0
    cfg.TEST.DETECTIONS_PER_IMAGE = 60
    torch.manual_seed(0)
    return build_model(cfg)  # type: ignore[no-any-return]


def inputs_of(data: Path) -> Iterator[list[dict[str, Any]]]:
    """The images as detectron2's models take them, one a batch."""
    for image in json.loads((data / "val.json").read_text())["images"]:
        [path] = (data / "images").rglob(image["coco_url"].rsplit("/", 1)[-1])
        rgb = np.asarray(PilImage.open(path).convert("RGB"))
        size = {"height": image["height"], "width": image["width"]}
        yield [{"image_id": image["id"], "image": to_tensor(rgb[..., ::-1]), **size}]


def to_tensor(bgr: np.ndarray[Any, Any]) -> torch.Tensor:
    return torch.as_tensor(np.ascontiguousarray(bgr.transpose(2, 0, 1)))


def near_the_truth(data: Path) -> Callable[[dict[str, Any]], Any]:
    """Make an image's `Instances`: its objects shifted, some mislabelled, with coarse scores.

    Every object is found 120 times, at many overlaps, so that images hold over 300 detections.
    """
    from detectron2.structures import Boxes, Instances

    tree = json.loads((data / "val.json").read_text())
    rng = np.random.default_rng(0)

    def instances_of(image: dict[str, Any]) -> Any:
        size = image["height"], image["width"]
        found = [a for a in tree["annotations"] if a["image_id"] == image["image_id"]] * 120
        masks, boxes, classes = [], [], []
        for annotation in found:
            rles = coco_mask.frPyObjects(annotation["segmentation"], *size)
            shift = tuple(rng.integers(-7, 8, 2))
            mask = np.roll(coco_mask.decode(coco_mask.merge(rles)), shift, (0, 1))
            x, y, width, height = np.array(annotation["bbox"]) + rng.normal(0, 5, 4)
            masks.append(mask.astype(bool))
            boxes.append([x, y, x + abs(width), y + abs(height)])
            is_right = rng.random() < 0.8
            label = annotation["category_id"] - 1
            classes.append(label if is_right else int(rng.integers(NUM_CATEGORIES)))
        instances = Instances(size)
        instances.pred_boxes = Boxes(torch.tensor(boxes).reshape(-1, 4))
        instances.pred_boxes.clip(size)
        instances.pred_masks = torch.as_tensor(np.array(masks, bool).reshape(-1, *size))
        instances.pred_classes = torch.tensor(classes, dtype=torch.int64)
        instances.scores = torch.tensor(rng.integers(1, 99, len(found)) / 100)
        return instances

    return instances_of


@pytest.fixture(scope="module", params=["random weights", "near the truth"])
def run(
    data: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Run:
    """A stock model, or detections near the truth, through detectron2's LVISEvaluator."""
    from detectron2.data import MetadataCatalog
    from detectron2.evaluation import LVISEvaluator, inference_on_dataset

    name = f"longtail_{request.param}"
    folder = tmp_path_factory.mktemp("inference")
    categories = CategoryTable.from_json(data / "val.json")
    ann = str(data / "val.json")
    MetadataCatalog.get(name).set(json_file=ann, thing_classes=list(categories.names))
    evaluator = LVISEvaluator(name, distributed=False, output_dir=str(folder))
    batches = list(inputs_of(data))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(np, "float", float, raising=False)
        if request.param == "random weights":
            results = inference_on_dataset(stock_mask_rcnn(), batches, evaluator)
        else:
            instances_of = near_the_truth(data)
            evaluator.reset()
            for [image] in batches:
                evaluator.process([image], [{"instances": instances_of(image)}])
            results = evaluator.evaluate()
    return Run(data / "val.json", folder, results)


def in_points(metrics: dict[str, float]) -> dict[str, float]:
    return {name: metrics[name] * 100 for name in METRICS}


def test_both_files_evaluate_to_the_last_digit_as_detectron2_says(run: Run) -> None:
    for file in run.files:
        evaluation = evaluate(run.ann, file)
        for task, kind in KINDS.items():
            assert in_points(getattr(evaluation, kind)) == run.results[task], (file, task)


def test_metrics_are_defined_and_the_cap_of_300_binds_near_the_truth(run: Run) -> None:
    """Else equal numbers would say little."""
    evaluation = evaluate(run.ann, run.files[0])
    assert all(value >= 0 for task in KINDS for value in run.results[task].values())
    if evaluation.segm["AP"] > 0.1:
        assert evaluation.cap is not None and evaluation.cap.images > 0
        assert all(value > 10 for task in KINDS for value in run.results[task].values())


def test_stores_of_both_files_are_the_same(run: Run, tmp_path: Path) -> None:
    first, second = (
        [shard.sha256 for shard in open_store(run.ann, file, tmp_path).manifest.shards]
        for file in run.files
    )
    assert first == second


def open_store(ann: Path, file: Path, tmp_path: Path) -> PredictionStore:
    of_file = ImageSet.from_json(ann), CategoryTable.from_json(ann)
    return import_json(file, *of_file, tmp_path / file.suffix[1:], Source(file.name))


@pytest.mark.usefixtures("numpy_float")
def test_detectron2_evaluates_our_export_to_the_same(run: Run, tmp_path: Path) -> None:
    from detectron2.evaluation.lvis_evaluation import _evaluate_predictions_on_lvis
    from lvis import LVIS

    out = tmp_path / "export.json"
    export_json(open_store(run.ann, run.files[0], tmp_path), out, with_bbox=True)
    for task in KINDS:
        records = json.loads(out.read_text())
        theirs = _evaluate_predictions_on_lvis(LVIS(str(run.ann)), records, task)
        assert theirs == run.results[task]


def test_merge_with_a_store_of_ours_is_fit_for_submission(
    run: Run, data: Path, tmp_path: Path
) -> None:
    ours = tmp_path / "ours"
    (tmp_path / "ours.json").write_text(json.dumps(records_of(data)))
    of_file = ImageSet.from_json(run.ann), CategoryTable.from_json(run.ann)
    import_json(tmp_path / "ours.json", *of_file, ours, Source("ours"))
    preds = [f"--pred=d2={run.files[0]}", f"--pred=ours={ours}"]
    ann = f"--ann={run.ann}"
    done = CliRunner().invoke(merge, [*preds, ann, f"--out={tmp_path / 'merged'}"])
    assert done.exit_code == 0, done.output
    statistics = json.loads((tmp_path / "merged" / "stats.json").read_text())
    assert set(statistics["sources"]) == {"d2", "ours"}
    checked = CliRunner().invoke(validate, [str(tmp_path / "merged" / "submission.json"), ann])
    assert "fit for submission" in checked.output, checked.output


def records_of(data: Path) -> Outputs:
    """The objects of the set as a result JSON, with falling scores."""
    tree = json.loads((data / "val.json").read_text())
    return [
        {
            "image_id": annotation["image_id"],
            "category_id": annotation["category_id"],
            "score": 1 / (2 + number),
            "segmentation": annotation["segmentation"],
        }
        for number, annotation in enumerate(tree["annotations"])
    ]


def test_coco_evaluator_with_gaps_between_ids_writes_what_we_read(
    data: Path, tmp_path: Path
) -> None:
    from detectron2.data import MetadataCatalog
    from detectron2.data.datasets import load_coco_json
    from detectron2.evaluation import COCOEvaluator

    tree = json.loads((data / "val.json").read_text())
    for category in tree["categories"]:
        category["id"] = 3 * category["id"] + 2
    test_set = {"images": tree["images"], "categories": tree["categories"][::-1]}
    ann = tmp_path / "image_info.json"
    ann.write_text(json.dumps(test_set))
    MetadataCatalog.get("longtail_gaps").set(json_file=str(ann))
    load_coco_json(str(ann), str(data), "longtail_gaps")
    folder = tmp_path / "inference"
    evaluator = COCOEvaluator("longtail_gaps", distributed=False, output_dir=str(folder))
    evaluator.reset()
    instances_of = near_the_truth(data)
    for [image] in inputs_of(data):
        evaluator.process([image], [{"instances": instances_of(image)}])
    evaluator.evaluate()
    names = ("instances_predictions.pth", "coco_instances_results.json")
    first, second = (open_store(ann, folder / name, tmp_path) for name in names)
    assert [shard.sha256 for shard in first.manifest.shards] == [
        shard.sha256 for shard in second.manifest.shards
    ]
    assert first.num_detections > 500
    assert set(first.read_all(with_masks=False).category_id) <= set(range(5, 39, 3))
