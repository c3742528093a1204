"""Build the training sample of one annotated image.

G instances. Boxes are xyxy in pixels; labels are contiguous category indices 0..K-1.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from longtail.config.stages import ClassThenImage, Sampler
from longtail.data.joining.matched import NONE
from longtail.data.loading.images import to_tensor
from longtail.data.loading.sample import Image, Sample
from longtail.data.loading.scenes.pictures import TrainingPictures
from longtail.data.loading.scenes.read import as_indices
from longtail.data.loading.transforms.base import Transform, transformed


def load_sample(
    pictures: TrainingPictures, i: int, transforms: Sequence[Transform], rng: np.random.Generator
) -> Sample:
    """Read image index `i`, augment it and its instances, and say what is verified in it.

    Indices after those of the training file are those of joined files.

    Instances that vanish are dropped (see `Instances`); their categories stay verified, since the
    annotators saw them.

    Raises:
        BadInputError: A picture or its map of classes is missing, damaged or of another size.
    """
    scene = pictures.read(i)
    image_id, size = pictures.image_id(i), scene.size
    scene = transformed(transforms, scene, rng, pictures.draw)
    instances, ignored = scene.instances, scene.ignored
    return Sample(
        image=Image(to_tensor(scene.picture), image_id, size),
        boxes=torch.from_numpy(instances.boxes).float(),
        labels=as_indices(instances.labels),
        masks=instances.masks,
        source=as_indices(instances.source),
        verified=scene.sources,
        ignore_boxes=torch.from_numpy(ignored.boxes).float(),
        ignore_weights=torch.from_numpy(ignored.weights),
        has_masks=scene.has_masks,
        loss_weight=pictures.loss_weight(i),
        semantic=None if scene.semantic is None else torch.from_numpy(scene.semantic),
        regions=torch.from_numpy(scene.regions).float() if len(scene.sources) > 1 else None,
        ignore_proposals=torch.from_numpy(ignored.proposals) if ignored.proposals.any() else None,
        ignore_labels=as_indices(ignored.labels) if (ignored.labels != NONE).any() else None,
        joined_from=pictures.file_of(i),
    )


def for_drawn_category(sample: Sample, sampler: Sampler, category: int | None) -> Sample:
    """Say in the sample for which category it was drawn, if the sampler selects its proposals."""
    if not isinstance(sampler, ClassThenImage) or not sampler.selected_proposals:
        return sample
    return replace(
        sample,
        drawn_category=category,
        background_per_foreground=sampler.background_per_foreground,
    )
