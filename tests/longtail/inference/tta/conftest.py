"""Views of a toy set, each predicted once for all tests."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from longtail.config.test_time.scales import ViewScale
from longtail.config.test_time.tta import TTA
from longtail.config.variant import Inference
from longtail.inference.job import PredictionJob, finish_job, predict_job_shard, source_of
from longtail.predictions.store import PredictionStore, is_store

Predict = Callable[[Inference, Path], PredictionStore]

SCALES = (
    ViewScale(short_side=64, long_side_cap=128, smallest=16),
    ViewScale(short_side=96, long_side_cap=128, largest=48),
)


@pytest.fixture(scope="session")
def plain(once_trained: PredictionJob) -> Inference:
    """A plain prediction of few detections."""
    return once_trained.variant.inference.replace(detections_per_image=12)


@pytest.fixture(scope="session")
def four_views() -> TTA:
    """Two scales as they are and flipped, the second one that of `plain`."""
    return TTA(scales=SCALES)


@pytest.fixture(scope="session")
def job_of(
    once_trained: PredictionJob, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Inference, Path], PredictionJob]:
    """A job that predicts eight images by some settings; the views that it needs are there."""
    folder = tmp_path_factory.mktemp("views")
    eight = folder / "eight.json"
    eight.write_text(json.dumps(_first_images(once_trained.annotations, 8)))

    def job(inference: Inference, store: Path) -> PredictionJob:
        views = tuple(folder / view.fingerprint() for view in inference.views())
        for view, place in zip(inference.views(), views, strict=True):
            if not is_store(place):
                _predicted(job(view, place))
        variant = once_trained.variant.replace(inference=inference)
        source = source_of("toy", "node", inference)
        changes = {"variant": variant, "store": store, "source": source, "views": views}
        return replace(once_trained, annotations=eight, **changes)

    return job


@pytest.fixture(scope="session")
def predict(job_of: Callable[[Inference, Path], PredictionJob]) -> Predict:
    """The store of the eight images by some settings."""
    return lambda inference, store: _predicted(job_of(inference, store))


def _first_images(annotations: Path, count: int) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads(annotations.read_text())
    tree["images"] = sorted(tree["images"], key=lambda image: int(image["id"]))[:count]
    ids = {image["id"] for image in tree["images"]}
    for number, category in enumerate(tree["categories"]):
        letter, images = (("r", 5), ("c", 50), ("f", 500))[number % 3]
        category |= {"frequency": letter, "image_count": images, "instance_count": images}
    return tree | {"annotations": [a for a in tree["annotations"] if a["image_id"] in ids]}


def _predicted(job: PredictionJob) -> PredictionStore:
    predict_job_shard(job, 0, device=torch.device("cpu"))
    return finish_job(job)
