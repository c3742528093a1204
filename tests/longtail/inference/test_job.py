import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from longtail.data.lvis.annotations import open_annotations
from longtail.evaluation.lvis import evaluate
from longtail.inference.engine import load_engine
from longtail.inference.job import PredictionJob, finish_job, num_shards, predict_job_shard
from longtail.predictions.store import PredictionStore
from longtail.problems import BadInputError
from longtail.training.journal import JOURNAL, read_journal

CPU = torch.device("cpu")
Trained = Callable[[int], PredictionJob]


def _predict(job: PredictionJob) -> PredictionStore:
    predict_job_shard(job, 0, device=CPU)
    return finish_job(job)


@pytest.mark.slow
def test_every_image_is_predicted_once_and_in_its_own_block(trained: Trained) -> None:
    job = trained(1)
    seen: list[int] = []
    counts = predict_job_shard(job, 0, device=CPU, on_progress=seen.append)
    store = finish_job(job)
    assert num_shards(job.annotations) == 1 and store.block_count == 2
    assert seen == [3] * 12
    assert counts is not None and counts == store.num_detections > 0
    for block, ids in zip(store.blocks(), store.images.blocks(), strict=True):
        assert set(block.image_id.tolist()) <= set(ids.tolist())
        assert block.has_mask.all()
        assert np.isfinite(block.score).all() and (block.score > 0).all()


def test_a_shard_that_is_there_is_left_alone(trained: Trained) -> None:
    job = trained(1)
    predict_job_shard(job, 0, device=CPU)
    # Without a checkpoint nothing could be predicted again.
    shutil.rmtree(job.checkpoint)
    assert predict_job_shard(job, 0, device=CPU) is None
    assert finish_job(job).block_count == 2


@pytest.mark.slow
def test_loader_processes_do_not_change_a_detection(trained: Trained) -> None:
    job = trained(1)
    other = replace(job, store=job.store.with_name("again"), loader_processes=2)
    first, second = _predict(job).read_all(), _predict(other).read_all()
    assert len(first) and np.array_equal(first.score, second.score)
    assert np.array_equal(first.boxes, second.boxes)
    assert first.rles() == second.rles()


def test_a_damaged_checkpoint_predicts_nothing(trained: Trained) -> None:
    job = trained(1)
    weights = job.checkpoint / "model.pt"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(BadInputError, match=r"SHA-256 of model.pt"):
        predict_job_shard(job, 0, device=CPU)


def test_other_categories_than_the_trained_ones_are_refused(
    trained: Trained, tmp_path: Path
) -> None:
    job = trained(1)
    tree = json.loads(job.annotations.read_text())
    dropped = tree["categories"].pop()["id"]
    tree["annotations"] = [a for a in tree["annotations"] if a["category_id"] != dropped]
    for image in tree["images"]:
        for field in ("neg_category_ids", "not_exhaustive_category_ids"):
            image[field] = [number for number in image[field] if number != dropped]
    fewer = tmp_path / "fewer.json"
    fewer.write_text(json.dumps(tree))
    categories = open_annotations(fewer).categories
    with pytest.raises(BadInputError, match=f"6 categories .* has 5; .* the first is {dropped}"):
        load_engine(job.checkpoint, job.variant, 0, categories, CPU)


@pytest.mark.slow
def test_training_predicting_and_evaluating_work_together(trained: Trained) -> None:
    job = trained(120)
    losses = [line["train/loss"] for line in read_journal(job.checkpoint.parents[1] / JOURNAL)]
    assert losses[-1] < 0.7 * losses[0]
    store = _predict(job)
    assert 0 < store.num_detections <= 300 * 36
    result = evaluate(job.annotations, job.store)
    assert result.segm["AP"] > 0 and result.box["AP"] > 0
