import os
from collections import namedtuple
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from support.pictures.class_maps import paint_maps

from longtail.config.augmentations import (
    Augmentation,
    Blur,
    ColourJitter,
    Crop,
    Cutout,
    HorizontalFlip,
    LargeScaleJitter,
    MultiScale,
    Resize,
    Rotation,
    ScaleJitter,
)
from longtail.config.other_data.ignored import IgnoreBoxes
from longtail.config.other_data.joined import JoinedFile
from longtail.config.stages import (
    ClassAware,
    ClassThenImage,
    RepeatFactor,
    Schedule,
    Stage,
)
from longtail.config.variant import Data, Inference
from longtail.data.joining.also_file import AlsoFile
from longtail.data.joining.other_data import NO_OTHER_DATA, OtherData, open_other_data
from longtail.data.loading import batches as loading
from longtail.data.loading.batches import TrainingBatch, prediction_images, training_batches
from longtail.data.loading.sample import Sample
from longtail.data.lvis.annotations import Annotations, open_annotations
from longtail.data.semantic.classes import ClassMaps
from longtail.data.synthetic.dataset import Parameters, write_dataset
from longtail.data.synthetic.others import write_others
from longtail.problems import BadInputError

STAGE = Stage(
    sampler=RepeatFactor(threshold=0.5),
    augmentations=(Resize(short_sides=(64, 80), long_side_cap=128), HorizontalFlip()),
    schedule=Schedule(images_per_step=4),
)

EVERY_CHANGE: tuple[Augmentation, ...] = (
    MultiScale(smallest_side=60, largest_side=90, long_side_cap=128),
    ScaleJitter(short_side=80, long_side_cap=128),
    ColourJitter(hue=0.1),
    Rotation(),
    Crop(),
    Blur(),
    LargeScaleJitter(side=96, smallest=0.5),
    Cutout(),
    HorizontalFlip(),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("synthetic")
    parameters = Parameters(8, 5, 1, 6, 64, 0)
    write_dataset(out, parameters)
    write_others(out, parameters)
    return out


@pytest.fixture
def annotations(folder: Path) -> Annotations:
    return open_annotations(folder / "train.json", cache_dir=folder / "cache")


def batches(
    annotations: Annotations,
    num_replicas: int = 1,
    rank: int = 0,
    start: tuple[int, int] = (0, 0),
    loader_processes: int = 0,
    stage: Stage = STAGE,
    maps: ClassMaps | None = None,
    other: OtherData = NO_OTHER_DATA,
) -> Iterator[TrainingBatch]:
    return training_batches(
        annotations=annotations,
        images_root=annotations.path.parent / "images",
        stage=stage,
        data=Data(),
        seed=3,
        num_replicas=num_replicas,
        rank=rank,
        start=start,
        loader_processes=loader_processes,
        maps=maps,
        other=other,
    )


def same_sample(first: Sample, second: Sample) -> bool:
    return (
        first.image.image_id == second.image.image_id
        and torch.equal(first.image.pixels, second.image.pixels)
        and torch.equal(first.boxes, second.boxes)
        and torch.equal(first.masks.areas(), second.masks.areas())
        and first.drawn_category == second.drawn_category
        and first.background_per_foreground == second.background_per_foreground
    )


def same_batch(first: TrainingBatch, second: TrainingBatch) -> bool:
    samples = zip(first.samples, second.samples, strict=True)
    places = (first.epoch, first.position) == (second.epoch, second.position)
    return places and all(same_sample(*pair) for pair in samples)


def test_images_of_other_files_are_the_same_for_any_workers_and_after_a_resume(
    annotations: Annotations, folder: Path
) -> None:
    files = [
        AlsoFile(name, folder / f"{name}.json", folder / "images")
        for name in ("boxes_only", "all_boxes")
    ]
    joined = JoinedFile(
        file="boxes_only", loss_weight=0.5, augmentations=(Resize(short_sides=(64,)), Blur())
    )
    ignored = IgnoreBoxes(file="all_boxes")
    stage = STAGE.replace(joined=(joined,), ignore=(ignored,))
    other = open_other_data(annotations, stage, files, use_empty_images=False)

    def taken(number: int, **changes: Any) -> list[TrainingBatch]:
        return list(islice(batches(annotations, stage=stage, other=other, **changes), number))

    whole = taken(6)
    assert whole[-1].epoch > 0
    samples = [sample for batch in whole for sample in batch.samples]
    from_other = [sample for sample in samples if sample.joined_from is not None]
    assert {(s.joined_from, s.loss_weight) for s in from_other} == {("boxes_only", 0.5)}
    own = [sample for sample in samples if sample.joined_from is None]
    assert all(len(s.ignore_boxes) and (s.ignore_weights == 0.5).all() for s in own if len(s.boxes))
    rest = taken(2, start=(whole[3].epoch, whole[3].position))
    assert all(same_batch(*pair) for pair in zip(whole[4:], rest, strict=True))
    assert same_batch(taken(1, loader_processes=1)[0], whole[0])
    halves = [taken(1, num_replicas=2, rank=rank)[0].samples for rank in (0, 1)]
    dealt = [sample for pair in zip(*halves, strict=True) for sample in pair]
    assert all(same_sample(*pair) for pair in zip(whole[0].samples, dealt, strict=True))


def test_resuming_gives_the_same_pictures_as_going_on(annotations: Annotations) -> None:
    whole = list(islice(batches(annotations), 6))
    assert [len(batch.samples) for batch in whole] == [4] * 6
    assert whole[-1].epoch > 0
    rest = islice(batches(annotations, start=(whole[2].epoch, whole[2].position)), 3)
    assert all(same_batch(*pair) for pair in zip(whole[3:], rest, strict=True))


def test_number_of_workers_changes_no_picture(annotations: Annotations) -> None:
    (alone,) = islice(batches(annotations), 1)
    for rank in range(2):
        (part,) = islice(batches(annotations, num_replicas=2, rank=rank), 1)
        expected = alone.samples[rank::2]
        assert all(same_sample(*pair) for pair in zip(part.samples, expected, strict=True))


def test_same_image_is_augmented_anew_each_time(annotations: Annotations) -> None:
    seen: dict[int, set[tuple[int, int, float]]] = {}
    for batch in islice(batches(annotations), 10):
        for sample in batch.samples:
            left = float(sample.boxes[:, 0].sum())
            seen.setdefault(sample.image.image_id, set()).add((*sample.image.size, left))
    assert len(seen) == 8
    assert all(len(versions) > 1 for versions in seen.values())


@pytest.mark.parametrize("processes", [1, 2])
def test_loader_processes_change_no_picture_and_no_order(
    annotations: Annotations, processes: int
) -> None:
    here = islice(batches(annotations), 8)
    there = batches(annotations, loader_processes=processes)
    assert all(same_batch(*pair) for pair in zip(here, islice(there, 8), strict=True))


@pytest.mark.parametrize("processes", [1, 2])
def test_loader_processes_change_nothing_whatever_the_transforms(
    annotations: Annotations, processes: int
) -> None:
    stage = STAGE.replace(augmentations=EVERY_CHANGE)
    here = islice(batches(annotations, stage=stage), 6)
    there = batches(annotations, loader_processes=processes, stage=stage)
    assert all(same_batch(*pair) for pair in zip(here, islice(there, 6), strict=True))


@pytest.mark.parametrize("processes", [0, 2])
def test_drawn_category_comes_with_its_image(annotations: Annotations, processes: int) -> None:
    sampler = ClassThenImage(images_per_epoch=10, background_per_foreground=2.0)
    stage = STAGE.replace(sampler=sampler)
    whole = list(islice(batches(annotations, loader_processes=processes, stage=stage), 8))
    assert whole[-1].epoch == 3
    index_of = {int(image_id): i for i, image_id in enumerate(annotations.image_ids)}
    for sample in (sample for batch in whole for sample in batch.samples):
        assert sample.drawn_category in annotations.present(index_of[sample.image.image_id])
        assert sample.background_per_foreground == 2.0
    rest = batches(annotations, start=(whole[3].epoch, whole[3].position), stage=stage)
    assert all(same_batch(*pair) for pair in zip(whole[4:], islice(rest, 4), strict=True))


def test_all_instances_count_where_proposals_are_not_selected(annotations: Annotations) -> None:
    for sampler in (ClassThenImage(selected_proposals=False), ClassAware()):
        (batch,) = islice(batches(annotations, stage=STAGE.replace(sampler=sampler)), 1)
        assert {sample.drawn_category for sample in batch.samples} == {None}


@pytest.mark.parametrize("processes", [0, 2])
def test_maps_of_classes_come_with_their_images(
    annotations: Annotations, folder: Path, processes: int
) -> None:
    maps = ClassMaps(paint_maps(annotations, folder / "maps"), 5, 0)
    here = list(islice(batches(annotations, maps=maps), 4))
    there = islice(batches(annotations, loader_processes=processes, maps=maps), 4)
    for batch, again in zip(here, there, strict=True):
        assert same_batch(batch, again)
        for sample, same in zip(batch.samples, again.samples, strict=True):
            assert sample.semantic is not None and same.semantic is not None
            assert tuple(sample.semantic.shape) == sample.image.size
            assert torch.equal(sample.semantic, same.semantic)
            labels = set(sample.semantic.unique().tolist())
            assert labels <= {1, 2, 3, 4, 255} and len(labels) > 1
    (plain,) = islice(batches(annotations), 1)
    assert {sample.semantic for sample in plain.samples} == {None}


def test_reading_leaves_the_global_random_numbers_alone(annotations: Annotations) -> None:
    before = torch.get_rng_state()
    list(islice(batches(annotations), 2))
    assert torch.equal(before, torch.get_rng_state())


def test_bad_picture_is_reported_from_a_loader_process(tmp_path: Path) -> None:
    write_dataset(tmp_path, Parameters(1, 1, 0, 3, 64, 0))
    annotations = open_annotations(tmp_path / "train.json", cache_dir=tmp_path / "cache")
    (picture,) = (tmp_path / "images/train").iterdir()
    picture.write_bytes(b"broken")
    with pytest.raises(BadInputError, match=rf"^\S+{picture.name}: cannot be decoded"):
        next(batches(annotations, loader_processes=1))


def test_batches_that_cannot_be_shared_fail_before_anything_is_read(
    annotations: Annotations,
) -> None:
    with pytest.raises(ValueError, match="choose a multiple of 3"):
        batches(annotations, num_replicas=3)


def test_too_little_shared_memory_is_refused_before_it_kills_the_process(
    annotations: Annotations, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume = namedtuple("volume", "f_bavail f_frsize")
    monkeypatch.setattr(os, "statvfs", lambda _: volume(64, 1 << 20))
    monkeypatch.setattr(loading, "SHARED_MEMORY", Path("/"))
    batches(annotations, loader_processes=2)
    # 2 processes x 2 batches x 4 images of 3 x 80 x 128 float32 are 1.9 MiB.
    monkeypatch.setattr(os, "statvfs", lambda _: volume(1, 1 << 20))
    with pytest.raises(ValueError, match=r"1 MiB free; use fewer loader processes"):
        batches(annotations, loader_processes=2)
    batches(annotations, loader_processes=0)


@pytest.mark.parametrize("processes", [0, 2])
def test_prediction_images_come_in_order_and_in_batches(folder: Path, processes: int) -> None:
    val = open_annotations(folder / "val.json", cache_dir=folder / "cache")
    inference = Inference(short_side=64, long_side_cap=100, images_per_batch=2)
    found = list(prediction_images(val, [4, 0, 3], folder / "images", inference, processes))
    ids = [[image.image_id for image in batch] for batch in found]
    assert ids == [[13, 9], [12]]
    assert found[0][0].original_size == (int(val.heights[4]), int(val.widths[4]))
    assert list(prediction_images(val, [], folder / "images", inference)) == []
