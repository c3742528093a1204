"""The first samples of a stage, as the training gets them."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from longtail.config.stages import Stage
from longtail.config.variant import Data
from longtail.data.joining.other_data import NO_OTHER_DATA, OtherData
from longtail.data.loading.batches import training_batches
from longtail.data.loading.sample import Sample
from longtail.data.lvis.annotations import Annotations
from longtail.data.semantic.classes import ClassMaps


def first_samples(
    annotations: Annotations,
    images_root: Path,
    stage: Stage,
    data: Data,
    seed: int,
    number: int,
    *,
    maps: ClassMaps | None = None,
    other: OtherData = NO_OTHER_DATA,
) -> list[Sample]:
    """So many samples in the order in which the steps of a stage see them, over all workers.

    Args:
        annotations: The training file.
        images_root: Folder of its images.
        stage: Says sampler and augmentations.
        data: Says which images are used.
        seed: The stage's `data_seed`.
        number: Samples, at least 1.
        maps: The images' maps of classes, where they are learned from.
        other: What is learned from besides the training file.

    Raises:
        BadInputError: A picture or a map is missing, damaged or of another size.
        ValueError: No image is left.
    """
    one_at_a_time = stage.replace(schedule=stage.schedule.replace(images_per_step=1))
    batches = training_batches(
        annotations=annotations,
        images_root=images_root,
        stage=one_at_a_time,
        data=data,
        seed=seed,
        maps=maps,
        other=other,
    )
    samples: Iterator[Sample] = (sample for batch in batches for sample in batch.samples)
    return list(islice(samples, number))
