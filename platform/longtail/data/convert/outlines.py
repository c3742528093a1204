"""The `segmentation` of an instance: what exporters write, and what LVIS files hold."""

import math
from typing import Any, NamedTuple

import numpy as np
from pycocotools import mask as coco_mask

from longtail.data.convert.numbers import whole_number
from longtail.rle.codec import encode
from longtail.rle.polygons import polygons_to_rle
from longtail.rle.validation import find_fault

SHORTEST_RING = 6

Outline = list[list[float | int]] | dict[str, Any]
"""Polygons, each x, y, x, y, ..., or a compressed run-length mask {"size", "counts"}."""


class UnusableOutlineError(ValueError):
    """An outline that cannot be converted: text is what is wrong, `remedy` what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


class Mended(NamedTuple):
    """An outline as LVIS files have it.

    Attributes:
        outline: None for an instance with a box only.
        changes: What was changed.
    """

    outline: Outline | None
    changes: tuple[str, ...] = ()


def mend_outline(segmentation: object, size: tuple[int, int]) -> Mended:
    """An outline that pycocotools takes, as an LVIS file holds it.

    Args:
        segmentation: The field's value; None or an empty list where there is no mask.
        size: (height, width) of the image.

    Raises:
        UnusableOutlineError: It is damaged, or does not belong to the image.
    """
    if segmentation is None or segmentation == [] or segmentation == {}:
        return Mended(None)
    if isinstance(segmentation, dict):
        return _mend_runs(segmentation, size)
    if isinstance(segmentation, list):
        return _mend_rings(segmentation)
    raise UnusableOutlineError("neither polygons nor runs", "outline the instance")


def mask_of(outline: Outline, size: tuple[int, int]) -> dict[str, Any]:
    """The run-length mask of an outline, for pycocotools.

    Raises:
        UnusableOutlineError: A vertex lies far outside the image.
    """
    if isinstance(outline, dict):
        return {"size": outline["size"], "counts": outline["counts"].encode()}
    try:
        counts = polygons_to_rle(outline, *size)
    except ValueError as error:
        raise UnusableOutlineError(str(error), "see that the image's size is right") from None
    return {"size": list(size), "counts": counts}


def area_of(mask: dict[str, Any]) -> int:
    """Pixels of a run-length mask."""
    return int(coco_mask.area(mask))


def box_of(mask: dict[str, Any]) -> list[float]:
    """x, y, width, height around a run-length mask."""
    box: list[float] = coco_mask.toBbox(mask).tolist()
    return box


def _mend_rings(rings: list[Any]) -> Mended:
    changes = []
    if set(map(type, rings)) <= {int, float}:
        rings = [rings]
        changes.append("polygon that is not in a list of polygons: put into one")
    if not all(_is_ring(ring) for ring in rings):
        remedy = "write each polygon as a list x, y, x, y, ..."
        raise UnusableOutlineError("a polygon that is no list of x, y, x, y, ...", remedy)
    if not all(math.isfinite(value) for ring in rings for value in ring):
        raise UnusableOutlineError("a vertex that is no number", "correct its coordinates")
    long_enough = [ring for ring in rings if len(ring) >= SHORTEST_RING]
    if len(long_enough) < len(rings):
        changes.append("polygon of under 3 points: left out")
    return Mended(long_enough or None, tuple(changes))


def _is_ring(ring: object) -> bool:
    # By types at once: a data set has millions of points.
    return isinstance(ring, list) and len(ring) % 2 == 0 and set(map(type, ring)) <= {int, float}


def _mend_runs(rle: dict[str, Any], size: tuple[int, int]) -> Mended:
    stated, counts = rle.get("size"), rle.get("counts")
    if not isinstance(stated, list) or [whole_number(side) for side in stated] != list(size):
        raise UnusableOutlineError(
            f"a run-length mask of another size than its image: {stated!r:.40}",
            f"encode it at the image's [height, width]: {list(size)}",
        )
    changes = []
    if isinstance(counts, list):
        counts = _compress(counts, size)
        changes.append("runs as a list: compressed")
    fault = find_fault(counts.encode(), *size) if isinstance(counts, str) else "no counts"
    if fault:
        raise UnusableOutlineError(f"malformed run-length mask: {fault}", "encode the mask again")
    return Mended({"size": list(size), "counts": counts}, tuple(changes))


def _compress(counts: list[Any], size: tuple[int, int]) -> str:
    runs = [whole_number(run) for run in counts]
    lengths = [run for run in runs if run is not None and run >= 0]
    if len(lengths) < len(runs) or sum(lengths) != size[0] * size[1]:
        what = "runs that are not whole numbers, or do not add up to height x width"
        raise UnusableOutlineError(what, "encode the mask at its image's size")
    return encode(np.array(lengths, np.int64)).decode()
