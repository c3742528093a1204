"""Reading the `annotations` of an annotation file. M instances, R rings, P points."""

from array import array
from collections.abc import Sequence

import numpy as np
from msgspec import Raw
from rich.markup import escape

from longtail.annotation_file.decoding import Faults, decode_records
from longtail.annotation_file.outlines import (
    SHORTEST_POLYGON,
    OutlineFault,
    drawable,
    find_fault_of_rings,
    find_fault_of_rle,
)
from longtail.annotation_file.records import AnnotationRecord, Rings, Rle
from longtail.array_store import ArrayWriter
from longtail.data.lvis.reading.rings import RingWriter
from longtail.data.lvis.tables import ImageTable, InstanceFlag, InstanceTable, SegmentationKind
from longtail.problems import ProblemReport
from longtail.progress import tracked_records
from longtail.rle.codec import encode

CROWD, IGNORED = int(InstanceFlag.CROWD), int(InstanceFlag.IGNORED)
SEGMENTATION = "annotations.segmentation"
SHORT_POLYGON = "a polygon of under 3 points, which is passed over"


def read_instances(
    records: Sequence[Raw], images: ImageTable, writer: ArrayWriter, report: ProblemReport
) -> InstanceTable:
    """Decode the instances and check the form of each segmentation.

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
        flags = CROWD * bool(record.iscrowd) + IGNORED * bool(record.ignore)
        integers.extend((record.id, record.image_id, record.category_id, kind, start, stop, flags))
        floats.extend(record.bbox)
        floats.append(record.area)
    segmentations.report_to(report)
    whole = np.frombuffer(integers, dtype=np.int64).reshape(-1, 7)
    real = np.frombuffer(floats, dtype=np.float64).reshape(-1, 5)
    kinds = whole[:, 3]
    outlines = np.full((len(whole), 4), np.nan)
    outlines[kinds == SegmentationKind.POLYGONS] = segmentations.rings.finish()
    return InstanceTable(
        ids=whole[:, 0],
        image_ids=whole[:, 1],
        category_ids=whole[:, 2],
        boxes=real[:, :4],
        areas=real[:, 4],
        outlines=outlines,
        kinds=kinds,
        spans=whole[:, 4:6],
        flags=whole[:, 6],
    )


class SegmentationWriter:
    """Checks segmentations and appends them to their columns."""

    def __init__(self, images: ImageTable, writer: ArrayWriter) -> None:
        sizes = zip(images.heights.tolist(), images.widths.tolist(), strict=True)
        self._image_sizes = dict(zip(images.ids.tolist(), sizes, strict=True))
        self._rle_counts = writer.stream("rle_counts", np.uint8)
        self._num_rle_bytes = 0
        self._faults = Faults()
        self._with_short_polygons: list[str] = []
        self.rings = RingWriter(writer)

    def append(self, record: AnnotationRecord) -> tuple[SegmentationKind, int, int]:
        """Write what is sound, note what is not; returns the kind and the span."""
        segmentation = record.segmentation
        if segmentation is None:
            return SegmentationKind.NONE, 0, 0
        if isinstance(segmentation, Rle):
            return self._append_rle(segmentation, record)
        return self._append_rings(segmentation, record)

    def report_to(self, report: ProblemReport) -> None:
        """Add what was found to a report."""
        self._faults.report_to(report)
        remedy = "remove the polygon; an instance without another one has a box only"
        report.warning(SEGMENTATION, SHORT_POLYGON, self._with_short_polygons, remedy)

    def _append_rings(
        self, rings: Rings, record: AnnotationRecord
    ) -> tuple[SegmentationKind, int, int]:
        if fault := find_fault_of_rings(rings):
            self._note(fault, record)
            return SegmentationKind.NONE, 0, 0
        if rings and min(map(len, rings)) < SHORTEST_POLYGON:
            self._with_short_polygons.append(_name(record))
            rings = drawable(rings)
        if not rings:
            return SegmentationKind.NONE, 0, 0
        return SegmentationKind.POLYGONS, *self.rings.append(rings)

    def _append_rle(self, rle: Rle, record: AnnotationRecord) -> tuple[SegmentationKind, int, int]:
        # An unknown image is told by itself.
        size = self._image_sizes.get(record.image_id, rle.size)
        if fault := find_fault_of_rle(rle, *size):
            self._note(fault, record)
            return SegmentationKind.NONE, 0, 0
        runs = rle.counts
        counts = runs.encode() if isinstance(runs, str) else encode(np.array(runs, dtype=np.int64))
        start = self._num_rle_bytes
        self._num_rle_bytes += len(counts)
        self._rle_counts.append(np.frombuffer(counts, dtype=np.uint8))
        return SegmentationKind.RLE, start, self._num_rle_bytes

    def _note(self, fault: OutlineFault, record: AnnotationRecord) -> None:
        self._faults.add(SEGMENTATION, fault.what, _name(record), fault.remedy)


def _name(record: AnnotationRecord) -> str:
    return f"annotation {record.id} of image {record.image_id}"
