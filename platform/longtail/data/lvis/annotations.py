"""The annotations of a data set, as training and prediction read them.

N images by ascending id, K categories, G instances of one image. An LVIS file is parsed and
checked once; what it holds is then memory-mapped from a cache named by the file's SHA-256, so that
every worker of a machine shares it.
"""

import logging
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from longtail.array_store import ArrayStore, ArrayWriter
from longtail.caches import ANNOTATIONS as ANNOTATIONS_CACHE
from longtail.caches import cache_folder
from longtail.categories import CategoryTable
from longtail.data.lvis.clipping import clip_boxes, clip_ring, xyxy_from_xywh
from longtail.data.lvis.column_cache import build_columns
from longtail.data.lvis.federated_lists import refuse_lists_of_some, warn_of_missing_lists
from longtail.data.lvis.file_digest import file_digest
from longtail.data.lvis.ragged import Ragged
from longtail.data.lvis.segmentation import Polygons, Rle, Segmentation
from longtail.data.lvis.tables import InstanceFlag, SegmentationKind
from longtail.data.lvis.views import InstanceColumns, WrittenInstances
from longtail.problems import BadInputError, Problem, ProblemReport, describe

logger = logging.getLogger(__name__)


def open_annotations(
    path: Path,
    cache_dir: Path | None = None,
    *,
    exhaustive: bool = False,
    logs_warnings: bool = True,
) -> "Annotations":
    """Open an LVIS v1 or v0.5 file, or any file of that format, plain or packed as .gz or .zip.

    The first opening parses and checks it; later ones, in any process, map the result.

    Args:
        path: The file. Test files may lack `annotations`.
        cache_dir: Where results are kept; `default_cache_dir()` if None.
        exhaustive: Every instance of every category is labelled in every image, as in COCO: what
            has no instance in an image is verified to be absent.
        logs_warnings: Log what a reader can live with when the file is parsed.

    Raises:
        BadInputError: The file has faults; the text lists them with their remedies. Or its images
            list some absent categories and not all, and are said to be labelled exhaustively.
        OSError: What is read cannot be kept; the text says what to set.
    """
    path, cache_dir = Path(path), cache_dir or default_cache_dir()
    parsed: list[Path] = []

    def read(writer: ArrayWriter) -> dict[str, Any]:
        parsed.append(path)
        return _read(path, writer)

    # What is told below is then of the cache.
    path.open("rb").close()
    try:
        digest = file_digest(path, cache_dir / "digests")
        columns = build_columns(cache_dir / digest, read)
    except OSError as error:
        raise OSError(f"{error}; set {ANNOTATIONS_CACHE} to a folder with room") from error
    annotations = Annotations(path, digest, columns, cache_dir, exhaustive)
    if exhaustive:
        report = ProblemReport(str(path))
        annotations.refuse_lists_of_some(report)
        report.raise_if_errors()
    if parsed and logs_warnings and annotations.warnings:
        logger.warning(describe(str(path), annotations.warnings))
    return annotations


def default_cache_dir() -> Path:
    """`annotations` in $LONGTAIL_CACHE, or in ~/.cache/longtail."""
    return cache_folder("annotations")


class Annotations:
    """An open annotation file. Arrays of single images are copies or read-only views.

    Attributes:
        path: The file.
        digest: Its SHA-256, hex digits.
        categories: Its categories.
        image_ids: (N,) int64, ascending.
        heights: (N,) int64, pixels.
        widths: (N,) int64, pixels.
        missing_lists: (N,) uint8 `MissingList`: the federated lists that an image lacks.
        exhaustive: Whether every category is labelled in every image.
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
        self._notes = columns.notes
        self._cache_dir = cache_dir
        self._columns = columns.arrays
        self.image_ids = self._columns["image_ids"]
        self.heights = self._columns["heights"]
        self.widths = self._columns["widths"]
        self.missing_lists = self._columns["missing_lists"]

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
        """Instances of all images that training uses."""
        return int(np.count_nonzero(self._used))

    @property
    def num_annotated_images(self) -> int:
        """Images with at least one instance that training uses."""
        return int(np.count_nonzero(np.diff(self._columns["present_offsets"])))

    @property
    def written(self) -> WrittenInstances:
        """All instances as the file has them, for evaluation."""
        names = ("labels", "boxes", "areas", "kinds", "flags")
        return WrittenInstances(
            offsets=self._columns["instance_offsets"],
            ids=self._columns["instance_ids"],
            **{name: self._columns[name] for name in names},
        )

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Faults that a reader can live with."""
        report = ProblemReport(str(self.path), warnings=_problems(self._notes["training_warnings"]))
        if len(self._used) and not self.exhaustive:
            warn_of_missing_lists(self.image_ids, self.missing_lists, report)
        return (*self.evaluation_warnings, *report.warnings)

    @property
    def evaluation_warnings(self) -> tuple[Problem, ...]:
        """Those of them that a reader of an evaluation should know."""
        return tuple(_problems(self._notes["warnings"]))

    @property
    def misspelt_remedy(self) -> str | None:
        """What to write where the list of annotations seems to have another name."""
        key = self._notes["misspelt"].get("annotations")
        return f"the file has {key!r}, which nothing reads: write it 'annotations'" if key else None

    def refuse_lists_of_some(self, report: ProblemReport) -> None:
        """Report images whose lists say that labels are not exhaustive."""
        others = self._ragged("annotated"), self.not_exhaustive_per_image()
        absent = self.absent_per_image()
        refuse_lists_of_some(self.image_ids, absent, others, len(self.categories), report)

    def file_name(self, i: int) -> str:
        """`file_name` of image i, else the last two parts of its `coco_url`, else ""."""
        return next(iter(self.image_names(i)), "")

    def image_names(self, i: int) -> list[str]:
        """Under which the picture of image i may lie below a folder, the first one first."""
        names = (self._text("file_names", i), self._text("coco_names", i))
        return [name for name in names if name]

    def image_path(self, i: int, root: Path) -> Path:
        """The picture of image i below a folder.

        Raises:
            BadInputError: It is under none of the names the file gives it, or has none.
        """
        names = self.image_names(i)
        if not names:
            where = f"{self.path}: image {self.image_ids[i]}"
            raise BadInputError(f"{where} has neither file_name nor coco_url; add file_name")
        return resolve_image(root, *names)

    def instances(self, i: int) -> InstanceColumns:
        """The instances of image i that training uses, cut to the image."""
        rows = self._used_rows(i)
        size = int(self.heights[i]), int(self.widths[i])
        boxes = xyxy_from_xywh(self._columns["boxes"][rows])
        overshoots = self._overshoots[rows]
        return InstanceColumns(
            labels=self._columns["labels"][rows],
            boxes=clip_boxes(boxes, size) if overshoots.any() else boxes,
            areas=self._columns["areas"][rows],
            ids=self._columns["instance_ids"][rows],
            segmentations=[
                self._clipped(row, size) if leaves else self.segmentation(row, size)
                for row, leaves in zip(rows.tolist(), overshoots.tolist(), strict=True)
            ],
        )

    def present(self, i: int) -> NDArray[np.int64]:
        """(n,) ascending category indices with an instance in image i that training uses."""
        return self._ragged("present").row(i)

    def annotated(self, i: int) -> NDArray[np.int64]:
        """(n,) ascending category indices with any instance in image i, a crowd for one."""
        return self._ragged("annotated").row(i)

    def absent(self, i: int) -> NDArray[np.int64]:
        """(n,) ascending category indices verified as not in image i (`neg_category_ids`).

        Of labels that are exhaustive, all that are neither there nor said to be incomplete.
        """
        if self.exhaustive:
            seen = np.union1d(self.annotated(i), self.not_exhaustive(i))
            return np.setdiff1d(np.arange(len(self.categories)), seen)
        return self._ragged("absent").row(i)

    def absent_per_image(self) -> Ragged:
        """What the images list as absent: (N + 1,) offsets and category indices."""
        return self._ragged("absent")

    def not_exhaustive(self, i: int) -> NDArray[np.int64]:
        """(n,) ascending category indices of which image i has more than is annotated."""
        return self._ragged("not_exhaustive").row(i)

    def not_exhaustive_per_image(self) -> Ragged:
        """`not_exhaustive` of all images: (N + 1,) offsets and category indices."""
        return self._ragged("not_exhaustive")

    def images_of(self, label: int) -> NDArray[np.int64]:
        """(m,) ascending indices of the images with an instance of a category index."""
        return self._ragged("images_of").row(label)

    def labels_per_image(self) -> Ragged:
        """`present` of all images: (N + 1,) offsets and category indices."""
        return self._ragged("present")

    def has_masks(self, i: int) -> bool:
        """False if any instance of image i has a box only; True for an image without instances."""
        return bool((self._columns["kinds"][self._used_rows(i)] != SegmentationKind.NONE).all())

    def instances_per_category(self) -> NDArray[np.int64]:
        """(K,) instances of `num_instances`; `instance_count` may count those of another file."""
        return np.bincount(self._columns["labels"][self._used], minlength=len(self.categories))

    def num_segmentations(self, kind: SegmentationKind) -> int:
        """Instances of `num_instances` that are outlined in one way."""
        return int(np.count_nonzero(self._columns["kinds"][self._used] == kind))

    @cached_property
    def _used(self) -> NDArray[np.bool_]:
        used: NDArray[np.bool_] = (self._columns["flags"] & InstanceFlag.LEFT_OUT) == 0
        return used

    @cached_property
    def _overshoots(self) -> NDArray[np.bool_]:
        overshoots: NDArray[np.bool_] = (self._columns["flags"] & InstanceFlag.OVERSHOOTS) > 0
        return overshoots

    def _used_rows(self, i: int) -> NDArray[np.int64]:
        start, stop = self._columns["instance_offsets"][i : i + 2].tolist()
        rows: NDArray[np.int64] = start + np.flatnonzero(self._used[start:stop])
        return rows

    def _ragged(self, name: str) -> Ragged:
        return Ragged(self._columns[f"{name}_offsets"], self._columns[f"{name}_values"])

    def _text(self, name: str, i: int) -> str:
        return self._ragged(name).row(i).tobytes().decode()

    def segmentation(self, row: int, size: tuple[int, int]) -> Segmentation:
        """The outline of an instance as the file has it.

        Args:
            row: Its place in `written`.
            size: Height and width of its image.
        """
        start, stop = self._columns["spans"][row].tolist()
        match SegmentationKind(self._columns["kinds"][row]):
            case SegmentationKind.NONE:
                return None
            case SegmentationKind.RLE:
                counts = self._columns["rle_counts"][start:stop].tobytes()
                return Rle(counts, *size)
            case SegmentationKind.POLYGONS:
                return Polygons(tuple(self._ring(ring) for ring in range(start, stop)))

    def _clipped(self, row: int, size: tuple[int, int]) -> Segmentation:
        outline = self.segmentation(row, size)
        if isinstance(outline, Polygons):
            return Polygons(tuple(clip_ring(ring, size) for ring in outline.rings))
        return outline

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
        # A name may be longer than file systems have them.
        with suppress(OSError):
            if path.is_file():
                return path
    listed = ", ".join(dict.fromkeys(map(str, tried)))
    raise BadInputError(
        f"image not found, tried {listed}; name the folder that holds the images, or fetch them"
    )


def _read(path: Path, writer: ArrayWriter) -> dict[str, Any]:
    # Only the first opening needs the reader, and numba with it.
    from longtail.data.lvis.reading.reader import read_annotations

    return read_annotations(path, writer)


def _problems(noted: list[dict[str, Any]]) -> list[Problem]:
    return msgspec.convert(noted, list[Problem])
