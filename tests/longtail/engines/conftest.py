"""A toy detector and samples for the tests of the engines."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from support.one_thread import one_thread
from support.statistics_of import statistics_of

from longtail.config.classifiers import Classifier, Equalization
from longtail.config.detector import BoxHead, Detector, MaskHead, Proposals, Timm
from longtail.config.variant import Inference
from longtail.data.loading.sample import Image, Sample, VerifiedCategories
from longtail.data.loading.scenes.masks import InstanceMasks, PolygonMask
from longtail.engines.base import Engine
from longtail.engines.build import build_engine

K = 6
DETECTOR = Detector(
    backbone=Timm(model="resnet10t"),
    neck_channels=32,
    proposals=Proposals(
        anchor_sizes=(8, 16, 32, 64, 128),
        train_pre_nms=200,
        train_post_nms=100,
        test_pre_nms=100,
        test_post_nms=50,
    ),
    box_head=BoxHead(rois_per_image=32, channels=32, class_specific_boxes=False),
    mask_head=MaskHead(channels=16, convolutions=1),
)
EngineMaker = Callable[..., Engine]
SampleMaker = Callable[..., Sample]


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture
def detector() -> Detector:
    """Small enough for a step in a tenth of a second."""
    return DETECTOR


@pytest.fixture
def make_engine() -> EngineMaker:
    """A toy engine of K = 6 categories whose weights depend on the seed alone."""

    def make(
        detector: Detector = DETECTOR,
        classifier: Classifier | None = None,
        seed: int = 0,
        engine: str = "torchvision",
        **inference_changes: Any,
    ) -> Engine:
        torch.manual_seed(seed)
        inference = Inference(score_threshold=0.0, nms_iou=0.2, detections_per_image=20)
        inference = inference.replace(**inference_changes)
        named = detector.replace(engine=engine)
        return build_engine(named, classifier or Equalization(), inference, statistics_of(K, 4))

    return make


@pytest.fixture
def make_sample() -> SampleMaker:
    """A noisy picture with bright squares; `seed` chooses them, categories are 0, 1, ..."""

    def make(
        seed: int = 0, height: int = 64, width: int = 64, instances: int = 2, **changes: object
    ) -> Sample:
        generator = torch.Generator().manual_seed(seed)
        pixels = torch.rand(3, height, width, generator=generator) * 0.2
        boxes, masks = torch.zeros(instances, 4), []
        for i in range(instances):
            x, y, side = (int(torch.randint(4, 24, (), generator=generator)) for _ in range(3))
            x, side = x + 20 * i, side + 8
            box = np.array([x, y, min(x + side, width), min(y + side, height)])
            boxes[i] = torch.from_numpy(box)
            pixels[i % 3, box[1] : box[3], box[0] : box[2]] = 1
            masks.append(PolygonMask((box[[0, 1, 2, 1, 2, 3, 0, 3]].reshape(4, 2).astype(float),)))
        fields: dict[str, object] = {
            "image": Image(pixels, image_id=seed, original_size=(height, width)),
            "boxes": boxes,
            "labels": torch.arange(instances) % K,
            "masks": InstanceMasks(tuple(masks)),
            "source": torch.zeros(instances, dtype=torch.long),
            "verified": (VerifiedCategories(torch.arange(instances) % K, torch.tensor([5])),),
            "ignore_boxes": torch.zeros(0, 4),
            "ignore_weights": torch.zeros(0),
        }
        return Sample(**{**fields, **changes})  # type: ignore[arg-type]

    return make
