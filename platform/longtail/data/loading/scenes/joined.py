"""A picture of a joined file as one of the training file. L categories of the joined file."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from longtail.data.joining.ignored import Ignored
from longtail.data.joining.images import JoinedImages
from longtail.data.joining.matched import NONE
from longtail.data.loading.sample import VerifiedCategories
from longtail.data.loading.scenes.read import read_scene
from longtail.data.loading.scenes.scene import Scene
from longtail.data.lvis.clipping import clip_boxes, xyxy_from_xywh
from longtail.data.lvis.tables import InstanceFlag


def read_joined_scene(file: JoinedImages, i: int) -> Scene:
    """Image index `i` of a joined file with the instances of the training file's categories.

    What is verified in it are the categories that its own lists name. Boxes around groups
    (`iscrowd`) of these categories are ignored: background there counts nothing, with RoIs and with
    anchors, as IsGroupOf boxes of OpenImages, of which the EQL 2019 report says nothing.

    Raises:
        BadInputError: The picture is missing, damaged or of another size.
    """
    scene = read_scene(file.annotations, i, file.root)
    labels = file.labels[scene.instances.labels]
    instances = scene.instances.take(np.flatnonzero(labels != NONE))
    known = file.labels[instances.labels]
    return replace(
        scene,
        instances=replace(instances, labels=known),
        sources=tuple(_verified(source, file.labels) for source in scene.sources),
        ignored=_groups(file, i),
        has_masks=bool(instances.masks.present.all()),
    )


def _verified(of_file: VerifiedCategories, labels: NDArray[np.int64]) -> VerifiedCategories:
    """Where several of its categories are one here, one of them that is there says so."""
    present = _known(of_file.present, labels)
    absent = np.setdiff1d(_known(of_file.absent, labels), present)
    return VerifiedCategories(torch.from_numpy(present), torch.from_numpy(absent))


def _known(categories: Tensor, labels: NDArray[np.int64]) -> NDArray[np.int64]:
    found = labels[categories.numpy()]
    return np.unique(found[found != NONE])


def _groups(file: JoinedImages, i: int) -> Ignored:
    written = file.annotations.written
    rows = slice(*written.offsets[i : i + 2].tolist())
    crowds = (written.flags[rows] & InstanceFlag.CROWD) > 0
    crowds &= file.labels[written.labels[rows]] != NONE
    size = int(file.annotations.heights[i]), int(file.annotations.widths[i])
    boxes = clip_boxes(xyxy_from_xywh(written.boxes[rows][crowds]), size)
    return Ignored.alike(boxes, 0.0, proposals=True)
