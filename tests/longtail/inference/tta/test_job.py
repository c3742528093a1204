"""Whole shards by test-time augmentation: what must be a plain prediction, and reruns."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from longtail.config.test_time.scales import ViewScale
from longtail.config.test_time.suppression import SoftNMS
from longtail.config.test_time.tta import TTA
from longtail.config.variant import Inference
from longtail.data.loading.sample import Image
from longtail.engines.base import SeenImages
from longtail.engines.torchvision import TorchvisionEngine
from longtail.inference.job import PredictionJob, finish_job, predict_job_shard
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.manifest import MANIFEST_NAME, shard_name
from longtail.predictions.store import PredictionStore
from longtail.rle.bitmaps import decode_bitmap

Predict = Callable[[Inference, Path], PredictionStore]
JobOf = Callable[[Inference, Path], PredictionJob]
ONE = (ViewScale(short_side=96, long_side_cap=128),)
SHARD = shard_name(0)


def require_same_boxes(found: DetectionColumns, expected: DetectionColumns) -> None:
    assert len(expected) > 50
    assert found.image_id.tolist() == expected.image_id.tolist()
    assert found.category_id.tolist() == expected.category_id.tolist()
    np.testing.assert_allclose(found.boxes, expected.boxes, atol=1e-3)
    np.testing.assert_allclose(found.score, expected.score, rtol=1e-4)


def require_same_masks(found: DetectionColumns, expected: DetectionColumns) -> None:
    """But for pixels whose probability is the threshold, to rounding."""
    of_rows = [
        [
            decode_bitmap(of.rle(i), int(of.heights[i]), int(of.widths[i]))
            for of in (found, expected)
        ]
        for i in range(len(expected))
    ]
    differing = sum(int((one != other).sum()) for one, other in of_rows)
    assert differing <= 1e-3 * sum(int(other.sum()) for _, other in of_rows)


@pytest.mark.slow
def test_one_view_is_the_plain_prediction_to_the_byte(
    job_of: JobOf, once_trained: PredictionJob, plain: Inference, tmp_path: Path
) -> None:
    # 36 images in two blocks, in batches of three, which do not divide a block.
    tta = TTA(scales=ONE, horizontal_flip=False)
    all_images = once_trained.annotations
    first = replace(job_of(plain, tmp_path / "plain"), annotations=all_images)
    view = job_of(plain.replace(short_side=400, tta=tta), tmp_path / "view")
    other = replace(view, annotations=all_images, views=(first.store,))
    stores = []
    for job in (first, other):
        predict_job_shard(job, 0, device=torch.device("cpu"))
        stores.append(finish_job(job))
    assert stores[0].num_detections == 12 * 36
    assert (first.store / SHARD).read_bytes() == (other.store / SHARD).read_bytes()
    assert stores[0].source.scale == stores[1].source.scale == 96
    assert stores[0].manifest.notes == {} and stores[1].manifest.notes == {"views": 1}


def test_a_vote_of_one_view_is_the_plain_prediction(
    predict: Predict, plain: Inference, tmp_path: Path
) -> None:
    tta = TTA(scales=ONE, horizontal_flip=False, masks="vote")
    soft = plain.replace(keep_soft_masks=True)
    expected = next(predict(soft, tmp_path / "plain").blocks(with_soft_masks=True))
    found = next(predict(soft.replace(tta=tta), tmp_path / "vote").blocks(with_soft_masks=True))
    assert found.boxes.tolist() == expected.boxes.tolist()
    assert found.score.tolist() == expected.score.tolist()
    np.testing.assert_allclose(found.score_mask, expected.score_mask, rtol=1e-4)
    require_same_masks(found, expected)
    assert found.soft is not None and expected.soft is not None
    cells = found.soft.cells.astype(int) - expected.soft.cells
    assert np.abs(cells).max() <= 1


def test_shared_proposals_of_one_view_are_the_plain_prediction(
    predict: Predict, plain: Inference, tmp_path: Path
) -> None:
    tta = TTA(scales=ONE, horizontal_flip=False, boxes="shared_proposals", masks="vote")
    expected = predict(plain, tmp_path / "plain").read_all()
    found = predict(plain.replace(tta=tta), tmp_path / "shared").read_all()
    require_same_boxes(found, expected)
    require_same_masks(found, expected)


@pytest.mark.parametrize("masks", ["own", "vote", "by_scale"])
def test_masks_change_neither_boxes_nor_scores(
    predict: Predict, plain: Inference, four_views: TTA, masks: str, tmp_path: Path
) -> None:
    own = predict(plain.replace(tta=four_views), tmp_path / "own").read_all()
    settings = plain.replace(tta=four_views.replace(masks=masks))
    found = predict(settings, tmp_path / masks).read_all()
    assert found.boxes.tolist() == own.boxes.tolist() and found.score.tolist() == own.score.tolist()
    assert found.has_mask.all()
    assert (found.rles() == own.rles()) is (masks == "own")


@pytest.mark.parametrize(
    "changes", [{"masks": "vote"}, {"masks": "vote", "boxes": "shared_proposals"}]
)
def test_every_view_of_a_batch_passes_the_network_once(
    job_of: JobOf,
    plain: Inference,
    changes: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scales = tuple(ViewScale(short_side=side, long_side_cap=128) for side in (64, 96))
    tta = TTA.model_validate({"scales": scales, **changes})
    job = job_of(plain.replace(tta=tta), tmp_path / "store")
    seen: list[int] = []
    see = TorchvisionEngine.see

    def counted(engine: TorchvisionEngine, images: Sequence[Image]) -> SeenImages:
        seen.append(len(images))
        return see(engine, images)

    monkeypatch.setattr(TorchvisionEngine, "see", counted)
    predict_job_shard(job, 0, device=torch.device("cpu"))
    # Eight images in batches of three, in four views.
    assert seen == [3] * 4 + [3] * 4 + [2] * 4


def test_a_union_with_own_masks_needs_no_checkpoint(
    job_of: JobOf, plain: Inference, four_views: TTA, tmp_path: Path
) -> None:
    job = job_of(plain.replace(tta=four_views), tmp_path / "store")
    seen: list[int] = []
    gone = replace(job, checkpoint=tmp_path / "gone")
    predict_job_shard(gone, 0, device=torch.device("cpu"), on_progress=seen.append)
    assert finish_job(gone).num_detections > 50
    assert sum(seen) == 8


def test_own_masks_keep_the_grids_of_their_views(
    predict: Predict, plain: Inference, four_views: TTA, tmp_path: Path
) -> None:
    settings = plain.replace(keep_soft_masks=True, tta=four_views)
    found = next(predict(settings, tmp_path / "soft").blocks(with_soft_masks=True))
    without = next(predict(plain.replace(tta=four_views), tmp_path / "own").blocks())
    assert found.soft is not None and (found.soft.sides == 28).all()
    assert found.rles() == without.rles() and len(found) > 50
    assert without.soft is None


def test_masks_of_shared_proposals_change_neither_boxes_nor_scores(
    predict: Predict, plain: Inference, tmp_path: Path
) -> None:
    scales = tuple(ViewScale(short_side=side, long_side_cap=128) for side in (64, 96))
    tta = TTA(scales=scales, boxes="shared_proposals", masks="vote")
    found = []
    for masks in ("vote", "by_scale"):
        settings = plain.replace(keep_soft_masks=True, tta=tta.replace(masks=masks))
        store = predict(settings, tmp_path / masks)
        found.append(next(store.blocks(with_soft_masks=True)))
    first, other = found
    assert len(first) > 50
    assert other.boxes.tolist() == first.boxes.tolist()
    assert other.score.tolist() == first.score.tolist()
    assert first.soft is not None and other.soft is not None
    assert other.soft.cells.tolist() != first.soft.cells.tolist()


@pytest.mark.parametrize("masks", ["own", "vote"])
def test_a_shard_that_was_lost_is_made_again_to_the_byte(
    predict: Predict, plain: Inference, four_views: TTA, masks: str, tmp_path: Path
) -> None:
    settings = plain.replace(tta=four_views.replace(masks=masks, suppression=SoftNMS()))
    store = predict(settings, tmp_path / "store").directory
    before = {path.name: path.read_bytes() for path in store.iterdir()}
    (store / MANIFEST_NAME).unlink()
    (store / SHARD).unlink()
    predict(settings, store)
    assert {path.name: path.read_bytes() for path in store.iterdir()} == before


def _die_after_a_batch(job: PredictionJob) -> None:
    torch.set_num_threads(1)

    def die(num_images: int) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    predict_job_shard(job, 0, device=torch.device("cpu"), on_progress=die)


@pytest.mark.slow
def test_a_killed_prediction_ends_like_one_that_was_never_killed(
    predict: Predict, job_of: JobOf, plain: Inference, four_views: TTA, tmp_path: Path
) -> None:
    settings = plain.replace(tta=four_views.replace(masks="vote"))
    expected = (predict(settings, tmp_path / "whole").directory / SHARD).read_bytes()
    job = job_of(settings, tmp_path / "killed")
    process = multiprocessing.get_context("spawn").Process(target=_die_after_a_batch, args=(job,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert not (job.store / SHARD).exists()
    predict_job_shard(job, 0, device=torch.device("cpu"))
    finish_job(job)
    assert (job.store / SHARD).read_bytes() == expected
