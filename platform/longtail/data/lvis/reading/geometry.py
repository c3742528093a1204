"""Where boxes and polygons lie, in their image or beside it. M instances.

What lies partly outside is used as far as it lies inside; what has no part inside is of no use to
a detector. lvis-api takes boxes as they are and draws the part of a polygon that is inside.
"""

import numpy as np
from numpy.typing import NDArray

from longtail.data.lvis.clipping import xyxy_from_xywh
from longtail.data.lvis.tables import InstanceFlag, InstanceTable
from longtail.problems import ProblemReport

# Boxes and polygons of real data sets overshoot the image by rounding, of which nothing is said.
ROUNDING = 2.0
# A vertex further than this many image sides outside makes rasterising costly, not wrong.
FARTHEST_VERTEX = 4.0

BOX_REMEDY = "bbox is [x, y, width, height] in pixels; see that the image's size is right"
POLYGON_REMEDY = "clip the polygon to the image; see that the image's size is right"


class Geometry:
    """Claims about M instances of known images, each (M,) bool.

    Args:
        instances: M instances.
        sizes: (M, 2) width and height of each one's image.
    """

    def __init__(self, instances: InstanceTable, sizes: NDArray[np.int64]) -> None:
        sides, outlines = instances.boxes[:, 2:], instances.outlines
        corners = xyxy_from_xywh(instances.boxes)
        self._instances = instances
        self.turned = _any(sides < 0)
        self.negative_area = instances.areas < 0
        self.flat = _any(sides == 0) & ~self.turned
        extent = ~(self.turned | self.flat)
        self.box_outside = extent & _lies_outside(corners, sizes)
        self.outline_outside = _lies_outside(outlines, sizes)
        by_box, by_outline = _overshoot(corners, sizes), _overshoot(outlines, sizes)
        self.box_leaves = extent & ~self.box_outside & (by_box > ROUNDING)
        self.outline_leaves = ~self.outline_outside & (by_outline > ROUNDING)
        self.overshoots = (by_box > 0) | (by_outline > 0)
        bound = FARTHEST_VERTEX * sizes.max(axis=1, initial=0)
        self.far = _any(np.abs(outlines) > bound[:, None])
        crowd = (instances.flags & InstanceFlag.CROWD) > 0
        self.left_out = self.flat | self.box_outside | self.outline_outside | crowd

    def flags(self) -> NDArray[np.int64]:
        """(M,) what of this is kept with the instances, as `InstanceFlag`."""
        flags: NDArray[np.int64] = self._instances.flags | (
            self.overshoots * int(InstanceFlag.OVERSHOOTS)
            + self.left_out * int(InstanceFlag.LEFT_OUT)
        )
        return flags

    def report_errors(self, report: ProblemReport) -> None:
        """Report numbers that nobody can use."""

        def error(field: str, what: str, at_fault: NDArray[np.bool_], remedy: str) -> None:
            report.error(f"annotations.{field}", what, self._names(at_fault), remedy)

        error("bbox", "negative width or height", self.turned, BOX_REMEDY)
        error("area", "negative", self.negative_area, "area is the mask's, in square pixels")
        what = f"a vertex over {FARTHEST_VERTEX:g} image sides outside"
        error("segmentation", what, self.far, "correct or remove the annotation")

    def report_warnings(self, report: ProblemReport) -> None:
        """Report what training clips or leaves out."""

        def warn(field: str, what: str, found: NDArray[np.bool_], remedy: str) -> None:
            report.warning(f"annotations.{field}", what, self._names(found), remedy)

        flat = "width or height 0: left out of training, evaluated if area is over 0"
        warn("bbox", flat, self.flat, "remove instances without extent")
        outside = "wholly outside the image: left out of training, evaluated as it is"
        warn("bbox", outside, self.box_outside, BOX_REMEDY)
        warn("segmentation", outside, self.outline_outside & ~self.box_outside, POLYGON_REMEDY)
        leaves = f"over {ROUNDING:g} pixels outside the image: clipped in training"
        warn("bbox", leaves, self.box_leaves, BOX_REMEDY)
        warn("segmentation", leaves, self.outline_leaves, POLYGON_REMEDY)

    def _names(self, chosen: NDArray[np.bool_]) -> list[str]:
        found = self._instances.take(chosen)
        pairs = zip(found.ids, found.image_ids, strict=True)
        return [f"annotation {annotation} of image {image}" for annotation, image in pairs]


def _overshoot(boxes: NDArray[np.float64], sizes: NDArray[np.int64]) -> NDArray[np.float64]:
    """(M,) pixels by which xyxy boxes leave their image; NaN without a box."""
    overshoot: NDArray[np.float64] = np.maximum(
        -boxes[:, :2].min(axis=1), (boxes[:, 2:] - sizes).max(axis=1)
    )
    return overshoot


def _lies_outside(boxes: NDArray[np.float64], sizes: NDArray[np.int64]) -> NDArray[np.bool_]:
    return _any(boxes[:, 2:] <= 0) | _any(boxes[:, :2] >= sizes)


def _any(claims: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether one of each row holds."""
    of_rows: NDArray[np.bool_] = np.any(claims, axis=1)
    return of_rows
