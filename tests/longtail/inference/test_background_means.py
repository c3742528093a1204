import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from torch import Tensor

from longtail.config.scores import HeadMerge
from longtail.data.loading.batches import prediction_images
from longtail.data.lvis.annotations import open_annotations
from longtail.engines.base import Engine
from longtail.inference.background_means import (
    BACKGROUND_MEANS,
    measure_background_means,
    use_background_means,
)
from longtail.inference.engine import load_engine
from longtail.inference.job import PredictionJob
from longtail.models.detections.head_merge import BackgroundMeans

CPU = torch.device("cpu")


def _with(job: PredictionJob, **merge: Any) -> PredictionJob:
    inference = job.variant.inference.replace(head_merge=HeadMerge(**merge))
    return replace(job, variant=job.variant.replace(inference=inference))


def _engine(job: PredictionJob) -> Engine:
    categories = open_annotations(job.annotations).categories
    return load_engine(job.checkpoint, job.variant, job.stage, categories, CPU)


def _means_by_hand(engine: Any, job: PredictionJob, num_images: int) -> BackgroundMeans:
    """Of the logits that the classifier gave."""
    seen: list[Tensor] = []
    hook = engine.parts()["classifier"].register_forward_hook(lambda *call: seen.append(call[2]))
    annotations = open_annotations(job.annotations)
    settings = job.variant.inference
    for batch in prediction_images(annotations, range(num_images), job.images, settings):
        engine.predict(batch)
    hook.remove()
    logits = torch.cat(seen)
    original, new = (half.softmax(dim=1)[:, -1] for half in logits.chunk(2, dim=1))
    return BackgroundMeans(float(original.double().mean()), float(new.double().mean()))


def _used(engine: Engine, job: PredictionJob) -> Any:
    job.store.mkdir(exist_ok=True)
    annotations = open_annotations(job.annotations)
    use_background_means(engine, annotations, job.images, job.variant.inference, job.store)
    return cast(Any, engine).roi_heads.score_rows.means


@pytest.mark.slow
def test_means_run_over_all_proposals_of_the_first_images(calibrated: PredictionJob) -> None:
    job = _with(calibrated, rule="cat_scale", scale_images=4)
    engine, annotations = _engine(job), open_annotations(job.annotations)
    rows = cast(Any, engine).roi_heads.score_rows
    found = measure_background_means(engine, annotations, job.images, job.variant.inference)
    assert cast(Any, engine).roi_heads.score_rows is rows
    by_hand = _means_by_hand(_engine(_with(calibrated, rule="only")), job, 4)
    assert found.original == pytest.approx(by_hand.original, rel=1e-6)
    assert found.new == pytest.approx(by_hand.new, rel=1e-6)
    assert 0 < found.original != found.new


@pytest.mark.slow
def test_the_first_means_hold_for_every_shard_and_worker(calibrated: PredictionJob) -> None:
    job = _with(calibrated, rule="cat_scale", scale_images=2)
    means = _used(_engine(job), job)
    written = json.loads((job.store / BACKGROUND_MEANS).read_text())
    assert len(written.pop("sha256")) == 64
    assert means == BackgroundMeans(**written)
    # Without its images another worker could not measure again.
    assert _used(_engine(job), replace(job, images=Path("nowhere"))) == means
    assert [path.name for path in job.store.iterdir()] == [BACKGROUND_MEANS]


@pytest.mark.slow
def test_other_rules_measure_nothing(calibrated: PredictionJob) -> None:
    for merge in ({"rule": "cat"}, {"rule": "cat_scale", "scale_images": 0}):
        job = replace(_with(calibrated, **merge), images=Path("nowhere"))
        assert _used(_engine(job), job) in (None, "of the image")
        assert not list(job.store.iterdir())
