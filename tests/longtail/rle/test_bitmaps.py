import numpy as np
import pycocotools.mask as coco_mask
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from longtail.rle.bitmaps import decode_bitmap, encode_bitmap, encode_crop

BITMAPS = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=20))


def coco_counts(bitmap: np.ndarray) -> bytes:
    return bytes(coco_mask.encode(np.asfortranarray(bitmap.astype(np.uint8)))["counts"])


@settings(deadline=None)
@given(BITMAPS)
def test_a_bitmap_encodes_to_the_bytes_of_pycocotools(bitmap: np.ndarray) -> None:
    assert encode_bitmap(bitmap) == coco_counts(bitmap)


@settings(deadline=None)
@given(BITMAPS)
def test_a_bitmap_survives_encoding_and_decoding(bitmap: np.ndarray) -> None:
    assert np.array_equal(decode_bitmap(encode_bitmap(bitmap), *bitmap.shape), bitmap)


@settings(deadline=None)
@given(BITMAPS, *[st.integers(0, 4)] * 4)
def test_a_crop_encodes_like_its_full_frame(
    crop: np.ndarray, left: int, top: int, right: int, bottom: int
) -> None:
    frame = np.pad(crop, ((top, bottom), (left, right)))
    assert encode_crop(crop, left, top, *frame.shape) == coco_counts(frame)


@pytest.mark.parametrize(
    "bitmap",
    [
        pytest.param(np.zeros((480, 640), dtype=bool), id="empty"),
        pytest.param(np.ones((480, 640), dtype=bool), id="full"),
        pytest.param(np.arange(480 * 640).reshape(480, 640) == 77, id="one pixel"),
        pytest.param(np.tile(np.arange(640) == 639, (480, 1)), id="last column"),
        pytest.param(np.indices((480, 640)).sum(axis=0) % 2 == 0, id="chequerboard"),
    ],
)
def test_frames_of_480_by_640_encode_to_the_bytes_of_pycocotools(bitmap: np.ndarray) -> None:
    assert encode_bitmap(bitmap) == coco_counts(bitmap)


def test_an_empty_crop_is_an_empty_mask() -> None:
    crop = np.zeros((0, 0), dtype=bool)
    assert encode_crop(crop, 3, 3, 8, 8) == coco_counts(np.zeros((8, 8)))


@pytest.mark.parametrize(("x", "y"), [(-1, 0), (0, -1), (7, 0), (0, 7)])
def test_a_crop_outside_the_frame_is_refused(x: int, y: int) -> None:
    with pytest.raises(ValueError, match="leaves the frame"):
        encode_crop(np.ones((2, 2), dtype=bool), x, y, 8, 8)


def test_a_string_of_another_size_is_refused_before_anything_is_allocated() -> None:
    with pytest.raises(ValueError, match="fewer pixels"):
        decode_bitmap(encode_bitmap(np.ones((2, 2), dtype=bool)), 40_000, 40_000)
