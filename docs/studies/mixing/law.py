"""What a stage shows of each category: as predicted, and as counted in its samples.

N images of the annotation file, K categories, S samples.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longtail.categories import FREQUENCY_GROUPS
from longtail.config.augmentations import Augmentation
from longtail.config.stages import Stage
from longtail.data.loading.load_sample import load_sample
from longtail.data.loading.sample import Sample
from longtail.data.loading.scenes.pictures import TrainingPictures
from longtail.data.loading.scenes.scene import Scene
from longtail.data.loading.transforms.build import build_transforms
from longtail.data.lvis.annotations import Annotations
from longtail.data.sampling.build import build_stream, effective_counts
from longtail.data.sampling.partners import shown_copies
from longtail.data.sampling.steps import items
from longtail.randomness import augmentation_generator

SEED = 0


class RecordedPictures(TrainingPictures):
    """Notes which images are read, in their order: of a sample the drawn one, then partners."""

    def __init__(
        self, annotations: Annotations, images_root: Path, augmentations: Sequence[Augmentation]
    ) -> None:
        super().__init__(annotations, images_root, augmentations)
        self.read_images: list[int] = []

    def read(self, i: int) -> Scene:
        """See `TrainingPictures.read`."""
        self.read_images.append(i)
        return super().read(i)


@dataclass(frozen=True)
class Shown:
    """What an epoch shows of each category, in images; part of an image's instances is that part
    of an image.

    Attributes:
        images: Images that the sampler draws in an epoch, as expected.
        predicted: (K,) as `images_per_epoch` predicts it.
        measured: (K,) as counted in samples.
        error: (K,) what the standard error of `measured` is at most, if the prediction is right.
        sides: Of each instance in the samples the square root of its box's area, in pixels.
        labels: Of each the category index.
    """

    images: float
    predicted: NDArray[np.float64]
    measured: NDArray[np.float64]
    error: NDArray[np.float64]
    sides: NDArray[np.float64]
    labels: NDArray[np.int64]


def shown(annotations: Annotations, images: Path, stage: Stage, num_samples: int) -> Shown:
    """Count what the first samples of a stage show.

    Args:
        annotations: The training file.
        images: Folder of its pictures.
        stage: Says sampler and augmentations.
        num_samples: S.
    """
    stream = build_stream(annotations, stage.sampler, False, SEED)
    drawn = stream.expected_copies(annotations.num_images)
    copies = shown_copies(annotations, False, drawn, stage.augmentations)
    parts, sides, labels, most = [], [], [], 1
    for sample, sources in islice(_samples(annotations, images, stage), num_samples):
        most = max(most, len(sources))
        whole = np.stack([instance_counts(annotations, i) for i in sources])
        parts.append(shown_parts(sample, whole))
        sides.append((sample.boxes[:, 2:] - sample.boxes[:, :2]).prod(dim=1).sqrt().numpy())
        labels.append(sample.labels.numpy())
    epoch = float(drawn.sum())
    predicted = effective_counts(annotations, copies, len(annotations.categories))
    return Shown(
        images=epoch,
        predicted=predicted,
        measured=np.mean(parts, axis=0) * epoch,
        error=largest_error(predicted / epoch, most, num_samples) * epoch,
        sides=np.concatenate(sides).astype(np.float64),
        labels=np.concatenate(labels),
    )


def shown_parts(sample: Sample, whole: NDArray[np.int64]) -> NDArray[np.float64]:
    """(K,) in how many of its sources each category is seen, of each the share of its instances.

    Args:
        sample: What learning sees.
        whole: (sources, K) instances of the pictures it was made of, whether or not they are seen.
    """
    left = np.zeros(whole.shape)
    np.add.at(left, (sample.source.numpy(), sample.labels.numpy()), 1)
    return np.divide(left, whole, out=left, where=whole > 0).sum(axis=0)


def largest_error(
    means: NDArray[np.float64], num_pictures: int, num_samples: int
) -> NDArray[np.float64]:
    """(K,) upper bound of the standard error of a mean over independent samples.

    Each sample has a sum of parts in [0, 1]; of all such sums with a given mean, that of whole
    pictures which are equally likely spreads most. Draws without replacement spread less.

    Args:
        means: (K,) of a sample.
        num_pictures: Parts of a sample.
        num_samples: S.
    """
    return np.sqrt(means * (1 - means / num_pictures) / num_samples)


def instance_counts(annotations: Annotations, i: int) -> NDArray[np.int64]:
    """(K,) instances of image index i."""
    return np.bincount(annotations.instances(i).labels, minlength=len(annotations.categories))


def plain_law(of: Shown, annotations: Annotations) -> dict[str, Any]:
    """By frequency group, for JSON: means over its categories, the largest deviation in standard
    errors, and how large the instances are."""
    groups = {letter: annotations.categories.group(letter) for letter in FREQUENCY_GROUPS}
    apart = np.abs(of.measured - of.predicted)
    apart = np.divide(apart, of.error, out=np.zeros_like(apart), where=of.error > 0)
    return {
        letter: {
            "predicted": float(of.predicted[group].mean()),
            "measured": float(of.measured[group].mean()),
            "predicted_per_drawn": float(of.predicted[group].mean() / of.images),
            "largest_deviation": float(apart[group].max()),
            "median_side": float(np.median(of.sides[group[of.labels]])),
        }
        for letter, group in groups.items()
        if group.any()
    }


def _samples(
    annotations: Annotations, images: Path, stage: Stage
) -> Iterator[tuple[Sample, list[int]]]:
    """Each sample of the stream, and the images that its sources are."""
    pictures = RecordedPictures(annotations, images, stage.augmentations)
    load = partial(load_sample, transforms=build_transforms(stage.augmentations))
    for item in items(build_stream(annotations, stage.sampler, False, SEED), 0, 0):
        pictures.read_images.clear()
        rng = augmentation_generator(SEED, item.epoch, item.position)
        sample = load(pictures, item.image, rng=rng)
        # A partner none of whose instances is pasted is no source.
        yield sample, pictures.read_images[: len(sample.verified)]
