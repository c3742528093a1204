"""A detector of many new parts: from its first step to predictions, through checkpoints."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from support.models.every_architecture import ARCHITECTURES

from longtail.categories import CategoryTable
from longtail.data.loading.images import load_image
from longtail.data.lvis.annotations import open_annotations
from longtail.engines.torchvision import TorchvisionEngine
from longtail.inference.engine import load_engine
from longtail.models.deformable_conv import DeformableConv2d
from longtail.training.checkpoints import Checkpoint, final_checkpoint
from longtail.training.stage import StageJob, train_stage

CPU = torch.device("cpu")


def _job(job: StageJob, folder: Path, channels_last: bool = True, dropout: float = 0.2) -> StageJob:
    changes = ARCHITECTURES["norms over workers everywhere, channels last"]
    backbone = changes["backbone"].replace(deformable=("c4", "c5"))
    detector = job.variant.detector.replace(
        **{**changes, "backbone": backbone, "channels_last": channels_last}
    )
    schedule = job.config.schedule.replace(iterations=2, warmup_iterations=0, checkpoint_every=1)
    stages = (job.config.replace(schedule=schedule, classifier_dropout=dropout),)
    return replace(
        job, variant=job.variant.replace(detector=detector, stages=stages), directory=folder
    )


def _trained(job: StageJob) -> dict[str, torch.Tensor]:
    torch.set_num_threads(1)
    train_stage(job, rank=0, world_size=1, device=CPU)
    return Checkpoint(final_checkpoint(job.directory, 2)).weights()


@pytest.mark.slow
def test_it_learns_goes_on_bitwise_and_predicts(job: StageJob, tmp_path: Path) -> None:
    whole = _job(job, tmp_path / "whole")
    weights = _trained(whole)
    paused = _job(job, tmp_path / "paused")
    train_stage(replace(paused, until=1), rank=0, world_size=1, device=CPU)
    torch.testing.assert_close(_trained(paused), weights, rtol=0, atol=0)
    without = _trained(_job(job, tmp_path / "without", dropout=0.0))
    assert not torch.equal(
        without["roi_heads.classifier.linear.weight"], weights["roi_heads.classifier.linear.weight"]
    )
    categories = CategoryTable.from_json(job.train_annotations)
    path = open_annotations(job.train_annotations).image_path(0, job.images)
    images = torch.rand(1, 3, 96, 128)
    # Checkpoints of either layout in memory are of the other, too.
    plain = _job(job, tmp_path, channels_last=False).variant
    levels = []
    for variant in (whole.variant, plain):
        loaded = load_engine(final_checkpoint(whole.directory, 2), variant, 0, categories, CPU)
        (found,) = loaded.predict([load_image(path, 1, 96, 128)])
        assert len(found.labels) and found.mask_probabilities.isfinite().all()
        assert isinstance(loaded, TorchvisionEngine)
        assert any(isinstance(module, DeformableConv2d) for module in loaded.modules())
        assert loaded.roi_heads.classifier_dropout.p == 0
        levels.append(loaded.neck(images, loaded.backbone(images)))
    torch.testing.assert_close(levels[1], levels[0], rtol=1e-3, atol=1e-3)
