"""What holds for every mix, whatever is drawn."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.pictures.class_maps import NUM_CATEGORIES, paint_maps
from support.scenes import decoded, drawn, make_scene, rectangle

from longtail.config.augmentations import HorizontalFlip, Resize
from longtail.config.mixing import BalancedMosaic, CopyPaste, InstanceJitter, Mosaic
from longtail.config.stages import Schedule, Stage
from longtail.config.variant import Data
from longtail.data.loading.batches import TrainingBatch, training_batches
from longtail.data.loading.scenes.masks import BitmapMask, PolygonMask
from longtail.data.loading.scenes.scene import Scene
from longtail.data.loading.transforms.base import Transform, largest_sides
from longtail.data.loading.transforms.horizontal_flip import HorizontalFlip as Flip
from longtail.data.loading.transforms.mixing.balanced_mosaic import BalancedMosaic as Balanced
from longtail.data.loading.transforms.mixing.copy_paste import CopyPaste as Paste
from longtail.data.loading.transforms.mixing.instance_jitter import InstanceJitter as Jitter
from longtail.data.loading.transforms.mixing.mosaic import Mosaic as MosaicOfFour
from longtail.data.lvis.annotations import Annotations, open_annotations
from longtail.data.semantic.classes import ClassMaps
from longtail.data.synthetic.dataset import Parameters, write_dataset

MOSAIC, PASTE = MosaicOfFour(0.8, (0.1, 0.9), None), Paste(0.8, 0.6, None)
BALANCED, JITTER = Balanced(0.8, (20, 40), 60, None), Jitter(0.8, (0.7, 1.4), 0.3, 30.0)
CHAINS: Sequence[tuple[Transform, ...]] = (
    (MOSAIC,),
    (PASTE,),
    (BALANCED,),
    (JITTER,),
    (Flip(0.5), MOSAIC, PASTE, JITTER),
    (BALANCED, PASTE, Flip(0.5)),
)
MIXED = Stage(
    augmentations=(
        Resize(short_sides=(40,), long_side_cap=80),
        Mosaic(probability=0.7),
        HorizontalFlip(),
        CopyPaste(probability=0.7, partners="repeat_factor"),
        InstanceJitter(),
    ),
    schedule=Schedule(images_per_step=3),
)


@st.composite
def scenes(draw: st.DrawFn, first_label: int) -> Scene:
    """Up to four instances that do not overlap, a polygon, a bitmap or a box alone each."""
    size = draw(st.integers(12, 40)), draw(st.integers(12, 40))
    masks: list[PolygonMask | BitmapMask | None] = []
    boxes = []
    for row, column in draw(st.sets(st.sampled_from([(0, 0), (0, 1), (1, 0), (1, 1)]))):
        half = size[0] // 2, size[1] // 2
        w, h = draw(st.integers(1, half[1])), draw(st.integers(1, half[0]))
        x, y = half[1] * column, half[0] * row
        x, y = x + draw(st.integers(0, half[1] - w)), y + draw(st.integers(0, half[0] - h))
        bitmap = BitmapMask(np.ones((h, w), np.uint8), x, y)
        masks.append(draw(st.sampled_from([rectangle(x, y, x + w, y + h), bitmap, None])))
        boxes.append([x, y, x + w, y + h])
    labels = [first_label + i for i in range(len(masks))]
    return make_scene(size, masks, boxes, labels, present=labels)


@settings(max_examples=60, deadline=None)
@given(scenes(0), scenes(10), st.sampled_from(CHAINS), st.integers(0, 2**32 - 1))
def test_instances_stay_inside_and_know_their_source(
    first: Scene, partner: Scene, chain: tuple[Transform, ...], seed: int
) -> None:
    mixed = drawn(first, *chain, seed=seed, partner=partner)
    instances, (height, width) = mixed.instances, mixed.size
    assert len(instances) == len(instances.boxes) == len(instances.masks) == len(instances.source)
    assert (instances.boxes >= 0).all() and (instances.boxes <= [width, height] * 2).all()
    assert (instances.boxes[:, 2:] > instances.boxes[:, :2]).all()
    assert mixed.regions.shape == (len(mixed.sources), 4)
    assert mixed.semantic is None
    for label, source in zip(instances.labels, instances.source, strict=True):
        assert label in mixed.sources[source].present


@settings(max_examples=60, deadline=None)
@given(scenes(0), scenes(10), st.sampled_from(CHAINS), st.integers(0, 2**32 - 1))
def test_boxes_are_those_of_the_masks(
    first: Scene, partner: Scene, chain: tuple[Transform, ...], seed: int
) -> None:
    """Every box was tight before, so it is tight around what is left, to the pixel of a bitmap."""
    mixed = drawn(first, *chain, seed=seed, partner=partner)
    for box, mask in zip(mixed.instances.boxes, mixed.instances.masks.items, strict=True):
        if mask is not None:
            slack = 1e-6 if isinstance(mask, PolygonMask) else 1.0
            assert np.abs(box - mask.bounds()).max() <= slack
            decoded(mask, mixed.size)


@settings(max_examples=60, deadline=None)
@given(scenes(0), scenes(10), st.sampled_from(CHAINS), st.integers(0, 2**32 - 1))
def test_no_canvas_is_larger_than_its_bounds(
    first: Scene, partner: Scene, chain: tuple[Transform, ...], seed: int
) -> None:
    mixed = drawn(first, *chain, seed=seed, partner=partner)
    low, high = largest_sides(chain, (40, 40))
    assert min(mixed.size) <= low and max(mixed.size) <= high


@pytest.fixture(scope="module")
def annotations(tmp_path_factory: pytest.TempPathFactory) -> Annotations:
    folder = tmp_path_factory.mktemp("mixed")
    write_dataset(folder, Parameters(8, 2, 1, 6, 64, 0))
    return open_annotations(folder / "train.json", cache_dir=folder / "cache")


def _batches(
    annotations: Annotations, processes: int, maps: ClassMaps | None = None
) -> list[TrainingBatch]:
    found = training_batches(
        annotations=annotations,
        images_root=annotations.path.parent / "images",
        stage=MIXED,
        data=Data(),
        seed=3,
        loader_processes=processes,
        maps=maps,
    )
    return list(islice(found, 3))


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_loader_processes_change_no_byte(annotations: Annotations, processes: int) -> None:
    here, there = _batches(annotations, 0), _batches(annotations, processes)
    for ours, theirs in zip(here, there, strict=True):
        for a, b in zip(ours.samples, theirs.samples, strict=True):
            assert torch.equal(a.image.pixels, b.image.pixels)
            assert torch.equal(a.boxes, b.boxes) and torch.equal(a.source, b.source)
            assert torch.equal(a.masks.areas(), b.masks.areas())
            assert len(a.verified) == len(b.verified)
    assert max(len(sample.verified) for batch in here for sample in batch.samples) > 4


def test_maps_of_classes_are_mixed_with_the_pictures(
    annotations: Annotations, tmp_path: Path
) -> None:
    maps = ClassMaps(paint_maps(annotations, tmp_path / "maps"), NUM_CATEGORIES, 255)
    with_maps = [sample for batch in _batches(annotations, 0, maps) for sample in batch.samples]
    without = [sample for batch in _batches(annotations, 0) for sample in batch.samples]
    for sample, same in zip(with_maps, without, strict=True):
        assert sample.semantic is not None
        assert tuple(sample.semantic.shape) == sample.image.size
        assert torch.equal(sample.image.pixels, same.image.pixels)
        assert set(sample.semantic.unique().tolist()) <= {*range(NUM_CATEGORIES), 255}
    assert any((s.semantic != 255).any() for s in with_maps if s.semantic is not None)


def test_balanced_mosaics_of_a_file_differ_from_image_to_image(annotations: Annotations) -> None:
    mosaic = BalancedMosaic(short_sides=(40,), long_side_cap=80)
    stage = MIXED.replace(augmentations=(mosaic,))
    (batch,) = islice(
        training_batches(
            annotations=annotations,
            images_root=annotations.path.parent / "images",
            stage=stage,
            data=Data(),
            seed=3,
        ),
        1,
    )
    assert all(len(sample.verified) == 4 for sample in batch.samples)
    assert len({sample.image.pixels.sum().item() for sample in batch.samples}) == 3
