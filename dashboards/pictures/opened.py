"""Annotations and the predictions of rows, opened to be read image by image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dashboards.pictures.judging import Judgement, judge
from dashboards.sources.pictures import PictureSource
from longtail.data.pictures.faults import BadPictureError
from longtail.data.pictures.rgb import read_rgb
from longtail.evaluation.annotations.ground_truth import GroundTruth, read_ground_truth
from longtail.evaluation.annotations.instances import Instances
from longtail.evaluation.matching.judged import check_masks
from longtail.evaluation.matching.prediction_set import check_images, open_set
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import IMAGES_PER_BLOCK
from longtail.predictions.store import PredictionStore
from longtail.problems import BadInputError


@dataclass(frozen=True)
class ShownRow:
    """Attributes:
    name: Of the row.
    predictions: Its store or result file.
    ap: Mask AP by category id, a fraction, of the defined ones; empty where it was not evaluated.
    """

    name: str
    predictions: Path
    ap: Mapping[int, float] = field(default_factory=dict, repr=False)


class OpenTruth:
    """Attributes:
    truth: The annotations.
    images: The folder of the pictures.
    """

    def __init__(self, source: PictureSource) -> None:
        """Read the annotations.

        Raises:
            BadInputError: They cannot be used.
        """
        self.truth: GroundTruth = read_ground_truth(
            source.annotations, exhaustive=source.exhaustive
        )
        self.images = source.images

    @cached_property
    def instances(self) -> Instances:
        """All of them as arrays."""
        return Instances.of(self.truth)

    def size(self, rank: int) -> tuple[int, int]:
        """Height and width of an image, pixels."""
        images = self.truth.images
        return int(images.heights[rank]), int(images.widths[rank])

    def file_name(self, rank: int) -> str:
        """What the annotations call the picture of an image."""
        return self.truth.file.file_name(rank) or "no file_name"

    def check_pictures(self) -> None:
        """See that the folder is theirs; some of them may be missing.

        Raises:
            BadInputError: None of them is there.
        """
        num = len(self.truth.images.ids)
        if num and not any(map(self._has_file, range(num))):
            raise BadInputError(
                f"{self.images}: none of the {num:,} pictures is there, such as"
                f" {self.file_name(0)}; give their folder with --images"
            )

    def _has_file(self, rank: int) -> bool:
        try:
            return self.truth.file.image_path(rank, self.images).is_file()
        except BadInputError:
            return False

    def picture(self, rank: int) -> tuple[Image.Image | None, str]:
        """The picture of an image, RGB and upright; else None, and why there is none."""
        try:
            path = self.truth.file.image_path(rank, self.images)
            return read_rgb(path, self.size(rank)), ""
        except BadPictureError as error:
            return None, f"picture {self.file_name(rank)}: {error.fault.what}"
        except BadInputError:
            return None, f"picture not found: {self.file_name(rank)}"


class OpenRow:
    """A row whose detections are read block by block; the last block is kept."""

    def __init__(self, row: ShownRow, opened: OpenTruth, work_dir: Path) -> None:
        """Open a store, or import a result file.

        Args:
            row: What to open.
            opened: The annotations it must be of.
            work_dir: Where a file is imported to; must not exist.

        Raises:
            BadInputError: The predictions are faulty, or of other images.
        """
        self.row = row
        self._opened = opened
        self._store = _open(row.predictions, opened.truth, work_dir)
        self._kept: tuple[int, DetectionColumns] = -1, DetectionColumns.empty()

    def judge(self, rank: int, label: int) -> Judgement:
        """The verdicts on the detections of a category in the image of a rank.

        Raises:
            BadInputError: The store is damaged.
        """
        truth, instances = self._opened.truth, self._opened.instances
        return judge(self._of_image(rank), truth, instances, rank, label)

    def _of_image(self, rank: int) -> DetectionColumns:
        block = rank // IMAGES_PER_BLOCK
        if self._kept[0] != block:
            self._kept = block, self._store.read_block(block)
        columns = self._kept[1]
        image_id = self._opened.truth.images.ids[rank]
        first, last = np.searchsorted(columns.image_id, [image_id, image_id + 1]).tolist()
        of_image = columns.between(first, last)
        check_masks(of_image, self._opened.truth, self._store.directory)
        return of_image


def open_rows(rows: Sequence[ShownRow], opened: OpenTruth, work_dir: Path) -> list[OpenRow]:
    """All rows; files are imported to folders of `work_dir`.

    Raises:
        BadInputError: One cannot be used.
    """
    return [OpenRow(row, opened, work_dir / f"row-{i}") for i, row in enumerate(rows)]


def _open(path: Path, truth: GroundTruth, work_dir: Path) -> PredictionStore:
    if not path.is_dir():
        return open_set(path, truth, work_dir)
    # The evaluation of the row compared its digests, which reads all of it.
    store = PredictionStore.open(path)
    check_images(store, truth)
    return store


def ap_of(row: ShownRow, ids: NDArray[np.int64]) -> NDArray[np.float64]:
    """(K,) AP by category, NaN where it is not defined."""
    return np.array([row.ap.get(number, np.nan) for number in ids.tolist()])
