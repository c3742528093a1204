"""Detectors small enough for a test, and the stages that train them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import torch
from support.pictures.unannotated import unannotated
from torch import Tensor, nn

from longtail.config.augmentations import HorizontalFlip, Resize
from longtail.config.classifiers import Equalization
from longtail.config.detector import BoxHead, Detector, MaskHead, Proposals, Timm
from longtail.config.stages import (
    SGD,
    AdamW,
    LossWeights,
    MultiStep,
    Part,
    Schedule,
    Stage,
)
from longtail.config.variant import Variant
from longtail.data.loading.batches import TrainingBatch
from longtail.data.loading.sample import Image, Sample
from longtail.data.synthetic.dataset import Parameters, write_dataset
from longtail.engines.base import Detections
from longtail.training.stage import StageJob

LOSSES = ("rpn_objectness", "rpn_box", "classification", "box", "mask")


class TinyEngine(nn.Module):
    """Two layers and a batch norm; every loss is a square of the same output."""

    def __init__(self, num_categories: int = 3) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
        self.head = nn.Linear(4, num_categories)

    def forward(self, samples: Sequence[Sample]) -> dict[str, Tensor]:
        return self.losses(samples)

    def losses(self, samples: Sequence[Sample]) -> dict[str, Tensor]:
        pixels = torch.stack([sample.image.pixels for sample in samples])
        noise = torch.rand(())
        output = self.head(self.body(pixels).mean((2, 3)))
        loss = (output - noise).square().mean()
        return {name: loss * (number + 1) for number, name in enumerate(LOSSES)}

    def predict(self, images: Sequence[Image], class_rows: bool = False) -> list[Detections]:
        raise NotImplementedError

    def parts(self) -> Mapping[Part, nn.Module]:
        return {"backbone": self.body, "classifier": self.head}


@pytest.fixture
def engine() -> TinyEngine:
    torch.manual_seed(0)
    return TinyEngine()


@pytest.fixture
def stage() -> Stage:
    """Six steps of two images, a line every two steps, a checkpoint every three."""
    return Stage(
        optimizer=SGD(base_lr=0.01),
        loss_weights=LossWeights(mask=0.5),
        schedule=Schedule(
            iterations=6,
            images_per_step=2,
            warmup_iterations=0,
            decay=MultiStep(milestones=(0.5,)),
            checkpoint_every=3,
            log_every=2,
        ),
    )


def _batches(first: int) -> Iterator[TrainingBatch]:
    number = first
    while True:
        generator = torch.Generator().manual_seed(number)
        pixels = torch.rand(2, 3, 8, 8, generator=generator)
        samples = [unannotated(Image(image, number, (8, 8))) for image in pixels]
        number += 1
        yield TrainingBatch(samples, *divmod(2 * number, 10))


@pytest.fixture
def batches_from() -> Callable[[int], Iterator[TrainingBatch]]:
    """Batches from a number on; batch number n is drawn from n, and epochs have ten items."""
    return _batches


@pytest.fixture(scope="session")
def toy_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic data set of 16 training images."""
    folder = tmp_path_factory.mktemp("toy")
    write_dataset(folder, Parameters(16, 4, 0, categories=6, size=96, seed=0))
    return folder


@pytest.fixture(autouse=True)
def own_annotation_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cache = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setenv("LONGTAIL_CACHE", str(cache))


@pytest.fixture
def toy_stage() -> Stage:
    """Six steps of four images, a line at every step, a checkpoint every three."""
    return Stage(
        classifier=Equalization(),
        augmentations=(Resize(short_sides=(80, 96), long_side_cap=128), HorizontalFlip()),
        optimizer=AdamW(base_lr=1e-3),
        schedule=Schedule(
            iterations=6,
            images_per_step=4,
            warmup_iterations=2,
            checkpoint_every=3,
            log_every=1,
        ),
    )


@pytest.fixture
def job(toy_data: Path, toy_stage: Stage, tmp_path: Path) -> StageJob:
    """A small real detector that learns the toy data."""
    detector = Detector(
        backbone=Timm(model="mobilenetv3_small_050"),
        neck_channels=16,
        proposals=Proposals(
            anchor_sizes=(8, 16, 32, 64, 128),
            anchors_per_image=32,
            train_pre_nms=100,
            train_post_nms=50,
        ),
        box_head=BoxHead(rois_per_image=16, channels=32),
        mask_head=MaskHead(channels=16, convolutions=1, class_specific=False),
    )
    return StageJob(
        variant=Variant(detector=detector, stages=(toy_stage,), seed=3),
        stage=0,
        train_annotations=toy_data / "train.json",
        images=toy_data / "images",
        directory=tmp_path / "node",
        initial_weights=None,
        loader_processes=0,
    )
