"""What is wrong with the outline of an instance, before any library rasterises it."""

from typing import NamedTuple

from longtail.annotation_file.records import Rings, Rle
from longtail.rle.validation import find_fault

# Three points, x and y of each.
SHORTEST_POLYGON = 6


class OutlineFault(NamedTuple):
    """What keeps an outline from being used.

    Attributes:
        what: The kind of fault, the same text for all outlines that have it.
        remedy: What its owner can do.
        detail: The numbers of this one; "" where there are none to tell.
    """

    what: str
    remedy: str
    detail: str = ""


NO_POLYGON = OutlineFault("an empty list", "outline the instance, or leave the field out")


def find_fault_of_rings(rings: Rings) -> OutlineFault | None:
    """What is wrong with the form of polygons; where they lie is the reader's concern."""
    if not rings:
        return NO_POLYGON
    for ring in rings:
        if len(ring) % 2:
            remedy = "give x and y of every point"
            return OutlineFault("a polygon of odd length", remedy, f"{len(ring)} numbers")
    for ring in rings:
        if len(ring) < SHORTEST_POLYGON:
            detail = f"{len(ring)} numbers"
            return OutlineFault("a polygon of under 3 points", "remove the polygon", detail)
    return None


def find_fault_of_rle(rle: Rle, height: int, width: int) -> OutlineFault | None:
    """What is wrong with a run-length mask of an image of this size, in pixels."""
    if rle.size != (height, width):
        return OutlineFault(
            "a run-length mask of another size than its image",
            "encode the mask at the image's [height, width]",
            f"size is {list(rle.size)} and the image has [{height}, {width}]",
        )
    if isinstance(rle.counts, str):
        fault = find_fault(rle.counts.encode(), height, width)
    else:
        fault = _fault_of_runs(rle.counts, height * width)
    if fault is None:
        return None
    return OutlineFault(f"malformed run-length mask: {fault}", "encode the mask again")


def _fault_of_runs(runs: list[int], num_pixels: int) -> str | None:
    if min(runs, default=0) < 0 or sum(runs) != num_pixels:
        return f"counts must be non-negative and add up to {num_pixels} pixels"
    return None
