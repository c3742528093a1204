"""A training of either engine in detectron2's own predictor, and back."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.one_thread import one_thread
from support.places import ROOT

from longtail.cluster.detectron2_export import export_to_detectron2
from longtail.cluster.nodes.ledger import begin
from longtail.cluster.nodes.node import stage_node
from longtail.cluster.trained import find_trained
from longtail.config.augmentations import HorizontalFlip, Resize
from longtail.config.classifiers import BalancedGroupSoftmax, Equalization
from longtail.config.detector import BoxHead, Detector, Detectron2, MaskHead, Proposals, Timm
from longtail.config.stages import AdamW, Schedule, Stage
from longtail.config.variant import Variant
from longtail.data.loading.images import load_image
from longtail.data.lvis.annotations import open_annotations
from longtail.data.pictures.rgb import read_rgb
from longtail.data.synthetic.dataset import Parameters, write_dataset
from longtail.engines.base import Detections
from longtail.inference.engine import load_engine
from longtail.models.detections.paste import paste_masks
from longtail.models.weights.initial_detector import initial_detector
from longtail.problems import BadInputError
from longtail.training.stage import StageJob, train_stage

pytest.importorskip("detectron2", reason="detectron2 is not installed: nothing to export for")
pytestmark = pytest.mark.slow

SIDE = 96
SETTINGS = {
    "short_side": SIDE,
    "long_side_cap": 4 * SIDE,
    "score_threshold": 0.0,
    "detections_per_image": 50,
}
CPU = torch.device("cpu")
RESNET = """
VERSION: 2
MODEL:
  BACKBONE: {NAME: build_resnet_fpn_backbone, FREEZE_AT: 0}
  RESNETS: {DEPTH: 18, RES2_OUT_CHANNELS: 64, NORM: BN, OUT_FEATURES: [res2, res3, res4, res5]}
  FPN: {IN_FEATURES: [res2, res3, res4, res5]}
"""


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def toy_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("toy")
    write_dataset(folder, Parameters(16, 4, 0, categories=6, size=SIDE, seed=0))
    return folder


@pytest.fixture(scope="module", params=["torchvision", "detectron2", "detectron2's ResNet"])
def node(
    request: pytest.FixtureRequest, toy_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The directory of a training node of each engine, and of a network of detectron2's own."""
    directory, theirs = tmp_path_factory.mktemp("node"), request.param == "detectron2's ResNet"
    (directory / "resnet.yaml").write_text(RESNET)
    own = Detectron2(config_file=str(directory / "resnet.yaml"))
    detector = Detector(
        engine="detectron2" if theirs else request.param,
        backbone=own if theirs else Timm(model="mobilenetv3_small_050"),
        neck_channels=16,
        proposals=Proposals(anchor_sizes=(8, 16, 32, 64, 128), train_post_nms=100),
        box_head=BoxHead(rois_per_image=32, channels=32),
        mask_head=MaskHead(channels=16, convolutions=1),
    )
    schedule = Schedule(
        iterations=8, images_per_step=4, warmup_iterations=0, checkpoint_every=8, log_every=8
    )
    stage = Stage(
        classifier=BalancedGroupSoftmax() if theirs else Equalization(),
        augmentations=(Resize(short_sides=(SIDE,), long_side_cap=128), HorizontalFlip()),
        optimizer=AdamW(base_lr=2e-3),
        schedule=schedule,
    )
    variant = Variant(detector=detector, stages=(stage,))
    begin(directory, stage_node(variant, 0, "toy", {}, None), {})
    job = StageJob(variant, 0, toy_data / "train.json", toy_data / "images", directory, None, 0)
    train_stage(job, rank=0, world_size=1, device=CPU)
    return directory


@pytest.fixture(scope="module")
def exported(node: Path, toy_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports") / "detector"
    export_to_detectron2(find_trained(node), toy_data / "val.json", folder, SETTINGS)
    return folder


def picture_of(toy_data: Path) -> Path:
    return open_annotations(toy_data / "val.json").image_path(0, toy_data / "images")


def ours(node: Path, toy_data: Path, short_side: int) -> Detections:
    trained = find_trained(node)
    inference = trained.variant.inference.override(SETTINGS)
    engine = load_engine(
        trained.checkpoint,
        trained.variant.replace(inference=inference),
        0,
        open_annotations(toy_data / "val.json").categories,
        CPU,
    )
    image = load_image(picture_of(toy_data), 1, short_side, 4 * short_side)
    return engine.predict([image])[0]


def theirs(exported: Path, toy_data: Path, **sizes: int) -> Any:
    from detectron2.config import get_cfg
    from detectron2.engine import DefaultPredictor

    from longtail.engines.detectron2.config import add_longtail_config

    cfg = get_cfg()
    add_longtail_config(cfg)
    cfg.merge_from_file(str(exported / "config.yaml"))
    cfg.MODEL.WEIGHTS = str(exported / "model_final.pth")
    cfg.MODEL.DEVICE = "cpu"
    cfg.INPUT.update(sizes)
    # As OpenCV reads a picture: blue first.
    pixels = np.asarray(read_rgb(picture_of(toy_data)))[:, :, ::-1]
    return DefaultPredictor(cfg)(pixels)["instances"]


def assert_alike(found: Detections, expected: Any, pixels: float) -> None:
    assert len(found.boxes) == len(expected) > 0
    torch.testing.assert_close(expected.pred_boxes.tensor, found.boxes, rtol=0, atol=pixels)
    torch.testing.assert_close(expected.scores, found.score_box, rtol=1e-4, atol=1e-5)
    assert torch.equal(expected.pred_classes, found.labels)
    crops = paste_masks(found.mask_probabilities, found.boxes, found.size, 0.5)
    for mask, crop in zip(expected.pred_masks.numpy(), crops, strict=True):
        pasted = np.zeros(found.size, bool)
        height, width = crop.pixels.shape
        pasted[crop.y0 : crop.y0 + height, crop.x0 : crop.x0 + width] = crop.pixels
        assert np.mean(pasted != mask) < 1e-3


def test_detectron2s_predictor_finds_what_the_training_engine_finds(
    node: Path, exported: Path, toy_data: Path
) -> None:
    own = min(read_rgb(picture_of(toy_data)).size)
    found = ours(node, toy_data, short_side=own)
    expected = theirs(exported, toy_data, MIN_SIZE_TEST=own, MAX_SIZE_TEST=4 * own)
    assert_alike(found, expected, pixels=1e-3)


def test_a_resized_picture_gives_the_same_detections(
    node: Path, exported: Path, toy_data: Path
) -> None:
    assert min(read_rgb(picture_of(toy_data)).size) > SIDE
    assert_alike(ours(node, toy_data, SIDE), theirs(exported, toy_data), pixels=1e-3)


@pytest.mark.parametrize(
    ("change", "remedy"), [({"tta": {}}, "--set tta=null"), ({"flip": True}, "--set flip=false")]
)
def test_views_are_not_exported(
    node: Path, toy_data: Path, tmp_path: Path, change: dict[str, Any], remedy: str
) -> None:
    with pytest.raises(ValueError, match=remedy):
        export_to_detectron2(
            find_trained(node), toy_data / "val.json", tmp_path / "none", {**SETTINGS, **change}
        )
    assert not list(tmp_path.iterdir())


def test_the_weights_start_a_detector_of_ours_again(
    node: Path, exported: Path, toy_data: Path
) -> None:
    trained = find_trained(node)
    categories = open_annotations(toy_data / "val.json").categories
    engine: Any = load_engine(trained.checkpoint, trained.variant, 0, categories, CPU)
    before = engine.state_dict()
    again = trained.variant.detector.replace(weights=str(exported / "model_final.pth"))
    state, start = initial_detector(
        again, {name: torch.zeros_like(value) for name, value in before.items()}, 6
    )
    assert start.taken.is_complete
    assert all(torch.equal(state[name], value) for name, value in before.items())


def test_the_categories_are_in_the_order_of_the_classes(exported: Path, toy_data: Path) -> None:
    listed = json.loads((exported / "categories.json").read_text())
    records = json.loads((toy_data / "val.json").read_text())["categories"]
    assert listed == [{"id": record["id"], "name": record["name"]} for record in records]


def test_the_lines_of_the_readme_run(exported: Path, toy_data: Path, tmp_path: Path) -> None:
    text = (exported / "README.md").read_text()
    lines = text.split("```python\n")[1].split("```")[0]
    lines = lines.replace('"picture.jpg"', repr(str(picture_of(toy_data))))
    lines = lines.replace("instances =", 'cfg.MODEL.DEVICE = "cpu"\ninstances =')
    done = subprocess.run(
        [sys.executable, "-c", f"{lines}\nprint(len(instances))"],
        cwd=exported,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) > 0


def test_a_folder_that_is_there_is_left_alone(node: Path, exported: Path, toy_data: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in exported.iterdir()}
    with pytest.raises(ValueError, match="is there already; give another folder"):
        export_to_detectron2(find_trained(node), toy_data / "val.json", exported, {})
    assert {path: path.stat().st_mtime_ns for path in exported.iterdir()} == before


def test_other_categories_are_refused(node: Path, toy_data: Path, tmp_path: Path) -> None:
    tree = json.loads((toy_data / "val.json").read_text())
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"images": [], "categories": tree["categories"][1:]}))
    with pytest.raises(BadInputError, match="was trained on 6 categories"):
        export_to_detectron2(find_trained(node), other, tmp_path / "out", {})
    assert not (tmp_path / "out").exists()


def test_the_command_writes_the_folder(node: Path, toy_data: Path, tmp_path: Path) -> None:
    words = [str(node), "--ann", str(toy_data / "train.json"), "--out", str(tmp_path / "out")]
    command = [sys.executable, "-m", "longtail.cluster.export", *words, "--set", "nms_iou=0.6"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "NMS_THRESH_TEST: 0.6" in (tmp_path / "out" / "config.yaml").read_text()
    names = {"config.yaml", "model_final.pth", "categories.json", "README.md"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
