"""Batches of images for training and prediction, read ahead by loader processes.

Loader processes are forked: they start at once and share the memory-mapped annotations, where a
fresh interpreter would import torch and open the files again. It is safe because they only decode
images: they touch neither the GPU nor Ray, and torch limits itself to one thread in them.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from longtail.config.stages import Sampler, Stage
from longtail.config.variant import Data, Inference
from longtail.data.joining.other_data import NO_OTHER_DATA, OtherData
from longtail.data.loading.images import load_at_scales
from longtail.data.loading.load_sample import for_drawn_category, load_sample
from longtail.data.loading.sample import Image, Sample
from longtail.data.loading.scenes.pictures import TrainingPictures
from longtail.data.loading.shared_tensors import SharedTensors, pack, unpack
from longtail.data.loading.transforms.base import Transform, largest_sides
from longtail.data.loading.transforms.build import build_transforms
from longtail.data.lvis.annotations import Annotations
from longtail.data.sampling.build import build_stream
from longtail.data.sampling.joined import WithJoinedImages
from longtail.data.sampling.steps import Step, StepSampler
from longtail.data.semantic.classes import ClassMaps
from longtail.problems import BadInputError
from longtail.randomness import augmentation_generator

SHARED_MEMORY = Path("/dev/shm")
BATCHES_AHEAD = 2

Batch = TypeVar("Batch")


@dataclass(frozen=True)
class TrainingBatch:
    """One worker's samples of an optimizer step, and where the step after it starts."""

    samples: list[Sample]
    epoch: int
    position: int


class ImageFiles(Protocol):
    """Images of one file by index; `Annotations` is one. Sizes are in pixels, all (N,)."""

    @property
    def image_ids(self) -> NDArray[np.int64]: ...
    @property
    def heights(self) -> NDArray[np.int64]: ...
    @property
    def widths(self) -> NDArray[np.int64]: ...
    def image_path(self, i: int, root: Path) -> Path:
        """The picture file of image i below a folder."""
        ...


def training_batches(
    *,
    annotations: Annotations,
    images_root: Path,
    stage: Stage,
    data: Data,
    seed: int,
    num_replicas: int = 1,
    rank: int = 0,
    start: tuple[int, int] = (0, 0),
    loader_processes: int = 0,
    maps: ClassMaps | None = None,
    other: OtherData = NO_OTHER_DATA,
) -> Iterator[TrainingBatch]:
    """This worker's batches, for ever, from a place in the stream of images on.

    An image's augmentation is drawn from (seed, epoch, position in the epoch), so that neither the
    number of workers nor that of loader processes changes a picture.

    Args:
        annotations: The training file.
        images_root: Folder of its images.
        stage: Says sampler, augmentations and images per step.
        data: Says which images are used.
        seed: Decides the order and every augmentation.
        num_replicas: Workers that train together.
        rank: This worker, 0 to num_replicas - 1.
        start: (epoch, position) of a batch already taken, or (0, 0).
        loader_processes: Processes that read ahead; 0 reads in this one.
        maps: The images' maps of classes, where they are learned from.
        other: What is learned from besides the training file.

    Raises:
        ValueError: No image is left, the workers cannot share a step evenly, or there is too
            little shared memory for the loader processes.
    """
    used = data.use_images_without_annotations
    stream = build_stream(annotations, stage.sampler, used, seed)
    if other.joined:
        stream = WithJoinedImages(stream, annotations.num_images, other.joined, seed)
    sampler = StepSampler(stream, stage.schedule.images_per_step, num_replicas, rank)
    pictures = TrainingPictures(annotations, images_root, stage.augmentations, used, maps, other)
    transforms = [build_transforms(of_file) for of_file in pictures.augmentations]
    bounds = [
        largest_sides(of_file, stored_sides(file))
        for of_file, file in zip(transforms, pictures.files, strict=True)
    ]
    sides = max(short for short, _ in bounds), max(long for _, long in bounds)
    count, with_maps = sampler.images_per_step // num_replicas, maps is not None
    check_shared_memory(count, sides, loader_processes, with_maps=with_maps)
    load = partial(_training_batch, pictures, transforms, stage.sampler, seed)
    return _load(load, sampler.steps(*start), loader_processes)


def prediction_images(
    images: ImageFiles,
    indices: Sequence[int],
    images_root: Path,
    inference: Inference,
    loader_processes: int = 0,
) -> Iterator[list[Image]]:
    """The images at these indices, in their order, `inference.images_per_batch` at a time."""
    scales = [(inference.short_side, inference.long_side_cap)]
    of_batches = images_at_scales(
        images, indices, images_root, scales, inference.images_per_batch, loader_processes
    )
    return (batch for (batch,) in of_batches)


def images_at_scales(
    images: ImageFiles,
    indices: Sequence[int],
    images_root: Path,
    scales: Sequence[tuple[int, int]],
    images_per_batch: int,
    loader_processes: int = 0,
) -> Iterator[list[list[Image]]]:
    """The same with every image at several scales: of each batch its images at each scale.

    Args:
        images: The files.
        indices: Which of them, in their order.
        images_root: Their folder.
        scales: Short side and bound of the long side of each, at least one.
        images_per_batch: Images loaded together.
        loader_processes: Processes that read ahead; 0 reads in this one.

    Raises:
        ValueError: There is too little shared memory for the loader processes.
        BadInputError: An image is missing or cannot be read.
    """
    largest = max(short for short, _ in scales), max(cap for _, cap in scales)
    check_shared_memory(images_per_batch * len(scales), largest, loader_processes)
    starts = range(0, len(indices), images_per_batch)
    batches = [indices[first : first + images_per_batch] for first in starts]
    load = partial(_batch_at_scales, images, images_root, scales)
    return _load(load, batches, loader_processes)


def stored_sides(images: ImageFiles) -> tuple[int, int]:
    """The largest short and the largest long side of the images of a file, in pixels."""
    short, long = np.sort(np.stack([images.heights, images.widths]), axis=0).max(axis=1)
    return int(short), int(long)


def check_shared_memory(
    num_images: int, sides: tuple[int, int], loader_processes: int, *, with_maps: bool = False
) -> None:
    """Refuse loader processes whose batches would not fit into shared memory.

    Without the check, a full one kills the training process with a bus error.

    Args:
        num_images: Images of a batch.
        sides: Largest short and long side of an image in pixels.
        loader_processes: Processes that keep `BATCHES_AHEAD` batches each; 0 needs nothing.
        with_maps: Whether each pixel has a class besides.

    Raises:
        ValueError: They need more than is free.
    """
    if not loader_processes or not SHARED_MEMORY.is_dir():
        return
    short, long = min(sides), max(sides)
    needed = loader_processes * BATCHES_AHEAD * num_images * short * long * (12 + with_maps)
    volume = os.statvfs(SHARED_MEMORY)
    free = volume.f_bavail * volume.f_frsize
    if needed > free:
        raise ValueError(
            f"{loader_processes} loader processes may need {needed >> 20} MiB of shared memory,"
            f" {SHARED_MEMORY} has {free >> 20} MiB free; use fewer loader processes (0 needs"
            " none) or give the container more shared memory"
        )


def _training_batch(
    pictures: TrainingPictures,
    transforms: Sequence[Sequence[Transform]],
    draws: Sampler,
    seed: int,
    step: Step,
) -> TrainingBatch:
    samples = []
    for item in step.items:
        rng = augmentation_generator(seed, item.epoch, item.position)
        of_file = transforms[pictures.place(item.image)[0]]
        sample = load_sample(pictures, item.image, of_file, rng)
        samples.append(for_drawn_category(sample, draws, item.category))
    return TrainingBatch(samples, step.epoch, step.position)


def _batch_at_scales(
    images: ImageFiles,
    images_root: Path,
    scales: Sequence[tuple[int, int]],
    indices: Sequence[int],
) -> list[list[Image]]:
    of_images = [
        load_at_scales(
            images.image_path(i, images_root),
            int(images.image_ids[i]),
            scales,
            (int(images.heights[i]), int(images.widths[i])),
        )
        for i in indices
    ]
    return [list(of_scale) for of_scale in zip(*of_images, strict=True)]


def _load(
    load: Callable[[Any], Batch], keys: Iterable[Any], loader_processes: int
) -> Iterator[Batch]:
    if not loader_processes:
        yield from map(load, keys)
        return
    packed_batches = DataLoader(
        _Reader(load),
        sampler=keys,
        batch_size=None,
        collate_fn=_unchanged,
        num_workers=loader_processes,
        prefetch_factor=BATCHES_AHEAD,
        multiprocessing_context="fork",
        # Else every start would draw from the global generator, and a resumed run would differ.
        generator=torch.Generator(),
    )
    for packed in packed_batches:
        batch = unpack(packed)
        if isinstance(batch, BadInputError):
            raise batch
        yield batch


class _Reader(Dataset[SharedTensors]):
    """Calls `load` in a loader process; bad input travels back as a value, without traceback."""

    def __init__(self, load: Callable[[Any], object]) -> None:
        self.load = load

    def __getitem__(self, key: Any) -> SharedTensors:
        try:
            return pack(self.load(key))
        except BadInputError as error:
            return pack(error)


def _unchanged(packed: Any) -> Any:
    return packed
