"""Detections to result JSON: streaming, exact, and there only when it is complete."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO

import msgspec
import numpy as np

from longtail.files import replacing
from longtail.packed import create_packed
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.result_json.records import Record, Segmentation
from longtail.predictions.store import PredictionStore


@contextmanager
def _new_array(path: Path) -> Iterator[IO[bytes]]:
    """A JSON array to be filled, which becomes the file when the block ends without error."""
    with replacing(path) as partial, create_packed(partial, path.name) as file:
        file.write(b"[")
        yield file
        file.write(b"]\n")


class JsonWriter:
    """Appends detections to a JSON list; the file appears when the `with` block ends well.

    A record has one score: that of the mask where it has a mask, else that of the box. Numbers are
    written with the fewest digits that read back to the same float64.
    """

    def __init__(self, path: Path, with_bbox: bool = False) -> None:
        """Prepare to write.

        Args:
            path: The file to write; it is replaced. A name in .gz or .zip is packed.
            with_bbox: Write boxes too. The evaluators of LVIS then take an object's area from its
                box also for mask AP, so a submission of masks goes without.
        """
        self.path = path
        self.with_bbox = with_bbox
        self.num_detections = 0
        self._encoder = msgspec.json.Encoder()

    def __enter__(self) -> "JsonWriter":
        self._array = _new_array(self.path)
        self._file = self._array.__enter__()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._array.__exit__(error_type, error, traceback)

    def write(self, columns: DetectionColumns) -> None:
        """Append detections in their order.

        Raises:
            ValueError: A detection has no mask and boxes are not written.
        """
        if not self.with_bbox and not columns.has_mask.all():
            raise ValueError(
                f"{self.path}: a detection of image {columns.image_id[~columns.has_mask][0]} has "
                "a box and no mask; write boxes too (--with-bbox), or boxes alone (--only-bbox)"
            )
        lines = map(self._encoder.encode, _records(columns, self.with_bbox))
        text = b",\n".join(lines)
        if text:
            self._file.write(b",\n" + text if self.num_detections else text)
        self.num_detections += len(columns)


def export_json(
    detections: PredictionStore | Iterable[DetectionColumns], path: Path, with_bbox: bool = False
) -> int:
    """Write a store, or blocks of detections, as result JSON; returns how many detections.

    Raises:
        ValueError: A detection has no mask and boxes are not written.
    """
    blocks = detections.blocks() if isinstance(detections, PredictionStore) else detections
    with JsonWriter(path, with_bbox) as writer:
        for columns in blocks:
            writer.write(columns)
    return writer.num_detections


def _records(columns: DetectionColumns, with_bbox: bool) -> Iterable[Record]:
    rows = zip(
        columns.image_id.tolist(),
        columns.category_id.tolist(),
        np.where(columns.has_mask, columns.score_mask, columns.score).tolist(),
        columns.boxes.tolist() if with_bbox else [msgspec.UNSET] * len(columns),
        zip(columns.heights.tolist(), columns.widths.tolist(), strict=True),
        columns.rles(),
        strict=True,
    )
    for image_id, category_id, score, box, size, counts in rows:
        mask = Segmentation(size, counts.decode("ascii")) if counts else None
        yield Record(image_id, category_id, score, box, mask)
