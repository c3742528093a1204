"""Reading and checking one annotation's segmentation before any library rasterises it."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pycocotools.mask

from longtail.annotation_file.outlines import (
    OutlineFault,
    find_fault_of_rings,
    find_fault_of_rle,
)
from longtail.annotation_file.records import Rings, Rle
from longtail.problems import BadInputError

# A vertex further than this many image sides outside makes rasterising costly, not wrong.
FARTHEST_VERTEX = 4.0


_DECODER: msgspec.json.Decoder[Rings | Rle] = msgspec.json.Decoder(Rings | Rle)


def read_segmentation(
    content: msgspec.Raw, height: int, width: int, where: str
) -> Rings | dict[str, Any]:
    """Decode polygons or a run-length mask.

    Args:
        content: JSON of a list of polygons x1, y1, x2, y2, ... or of `size` and `counts`.
        height: Rows of the image, pixels.
        width: Columns of the image, pixels.
        where: File, record and field, for the error.

    Raises:
        BadInputError: It is neither, or does not fit the image.
    """
    try:
        segmentation = _DECODER.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInputError(f"{where}: {error}; polygons or an RLE are needed") from None
    if isinstance(segmentation, Rle):
        fault = find_fault_of_rle(segmentation, height, width)
    else:
        fault = find_fault_of_rings(segmentation) or _far_vertex(segmentation, max(height, width))
    if fault is not None:
        detail = f" ({fault.detail})" if fault.detail else ""
        raise BadInputError(f"{where}: {fault.what}{detail}; {fault.remedy}")
    if isinstance(segmentation, Rle):
        return {"size": [height, width], "counts": segmentation.counts}
    return segmentation


def _far_vertex(rings: Rings, side: int) -> OutlineFault | None:
    bound = FARTHEST_VERTEX * side
    if any(not (-bound <= min(ring) and max(ring) <= bound) for ring in rings):
        what = f"a vertex over {bound:g} pixels from the image"
        return OutlineFault(what, "correct or remove the annotation")
    return None


def compressed_mask(segmentation: Rings | dict[str, Any], height: int, width: int) -> Any:
    """Polygons, runs or a compressed mask as pycocotools' compressed mask; checked before."""
    if isinstance(segmentation, list):
        return pycocotools.mask.merge(pycocotools.mask.frPyObjects(segmentation, height, width))
    if isinstance(segmentation["counts"], list):
        return pycocotools.mask.frPyObjects(segmentation, height, width)
    return segmentation


def compressed_counts(
    segmentations: Sequence[Rings | dict[str, Any]], height: int, width: int
) -> list[bytes]:
    """The compressed run-length strings of segmentations of one image; checked before."""
    # One call rasterises the polygons of all of them: half the time of a call for each.
    polygons = [p for content in segmentations if isinstance(content, list) for p in content]
    drawn = iter(pycocotools.mask.frPyObjects(polygons, height, width) if polygons else [])
    return [_counts(content, drawn, height, width) for content in segmentations]


def _counts(
    content: Rings | dict[str, Any], drawn: Iterator[Any], height: int, width: int
) -> bytes:
    """The string of one; `drawn` gives the masks of its polygons."""
    if isinstance(content, list):
        parts = [next(drawn) for _ in content]
        mask = parts[0] if len(parts) == 1 else pycocotools.mask.merge(parts)
    else:
        mask = compressed_mask(content, height, width)
    counts: str | bytes = mask["counts"]
    return counts.encode() if isinstance(counts, str) else counts
