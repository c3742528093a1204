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
    """

    what: str
    remedy: str


ODD_LENGTH = OutlineFault("a polygon of odd length", "give x and y of every point")


def find_fault_of_rings(rings: Rings) -> OutlineFault | None:
    """What is wrong with the form of polygons; where they lie is the reader's concern."""
    return ODD_LENGTH if any(len(ring) % 2 for ring in rings) else None


def drawable(rings: Rings) -> Rings:
    """The polygons of three points or more, the only ones that outline anything."""
    return [ring for ring in rings if len(ring) >= SHORTEST_POLYGON]


def find_fault_of_rle(rle: Rle, height: int, width: int) -> OutlineFault | None:
    """What is wrong with a run-length mask of an image of this size, in pixels."""
    if rle.size != (height, width):
        return OutlineFault(
            "a run-length mask of another size than its image",
            "encode the mask at the image's [height, width]",
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
        return "the runs are not of 0 pixels or more that add up to height x width"
    return None
