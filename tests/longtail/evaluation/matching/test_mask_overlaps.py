"""IoU of masks against pycocotools, to the last digit."""

import numpy as np
import pycocotools.mask
import pytest

from longtail.evaluation.matching.mask_overlaps import mask_iou
from longtail.rle.codec import decode_many, pack


def blobs(rng: np.random.Generator, num: int, height: int, width: int) -> list[bytes]:
    """Masks with a pixel at least, some of a single one and some that touch the first."""
    strings = []
    for _ in range(num):
        bitmap = np.zeros((height, width), dtype=np.uint8, order="F")
        top, left = rng.integers(0, height - 1), rng.integers(0, width - 1)
        bottom, right = rng.integers(top + 1, height), rng.integers(left + 1, width)
        bitmap[top : bottom + 1, left : right + 1] = rng.random() < 0.8
        bitmap[rng.random(bitmap.shape) < 0.05] ^= 1
        bitmap[top, left] = 1
        strings.append(pycocotools.mask.encode(bitmap)["counts"])
    return strings


def records(strings: list[bytes], height: int, width: int) -> list[dict[str, object]]:
    return [{"size": [height, width], "counts": counts} for counts in strings]


@pytest.mark.parametrize("seed", range(5))
def test_masks_overlap_as_pycocotools_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    height, width = (int(side) for side in rng.integers(3, 30, 2))
    found, wanted = blobs(rng, 20, height, width), blobs(rng, 12, height, width)
    wanted[:4] = found[:4]
    expected = pycocotools.mask.iou(
        records(found, height, width), records(wanted, height, width), [0] * len(wanted)
    )
    pairs = np.repeat(np.arange(20), 12), np.tile(np.arange(12), 20)
    runs = decode_many(*pack(found)), decode_many(*pack(wanted))
    iou = mask_iou(*runs, pairs, min_iou=0.5)
    high = expected.ravel() >= 0.5
    assert high.sum() >= 4
    assert np.array_equal(iou >= 0.5, high)
    assert np.array_equal(iou[high], expected.ravel()[high])
