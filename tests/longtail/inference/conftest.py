"""A small detector, trained for some steps on a small synthetic data set, and what to predict."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

from longtail.config.augmentations import HorizontalFlip, Resize
from longtail.config.classifiers import Calibrated, Equalization, Softmax
from longtail.config.detector import BoxHead, Detector, MaskHead, Proposals, Timm
from longtail.config.stages import AdamW, Schedule, Stage
from longtail.config.variant import Inference, Variant
from longtail.data.synthetic.dataset import Parameters, write_dataset
from longtail.inference.job import PredictionJob
from longtail.predictions.store import Source
from longtail.training.checkpoints import final_checkpoint
from longtail.training.stage import StageJob, train_stage

Trained = Callable[[int], PredictionJob]


def _variant(iterations: int) -> Variant:
    detector = Detector(
        backbone=Timm(model="mobilenetv3_small_050"),
        neck_channels=16,
        proposals=Proposals(
            anchor_sizes=(16, 32, 64, 96, 128),
            anchors_per_image=32,
            train_pre_nms=200,
            train_post_nms=100,
            test_pre_nms=100,
            test_post_nms=50,
        ),
        box_head=BoxHead(rois_per_image=32, channels=64),
        mask_head=MaskHead(channels=16, convolutions=1, class_specific=False),
    )
    stage = Stage(
        classifier=Equalization(),
        augmentations=(Resize(short_sides=(96,), long_side_cap=128), HorizontalFlip()),
        optimizer=AdamW(base_lr=2e-3),
        schedule=Schedule(
            iterations=iterations,
            images_per_step=4,
            warmup_iterations=iterations // 10,
            checkpoint_every=iterations,
            log_every=10,
        ),
    )
    # 3 images a batch do not divide a block of 32; masks after one step are all near 0.5.
    inference = Inference(short_side=96, long_side_cap=128, images_per_batch=3, mask_threshold=0.4)
    return Variant(detector=detector, stages=(stage,), inference=inference)


@pytest.fixture(autouse=True)
def own_annotation_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("LONGTAIL_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(scope="session")
def toy_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic data set: 36 validation images make two blocks."""
    folder = tmp_path_factory.mktemp("toy")
    write_dataset(folder, Parameters(32, 36, 2, categories=6, size=96, seed=0))
    return folder


@pytest.fixture
def trained(toy_data: Path, tmp_path: Path) -> Trained:
    """Trains for so many steps and returns the job that predicts the validation images."""
    return partial(_trained, toy_data, tmp_path)


@pytest.fixture(scope="session")
def once_trained(toy_data: Path, tmp_path_factory: pytest.TempPathFactory) -> PredictionJob:
    """The same after one step, for tests that give their stores places of their own."""
    return _trained(toy_data, tmp_path_factory.mktemp("once"), 1)


def _trained(toy_data: Path, folder: Path, iterations: int) -> PredictionJob:
    torch.set_num_threads(1)
    variant, node = _variant(iterations), folder / "stage"
    job = StageJob(variant, 0, toy_data / "train.json", toy_data / "images", node, None, 0)
    train_stage(job, rank=0, world_size=1, device=torch.device("cpu"))
    return PredictionJob(
        variant=variant,
        stage=0,
        checkpoint=final_checkpoint(node, iterations),
        annotations=toy_data / "val.json",
        images=toy_data / "images",
        store=folder / "predictions",
        source=Source(name="toy", node=None, scale=96, flip=False),
        loader_processes=0,
    )


@pytest.fixture
def calibrated(trained: Trained, toy_data: Path) -> PredictionJob:
    """Predicts with a calibrated classifier after a step of each of two stages."""
    job = trained(1)
    (first,) = job.variant.stages
    stages = (first.replace(classifier=Softmax()), _second_of(first))
    variant = job.variant.replace(stages=stages)
    before, checkpoint = None, job.checkpoint
    for stage, name in enumerate(("first", "second")):
        directory = job.store.with_name(name)
        training = StageJob(
            variant, stage, toy_data / "train.json", toy_data / "images", directory, before, 0
        )
        train_stage(training, rank=0, world_size=1, device=torch.device("cpu"))
        before = checkpoint = final_checkpoint(directory, 1)
    return replace(job, variant=variant, stage=1, checkpoint=checkpoint)


def _second_of(first: Stage) -> Stage:
    frozen = ("backbone", "neck", "rpn", "box_head", "box_regressor", "mask_head")
    return first.replace(classifier=Calibrated(), freeze=frozen)
