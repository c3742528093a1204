"""The annotations of a data set, as training and prediction read them.

N images by ascending id, K categories, G instances of one image. An LVIS file is parsed and
checked once; what it holds is then memory-mapped from a cache named by the file's SHA-256, so that
every worker of a machine shares it.
"""

import logging
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from longtail.array_store import ArrayStore, ArrayWriter
from longtail.caches import ANNOTATIONS as ANNOTATIONS_CACHE
from longtail.categories import CategoryTable
from longtail.data.lvis.column_cache import build_columns
from longtail.data.lvis.file_digest import file_digest
from longtail.data.lvis.ragged import Ragged
from longtail.data.lvis.segmentation import Polygons, Rle, Segmentation
from longtail.data.lvis.tables import SegmentationKind
from longtail.problems import BadInputError, Problem, describe

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class InstanceColumns:
    """G instances of one image, in the file's order.

    Attributes:
        labels: (G,) int64 category indices 0..K-1.
        boxes: (G, 4) float64 xyxy, pixels of the original image.
        areas: (G,) float64 square pixels, as the file says.
        ids: (G,) int64 annotation ids.
        segmentations: G outlines; None where the instance has a box only.
    """

    labels: NDArray[np.int64]
    boxes: NDArray[np.float64]
    areas: NDArray[np.float64]
    ids: NDArray[np.int64]
    segmentations: list[Segmentation]


def open_annotations(
    path: Path, cache_dir: Path | None = None, *, exhaustive: bool = False
) -> "Annotations":
    """Open an LVIS v1 or v0.5 file, or any file of that format.

    The first opening parses and checks it; later ones, in any process, map the result.

    Args:
        path: The JSON file. Test files may lack `annotations`.
        cache_dir: Where results are kept; `default_cache_dir()` if None.
        exhaustive: Every instance of every category is labelled in every image, as in COCO: what
            has no instance in an image is verified to be absent.

    Raises:
        BadInputError: The file has faults; the text lists them with their remedies.
        OSError: What is read cannot be kept; the text says what to set.
    """
    path, cache_dir = Path(path), cache_dir or default_cache_dir()
    digest = file_digest(path, cache_dir / "digests")
    try:
        columns = build_columns(cache_dir / digest, lambda writer: _read(path, writer))
    except OSError as error:
        raise OSError(f"{error}; set {ANNOTATIONS_CACHE} to a folder with room") from error
    return Annotations(path, digest, columns, cache_dir, exhaustive)


def default_cache_dir() -> Path:
    """`annotations` in $LONGTAIL_CACHE, or in ~/.cache/longtail."""
    root = os.environ.get(ANNOTATIONS_CACHE) or Path.home() / ".cache" / "longtail"
    return Path(root) / "annotations"


class Annotations:
    """An open annotation file. Arrays of single images are copies or read-only views.

    Attributes:
        path: The file.
        digest: Its SHA-256, hex digits.
        categories: Its categories.
        image_ids: (N,) int64, ascending.
        heights: (N,) int64, pixels.
        widths: (N,) int64, pixels.
        exhaustive: Whether every category is labelled in every image.
        warnings: Faults that a reader can live with.
    """

    def __init__(
        self, path: Path, digest: str, columns: ArrayStore, cache_dir: Path, exhaustive: bool
    ) -> None:
        self.path = path
        self.exhaustive = exhaustive
        self.digest = digest
        self.categories = CategoryTable.from_records(
            columns.notes["categories"], str(path), counts_required=False
        )
        self.warnings = _warnings(columns.notes)
        self._cache_dir = cache_dir
        self._columns = columns.arrays
        self.image_ids = self._columns["image_ids"]
        self.heights = self._columns["heights"]
        self.widths = self._columns["widths"]

    def __reduce__(self) -> tuple[Any, ...]:
        # A worker that receives the object maps the cache itself instead of copying it.
        reopen = partial(open_annotations, exhaustive=self.exhaustive)
        return reopen, (self.path, self._cache_dir)

    @property
    def num_images(self) -> int:
        """N."""
        return len(self.image_ids)

    @property
    def num_instances(self) -> int:
        """Instances of all images."""
        return len(self._columns["labels"])

    @property
    def num_annotated_images(self) -> int:
        """Images with at least one instance."""
        return int(np.count_nonzero(np.diff(self._columns["instance_offsets"])))

    def file_name(self, i: int) -> str:
        """`file_name` of image i, else the last two parts of its `coco_url`."""
        return self._image_names(i)[0]

    def image_path(self, i: int, root: Path) -> Path:
        """The picture of image i below a folder.

        Raises:
            BadInputError: It is under none of the names the file gives it.
        """
        return resolve_image(root, *self._image_names(i))

    def instances(self, i: int) -> InstanceColumns:
        """The instances of image i."""
        rows = self._rows(i)
        return InstanceColumns(
            labels=self._columns["labels"][rows].copy(),
            boxes=self._columns["boxes"][rows].copy(),
            areas=self._columns["areas"][rows].copy(),
            ids=self._columns["instance_ids"][rows].copy(),
            segmentations=[self._segmentation(j, i) for j in range(rows.start, rows.stop)],
        )

    def present(self, i: int) -> NDArray[np.int64]:
        """(n,) ascending category indices with an instance in image i."""
        return self._ragged("present").row(i)

    def absent(self, i: int) -> NDArray[np.int64]:
        """(n,) ascending category indices verified as not in image i (`neg_category_ids`).

        Of labels that are exhaustive, all that are neither there nor said to be incomplete.
        """
        if self.exhaustive:
            seen = np.union1d(self.present(i), self.not_exhaustive(i))
            return np.setdiff1d(np.arange(len(self.categories)), seen)
        return self._ragged("absent").row(i)

    def not_exhaustive(self, i: int) -> NDArray[np.int64]:
        """(n,) ascending category indices of which image i has more than is annotated."""
        return self._ragged("not_exhaustive").row(i)

    def images_of(self, label: int) -> NDArray[np.int64]:
        """(m,) ascending indices of the images with an instance of a category index."""
        return self._ragged("images_of").row(label)

    def labels_per_image(self) -> Ragged:
        """`present` of all images: (N + 1,) offsets and category indices."""
        return self._ragged("present")

    def has_masks(self, i: int) -> bool:
        """False if any instance of image i has a box only; True for an image without instances."""
        return bool((self._columns["kinds"][self._rows(i)] != SegmentationKind.NONE).all())

    def instances_per_category(self) -> NDArray[np.int64]:
        """(K,) instances in this file, which may be another one than `instance_count` counts."""
        return np.bincount(self._columns["labels"], minlength=len(self.categories))

    def num_segmentations(self, kind: SegmentationKind) -> int:
        """Instances that are outlined in one way."""
        return int(np.count_nonzero(self._columns["kinds"] == kind))

    def _rows(self, i: int) -> slice:
        start, stop = self._columns["instance_offsets"][i : i + 2].tolist()
        return slice(start, stop)

    def _ragged(self, name: str) -> Ragged:
        return Ragged(self._columns[f"{name}_offsets"], self._columns[f"{name}_values"])

    def _image_names(self, i: int) -> list[str]:
        names = (self._text("file_names", i), self._text("coco_names", i))
        return [name for name in names if name]

    def _text(self, name: str, i: int) -> str:
        return self._ragged(name).row(i).tobytes().decode()

    def _segmentation(self, j: int, i: int) -> Segmentation:
        start, stop = self._columns["spans"][j].tolist()
        match SegmentationKind(self._columns["kinds"][j]):
            case SegmentationKind.NONE:
                return None
            case SegmentationKind.RLE:
                counts = self._columns["rle_counts"][start:stop].tobytes()
                return Rle(counts, int(self.heights[i]), int(self.widths[i]))
            case SegmentationKind.POLYGONS:
                return Polygons(tuple(self._ring(ring) for ring in range(start, stop)))

    def _ring(self, ring: int) -> NDArray[np.float64]:
        start, stop = self._columns["ring_offsets"][ring : ring + 2]
        return self._columns["points"][start:stop].copy()


def resolve_image(root: Path, *names: str) -> Path:
    """The first of `root/name` and `root/<last part of name>` that is a file, name by name.

    LVIS v1 names images by `coco_url` alone ("train2017/000000000009.jpg"); v0.5 gives them a name
    of COCO 2014 besides, under which nobody keeps them.

    Raises:
        BadInputError: None of them is a file.
    """
    tried = [path for name in names for path in (root / name, root / Path(name).name)]
    for path in tried:
        if path.is_file():
            return path
    listed = ", ".join(dict.fromkeys(map(str, tried)))
    raise BadInputError(
        f"image not found, tried {listed}; name the folder that holds the images, or fetch them"
    )


def missing_images(annotations: Annotations, root: Path) -> list[str]:
    """The images that `image_path` would not find below a folder, as "image <id>: <name>"."""
    missing = []
    for i in range(annotations.num_images):
        try:
            annotations.image_path(i, root)
        except BadInputError:
            missing.append(f"image {annotations.image_ids[i]}: {annotations.file_name(i)}")
    return missing


def _read(path: Path, writer: ArrayWriter) -> dict[str, Any]:
    # Only the first opening needs the reader, and numba with it.
    from longtail.data.lvis.reader import read_annotations

    notes = read_annotations(path, writer)
    if warnings := _warnings(notes):
        logger.warning(describe(str(path), warnings))
    return notes


def _warnings(notes: dict[str, Any]) -> tuple[Problem, ...]:
    return msgspec.convert(notes["warnings"], tuple[Problem, ...])
