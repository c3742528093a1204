"""A hybrid task cascade with both branches of context: from its PNGs to predictions."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from support.pictures.class_maps import NUM_CATEGORIES, paint_maps
from support.places import SHARED

from longtail.categories import CategoryTable
from longtail.config.augmentations import Resize
from longtail.config.roi_stages import GlobalContext, HybridTaskCascade, SemanticBranch
from longtail.config.stages import SGD, LossWeights, Schedule, Stage
from longtail.data.loading.images import load_image
from longtail.data.lvis.annotations import open_annotations
from longtail.inference.engine import load_engine
from longtail.training.checkpoints import Checkpoint, final_checkpoint
from longtail.training.journal import JOURNAL, read_journal
from longtail.training.stage import StageJob, train_stage

CPU = torch.device("cpu")
PHOTOGRAPHS = SHARED / "real200"
TWO_STEPS = Schedule(
    iterations=2, images_per_step=2, warmup_iterations=0, checkpoint_every=1, log_every=1
)


def _with_context(
    job: StageJob, engine: str, semantic: SemanticBranch, **stage: object
) -> StageJob:
    detector = job.variant.detector.replace(
        engine=engine,
        roi_stages=HybridTaskCascade(
            positive_ious=(0.5, 0.6),
            coding_weights=((10, 10, 5, 5), (20, 20, 10, 10)),
            loss_weights=(1, 0.5),
            semantic=semantic,
            global_context=GlobalContext(convolutions=1),
        ),
    )
    stages = (job.config.replace(**{**stage, "schedule": TWO_STEPS}),)
    return replace(
        job, variant=job.variant.replace(detector=detector, stages=stages, external_data=True)
    )


def _train(job: StageJob) -> None:
    torch.set_num_threads(1)
    train_stage(job, rank=0, world_size=1, device=CPU)


def _last_line(job: StageJob) -> dict[str, float]:
    return read_journal(job.directory / JOURNAL)[-1]


@pytest.mark.parametrize("engine", ["torchvision", "detectron2"])
def test_it_learns_goes_on_bitwise_and_predicts(engine: str, job: StageJob, tmp_path: Path) -> None:
    if engine == "detectron2":
        pytest.importorskip("detectron2", reason="detectron2 is not installed")
    annotations = open_annotations(job.train_annotations)
    job = replace(job, semantic=paint_maps(annotations, tmp_path / "maps"))
    branch = SemanticBranch(num_categories=NUM_CATEGORIES, convolutions=1)
    whole = _with_context(job, engine, branch)
    _train(whole)
    paused = replace(whole, directory=tmp_path / "paused", until=1)
    _train(paused)
    _train(replace(paused, until=None))
    weights, again = (Checkpoint(final_checkpoint(of.directory, 2)) for of in (whole, paused))
    assert weights.weights().keys() == again.weights().keys()
    pairs = zip(weights.weights().values(), again.weights().values(), strict=True)
    assert all(torch.equal(*pair) for pair in pairs)
    names = {"loss_semantic", "loss_image_labels"}
    assert all(_last_line(of)[f"train/{name}"] > 0 for of in (whole, paused) for name in names)
    categories = CategoryTable.from_json(job.train_annotations)
    loaded = load_engine(final_checkpoint(whole.directory, 2), whole.variant, 0, categories, CPU)
    picture = load_image(annotations.image_path(0, job.images), 1, 96, 128)
    (found,) = loaded.predict([picture])
    assert len(found.labels) and found.mask_probabilities.shape[1:] == (28, 28)


def test_a_branch_without_pngs_is_refused(job: StageJob) -> None:
    with pytest.raises(ValueError, match=r"detector\.roi_stages\.semantic: no folder of PNGs"):
        _train(_with_context(job, "torchvision", SemanticBranch()))


@pytest.mark.skipif(not PHOTOGRAPHS.exists(), reason="needs ../shared/data/real200")
def test_real_photographs_teach_their_classes(job: StageJob) -> None:
    real = replace(
        job,
        train_annotations=PHOTOGRAPHS / "train.json",
        images=PHOTOGRAPHS / "images",
        semantic=PHOTOGRAPHS / "semantic",
    )
    branch = SemanticBranch(num_categories=201, unlabelled=0, convolutions=1)
    stage = Stage(
        augmentations=(Resize(short_sides=(96,), long_side_cap=128),),
        optimizer=SGD(base_lr=1e-4),
        loss_weights=LossWeights(semantic=0.5, image_labels=2.0),
    )
    real = _with_context(real, "torchvision", branch, **dict(stage))
    _train(real)
    line = _last_line(real)
    # At first all classes are about as likely, and every category of an image as likely as not.
    assert line["train/loss_semantic"] == pytest.approx(math.log(201), rel=0.15)
    assert line["train/loss_image_labels"] == pytest.approx(math.log(2), rel=0.15)
    weights = real.config.loss_weights.model_dump()
    total = sum(
        weights[name.removeprefix("train/loss_")] * value
        for name, value in line.items()
        if name.startswith("train/loss_")
    )
    assert line["train/loss"] == pytest.approx(total, rel=1e-5)
