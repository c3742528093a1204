"""Mean background scores of a calibrated classifier's two heads, measured before predicting.

The rule `cat_scale` multiplies new scores by their ratio. All shards and workers of a job use the
same means: they are measured over the first images of the set and kept beside the shards.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor

from longtail.config.variant import Inference
from longtail.data.loading.batches import prediction_images
from longtail.data.lvis.annotations import Annotations
from longtail.engines.base import Engine
from longtail.files import write_if_absent
from longtail.inference.flip import flipped_image
from longtail.models.classifiers.base import Classifier
from longtail.models.classifiers.calibrated import CalibratedClassifier
from longtail.models.detections.head_merge import BackgroundMeans, BackgroundSums, MergedRows
from longtail.sealed import read_sealed_json, seal

BACKGROUND_MEANS = "background_means.json"
"""Name of the file in a store's directory."""
REMEDY = "remove it: it is measured again"


def use_background_means(
    engine: Engine,
    annotations: Annotations,
    images_root: Path,
    inference: Inference,
    store: Path,
    loader_processes: int = 0,
) -> None:
    """Give the engine the means that its scores need; nothing is done where they need none.

    They are read from the store's directory, or else measured and written there; of several
    workers that measure at a time, the first to write decides.

    Args:
        engine: The detector, in evaluation mode.
        annotations: The file whose images are predicted.
        images_root: Folder of the images.
        inference: Test-time settings.
        store: Directory of the store being made.
        loader_processes: Processes that read images ahead; 0 reads them here.

    Raises:
        BadInputError: An image is missing or cannot be read.
    """
    heads = engine.roi_heads
    merged = heads.score_rows
    if not isinstance(merged, MergedRows) or not merged.needs_means:
        return
    file = store / BACKGROUND_MEANS
    if not file.exists():
        means = measure_background_means(
            engine, annotations, images_root, inference, loader_processes
        )
        write_first(file, means)
    heads.score_rows = replace(merged, means=read_means(file))


def measure_background_means(
    engine: Engine,
    annotations: Annotations,
    images_root: Path,
    inference: Inference,
    loader_processes: int = 0,
) -> BackgroundMeans:
    """The means over all proposals of the first `inference.head_merge.scale_images` images.

    Raises:
        BadInputError: An image is missing or cannot be read.
    """
    count = min(inference.head_merge.scale_images, len(annotations.image_ids))
    batches = prediction_images(annotations, range(count), images_root, inference, loader_processes)
    heads, sums = engine.roi_heads, _SummedRows()
    before, heads.score_rows = heads.score_rows, sums
    try:
        for batch in batches:
            seen = [flipped_image(image) for image in batch] if inference.flip else batch
            engine.predict(seen)
    finally:
        heads.score_rows = before
    return sums.so_far.means()


@dataclass
class _SummedRows:
    """Adds up background scores, and lets no proposal become a detection: implements `ScoreRows`.

    Attributes:
        so_far: The sums over all proposals.
    """

    so_far: BackgroundSums = field(default_factory=BackgroundSums)

    def __call__(
        self, classifier: Classifier, logits: Tensor, lengths: Sequence[int]
    ) -> tuple[Tensor, ...]:
        """Rows of zeros: no score is above a threshold."""
        assert isinstance(classifier, CalibratedClassifier)
        original = classifier.original_scores(logits)
        self.so_far = self.so_far.plus(original[:, -1], classifier.new_scores(logits)[:, -1])
        return (torch.zeros_like(original),)


def read_means(file: Path) -> BackgroundMeans:
    """The means that a job keeps.

    Raises:
        DamagedError: The file is not what was written.
    """
    return BackgroundMeans(**read_sealed_json(file, REMEDY))


def write_first(file: Path, means: BackgroundMeans) -> None:
    """Write the file whole, unless another worker's is there."""
    write_if_absent(file, seal(json.dumps(asdict(means)).encode()))
