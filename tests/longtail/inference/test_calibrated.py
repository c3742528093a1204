"""Whole predictions of a detector with a calibrated classifier."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from longtail.config.scores import HeadMerge
from longtail.inference.background_means import BACKGROUND_MEANS
from longtail.inference.job import PredictionJob, finish_job, predict_job_shard
from longtail.predictions.columns import DetectionColumns
from longtail.training.checkpoints import final_checkpoint


def _predicted(job: PredictionJob, name: str) -> DetectionColumns:
    named = replace(job, store=job.store.with_name(name))
    predict_job_shard(named, 0, device=torch.device("cpu"))
    return finish_job(named).read_all()


def _merged(job: PredictionJob, **merge: Any) -> PredictionJob:
    inference = job.variant.inference.replace(head_merge=HeadMerge(**merge))
    return replace(job, variant=job.variant.replace(inference=inference))


@pytest.mark.slow
def test_with_no_category_in_the_tail_it_is_the_detector_of_the_stage_before(
    calibrated: PredictionJob,
) -> None:
    found = _predicted(_merged(calibrated, rule="cat", tail_below=1), "second")
    first = final_checkpoint(calibrated.store.with_name("first"), 1)
    before = _predicted(replace(calibrated, stage=0, checkpoint=first), "first_stage")
    assert len(before) > 0
    for column in ("image_id", "category_id", "score", "boxes"):
        assert np.array_equal(getattr(found, column), getattr(before, column))
    assert found.rles() == before.rles()


@pytest.mark.slow
def test_every_rule_predicts_a_whole_set(calibrated: PredictionJob) -> None:
    scale: dict[str, Any] = {"rule": "cat_scale", "tail_below": 10**6, "scale_images": 3}
    merges = [
        {"rule": "only"},
        {"rule": "avg"},
        {"rule": "det"},
        {"rule": "cat_thr", "tail_below": 10**6, "threshold": 0.999},
        {"rule": "cat", "tail_below": 10**6},
        scale,
        {**scale, "scale": "original_over_new"},
        {**scale, "scale_images": 0},
    ]
    only, avg, det, thr, cat, down, up, own = (
        _predicted(_merged(calibrated, **merge), f"store{number}")
        for number, merge in enumerate(merges)
    )
    assert len(thr) == 0 < len(only)
    assert len(avg) > 0 and len(own) > 0
    # Over a tail of all categories, new scores are the only ones.
    assert np.array_equal(cat.score, only.score)
    assert det.score.max() >= only.score.max()
    means = json.loads((calibrated.store.with_name("store5") / BACKGROUND_MEANS).read_text())
    ratio = means["new"] / means["original"]
    assert down.score.max() == pytest.approx(only.score.max() * ratio, rel=1e-5)
    assert up.score.max() == pytest.approx(min(only.score.max() / ratio, 1), rel=1e-5)
