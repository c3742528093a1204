"""Reading the `annotations` of an annotation file. M instances, R rings, P points."""

from array import array
from collections.abc import Sequence

import numpy as np
from msgspec import Raw
from numpy.typing import NDArray
from rich.markup import escape

from longtail.annotation_file.decoding import Faults, decode_records
from longtail.annotation_file.outlines import (
    OutlineFault,
    find_fault_of_rings,
    find_fault_of_rle,
)
from longtail.annotation_file.records import AnnotationRecord, CompressedRle, Rings
from longtail.array_store import ArrayWriter
from longtail.data.lvis.tables import ImageTable, InstanceTable, SegmentationKind
from longtail.problems import ProblemReport
from longtail.progress import tracked_records

FLUSH_NUMBERS = 2**19
SEGMENTATION = "annotations.segmentation"


def read_instances(
    records: Sequence[Raw], images: ImageTable, writer: ArrayWriter, report: ProblemReport
) -> InstanceTable:
    """Decode the instances and check each segmentation.

    Points and run-length bytes go straight to the columns `points` and `rle_counts`.

    Args:
        records: The records of `annotations`.
        images: The file's images.
        writer: Where the two columns are written.
        report: Receives the faults.
    """
    segmentations = SegmentationWriter(images, writer)
    integers, floats = array("q"), array("d")
    listed = tracked_records(records, f"reading annotations of {escape(report.file)}")
    for record in decode_records(listed, AnnotationRecord, "annotations", report):
        kind, start, stop = segmentations.append(record)
        integers.extend((record.id, record.image_id, record.category_id, kind, start, stop))
        floats.extend(record.bbox)
        floats.append(record.area)
    segmentations.faults.report_to(report)
    whole = np.frombuffer(integers, dtype=np.int64).reshape(-1, 6)
    real = np.frombuffer(floats, dtype=np.float64).reshape(-1, 5)
    kinds, spans = whole[:, 3], whole[:, 4:]
    outlines = np.full((len(whole), 4), np.nan)
    outlines[(kinds == SegmentationKind.POLYGONS) & (spans[:, 1] > spans[:, 0])] = (
        segmentations.rings.finish()
    )
    return InstanceTable(
        ids=whole[:, 0],
        image_ids=whole[:, 1],
        category_ids=whole[:, 2],
        boxes=np.hstack([real[:, :2], real[:, :2] + real[:, 2:4]]),
        areas=real[:, 4],
        outlines=outlines,
        kinds=kinds,
        spans=spans,
    )


class SegmentationWriter:
    """Checks segmentations and appends them to their columns."""

    def __init__(self, images: ImageTable, writer: ArrayWriter) -> None:
        sizes = zip(images.heights.tolist(), images.widths.tolist(), strict=True)
        self._image_sizes = dict(zip(images.ids.tolist(), sizes, strict=True))
        self._rle_counts = writer.stream("rle_counts", np.uint8)
        self._num_rle_bytes = 0
        self.rings = RingWriter(writer)
        self.faults = Faults()

    def append(self, record: AnnotationRecord) -> tuple[SegmentationKind, int, int]:
        """Write what is sound, note what is not; returns the kind and the span."""
        match record.segmentation:
            case None:
                return SegmentationKind.NONE, 0, 0
            case CompressedRle() as rle:
                return SegmentationKind.RLE, *self._append_rle(rle, record)
            case rings:
                return SegmentationKind.POLYGONS, *self._append_rings(rings, record)

    def _append_rings(self, rings: Rings, record: AnnotationRecord) -> tuple[int, int]:
        if fault := find_fault_of_rings(rings):
            self._note(fault, record)
            return 0, 0
        return self.rings.append(rings)

    def _append_rle(self, rle: CompressedRle, record: AnnotationRecord) -> tuple[int, int]:
        counts = rle.counts.encode()
        # An unknown image is told by itself.
        size = self._image_sizes.get(record.image_id, rle.size)
        if fault := find_fault_of_rle(rle, *size):
            self._note(fault, record)
        start = self._num_rle_bytes
        self._num_rle_bytes += len(counts)
        self._rle_counts.append(np.frombuffer(counts, dtype=np.uint8))
        return start, self._num_rle_bytes

    def _note(self, fault: OutlineFault, record: AnnotationRecord) -> None:
        where = f"annotation {record.id} of image {record.image_id}"
        self.faults.add(SEGMENTATION, fault.what, where, fault.remedy)


class RingWriter:
    """Appends polygons to the columns `points` and `ring_offsets`; remembers each one's bounds."""

    def __init__(self, writer: ArrayWriter) -> None:
        self._points = writer.stream("points", np.float64, (2,))
        self._ring_offsets = writer.stream("ring_offsets", np.int64)
        self._ring_offsets.append(np.zeros(1, dtype=np.int64))
        self._num_rings = 0
        self._num_points = 0
        self._pending = array("d")
        self._pending_offsets = array("q")
        self._pending_sizes = array("q")
        self._bounds = [np.empty((0, 4))]

    def append(self, rings: Rings) -> tuple[int, int]:
        """Add the rings of an instance, each x, y, x, y, ...; returns first ring and last + 1."""
        first, before = self._num_rings, self._num_points
        for ring in rings:
            self._pending.fromlist(ring)
            self._num_points += len(ring) // 2
            self._pending_offsets.append(self._num_points)
        self._num_rings += len(rings)
        self._pending_sizes.append(self._num_points - before)
        if len(self._pending) > FLUSH_NUMBERS:
            self._flush()
        return first, self._num_rings

    def finish(self) -> NDArray[np.float64]:
        """Write what is pending; returns the bounds xyxy of each instance's points."""
        if self._pending:
            self._flush()
        return np.concatenate(self._bounds)

    def _flush(self) -> None:
        points = np.frombuffer(self._pending).reshape(-1, 2)
        sizes = np.frombuffer(self._pending_sizes, dtype=np.int64)
        starts = np.cumsum(sizes) - sizes
        low, high = np.minimum.reduceat(points, starts), np.maximum.reduceat(points, starts)
        self._bounds.append(np.hstack([low, high]))
        self._points.append(points)
        self._ring_offsets.append(np.frombuffer(self._pending_offsets, dtype=np.int64))
        self._pending, self._pending_offsets, self._pending_sizes = (
            array("d"),
            array("q"),
            array("q"),
        )
