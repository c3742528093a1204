"""Images a second of one GPU for every network of the tables: one published pace, by operations."""

from functools import cache

from benchmarks.architectures.count import HEIGHT, WIDTH, cost_of
from longtail.config.detector import Detector

PUBLISHED = 2 / 0.292
"""Of Mask R-CNN R50-FPN on LVIS v0.5 in training, on a V100: detectron2's model zoo has 0.292 s a
step of two images a GPU. Its 7.7 images/s are of COCO's 80 categories."""
CATEGORIES = 1203


def pace_of(detector: Detector) -> float:
    """Images a second of one V100 in training, as if time went with operations.

    Args:
        detector: Of any weights.
    """
    return PUBLISHED * operations(Detector()) / operations(detector)


@cache
def operations(detector: Detector) -> int:
    """Those of an image of 800 x 1333 pixels in inference; see `benchmarks.architectures`.

    Masks whose level depends on their own pixels are counted as if it went by area.
    """
    plain = detector.without_weights()
    plain = plain.replace(mask_head=plain.mask_head.replace(level="area"))
    return sum(cost_of(plain, CATEGORIES, (HEIGHT, WIDTH)).operations.values())
