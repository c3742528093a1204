"""Boxes that are no x, y, width, height in pixels, told apart for a file as a whole.

Nothing in one box says that it is x1, y1, x2, y2, or a share of the image. Many say it: they fit
the masks beside them, or the image, in another reading than the right one. D records.
"""

from dataclasses import dataclass, field

import numpy as np
from numba import njit
from numpy.typing import NDArray

from longtail.predictions.checks.tally import FaultTally, RecordBatch
from longtail.rle.codec import decode_many, select
from longtail.rle.geometry import boxes as boxes_of

SAMPLE = 64
"""Masks that are looked at in a piece of a file; decoding all would take as long as reading."""
FITS, BETTER_BY, NEARLY_ALL = 0.7, 0.2, 0.95
"""Mean IoU with the masks from which a reading fits, by how much it must be over that of the right
one, and the share of boxes that it fits no worse. Boxes of any detector fit the masks that were cut
from them well over the 0.5 that they are apart from here."""
ENOUGH, OVERSHOOTING, INSIDE = 20, 0.15, 0.99
"""Boxes without masks from which a file is judged, the share of them that leaves the image, and the
share that lies within it in another reading. Detectors cut boxes to the image; of those that do not
hardly a tenth leaves it, and no other reading puts those that do inside."""
ONE_PIXEL, SMALLEST_SIDE = 1.5, 16
"""How far a box within one pixel goes, and the images of which boxes are looked at: in smaller ones
shares and pixels are alike."""
NUM, WITHIN_A_PIXEL, WITH_FRACTION, OVERSHOOTS, AS_CORNERS, AS_CENTRE = range(6)

CORNERS, CENTRE, ROWS_FIRST = (
    "x1, y1, x2, y2",
    "centre x, centre y, width, height",
    "y1, x1, y2, x2",
)
PIXELS = "in pixels"
SHARES = "as shares of the image (0..1)"
READINGS = tuple(
    f"{order} {unit}"
    for unit in (PIXELS, SHARES)
    for order in ("x, y, width, height", CORNERS, CENTRE, ROWS_FIRST)
)
"""What four numbers may mean; the first is the right one."""
REMEDY = (
    "write x, y, width, height in pixels of the original image: [x1, y1, x2 - x1, y2 - y1] of "
    "corners; shares times the image's width and height; or leave `bbox` out beside a mask"
)


@dataclass
class BoxConventions:
    """What was seen of the boxes of one file.

    Attributes:
        counts: (6,) boxes looked at, and those of them that fit or do not fit a reading.
        num_masks: Boxes that were compared with a mask.
        overlaps: (8,) sum of IoUs with the mask's box, by `READINGS`.
        no_worse: (8,) boxes that each reading fits no worse than the right one.
        example: The first one.
    """

    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(6, np.int64))
    num_masks: int = 0
    overlaps: NDArray[np.float64] = field(default_factory=lambda: np.zeros(len(READINGS)))
    no_worse: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(READINGS), np.int64))
    example: str = ""

    def see(
        self,
        batch: RecordBatch,
        sizes: NDArray[np.int64],
        masks: tuple[NDArray[np.uint8], NDArray[np.int64]],
    ) -> None:
        """Count the boxes of some records.

        Args:
            batch: D records; the masks of sound ones can be decoded.
            sizes: (D, 2) height, width of each one's image.
            masks: Flat compressed strings and their (D + 1,) offsets.
        """
        columns = batch.columns
        finite = columns.has_box & np.isfinite(columns.boxes).all(axis=1)
        finite &= (sizes >= SMALLEST_SIDE).all(axis=1)
        if not self.example and finite.any():
            row = int(finite.argmax())
            self.example = f"record {batch.indices[row]} ({columns.boxes[row].tolist()})"
        self.counts += _count(np.ascontiguousarray(columns.boxes), finite, sizes)
        rows = np.flatnonzero(finite & batch.sound & (np.diff(masks[1]) > 0))
        rows = rows[:: max(1, -(-len(rows) // SAMPLE))]
        if len(rows):
            of_masks = boxes_of(*decode_many(*select(*masks, rows)), sizes[rows, 0])
            full = of_masks[:, 2] > 0
            self._compare(columns.boxes[rows[full]], of_masks[full], sizes[rows[full]])

    def tally(self, tally: FaultTally) -> None:
        """Add the fault of the file, if its boxes mean something else."""
        if fault := self._beside_masks() or self._shares() or self._outside():
            num = int(self.counts[NUM])
            tally.add("bbox", fault, [self.example], num, REMEDY, of_file=True)

    def _compare(
        self, boxes: NDArray[np.float64], masks: NDArray[np.float64], sizes: NDArray[np.int64]
    ) -> None:
        overlaps = np.stack([_overlaps(read, masks) for read in _readings(boxes, sizes)])
        self.num_masks += len(boxes)
        self.overlaps += overlaps.sum(axis=1)
        self.no_worse += (overlaps >= overlaps[0]).sum(axis=1)

    def _beside_masks(self) -> str:
        if not self.num_masks:
            return ""
        means = self.overlaps / self.num_masks
        best = int(means.argmax())
        is_sure = means[best] >= FITS and means[best] >= means[0] + BETTER_BY
        if not is_sure or self.no_worse[best] < NEARLY_ALL * self.num_masks:
            return ""
        return (
            f"boxes contradict the masks beside them (mean IoU {means[0]:.2f}) and fit them as "
            f"{READINGS[best]} ({means[best]:.2f})"
        )

    def _shares(self) -> str:
        num = self.counts[NUM]
        if not num or self.counts[WITHIN_A_PIXEL] < num or not self.counts[WITH_FRACTION]:
            return ""
        return f"all boxes lie within one pixel; they look given {SHARES}"

    def _outside(self) -> str:
        num = self.counts[NUM]
        if self.num_masks or num < ENOUGH or self.counts[OVERSHOOTS] < OVERSHOOTING * num:
            return ""
        for fitting, order in ((AS_CORNERS, CORNERS), (AS_CENTRE, CENTRE)):
            if self.counts[fitting] >= INSIDE * num:
                return (
                    f"{self.counts[OVERSHOOTS]} of {num} boxes leave their images, and "
                    f"{self.counts[fitting]} lie within them as {order}"
                )
        return ""


def _readings(
    boxes: NDArray[np.float64], sizes: NDArray[np.int64]
) -> tuple[NDArray[np.float64], ...]:
    """(D, 4) x, y, width, height in pixels by each of `READINGS`."""
    a, b, c, d = boxes.T
    height, width = sizes.T
    scale = np.stack([width, height, width, height], axis=1)
    in_pixels = [
        boxes,
        np.stack([a, b, c - a, d - b], axis=1),
        np.stack([a - c / 2, b - d / 2, c, d], axis=1),
        np.stack([b, a, d - b, c - a], axis=1),
    ]
    return (*in_pixels, *(read * scale for read in in_pixels))


def _overlaps(boxes: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """(D,) IoU of each box with its other one; 0 for a box of negative width or height."""
    low = np.maximum(boxes[:, :2], others[:, :2])
    high = np.minimum(boxes[:, :2] + boxes[:, 2:], others[:, :2] + others[:, 2:])
    shared = (high - low).clip(0).prod(axis=1)
    areas = boxes[:, 2:].clip(0).prod(axis=1) + others[:, 2:].prod(axis=1)
    found: NDArray[np.float64] = shared / (areas - shared)
    return np.where((boxes[:, 2:] > 0).all(axis=1), found, 0.0)


@njit(cache=True, nogil=True)
def _count(
    boxes: NDArray[np.float64], chosen: NDArray[np.bool_], sizes: NDArray[np.int64]
) -> NDArray[np.int64]:
    """(6,) of the chosen boxes; one that leaves its image by a hundredth and a pixel is inside."""
    counts = np.zeros(6, np.int64)
    for row in range(len(boxes)):
        if not chosen[row]:
            continue
        counts[NUM] += 1
        within, fraction, overshoots, corners, centre = True, False, False, True, True
        for side in range(2):
            low, size = boxes[row, side], boxes[row, side + 2]
            for number in (low, size):
                within &= -ONE_PIXEL < number < ONE_PIXEL
                fraction |= number != np.floor(number)
            margin = 1 + sizes[row, 1 - side] / 100
            end = sizes[row, 1 - side] + margin
            overshoots |= low + size > end
            corners &= -margin <= low and low <= size and size <= end
            centre &= -margin <= low - size / 2 and low + size / 2 <= end
        counts[WITHIN_A_PIXEL] += within
        counts[WITH_FRACTION] += within and fraction
        counts[OVERSHOOTS] += overshoots
        counts[AS_CORNERS] += corners
        counts[AS_CENTRE] += centre
    return counts
