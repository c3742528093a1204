import math

import numpy as np
import pytest
import torch
from pycocotools import mask as coco_mask
from torchvision.ops import roi_align

from longtail.data.loading.scenes.masks import BitmapMask, InstanceMasks, PolygonMask


def rectangle(x0: float, y0: float, x1: float, y1: float) -> PolygonMask:
    return PolygonMask((np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float64),))


def bitmap_of(mask: PolygonMask, height: int, width: int) -> BitmapMask:
    rings = [ring.ravel() for ring in mask.rings]
    rle = coco_mask.merge(coco_mask.frPyObjects(rings, height, width))
    return BitmapMask.from_full(coco_mask.decode(rle))


def random_star(rng: np.random.Generator) -> PolygonMask:
    """A closed outline around the middle of a 100 x 120 image."""
    angles = np.sort(rng.uniform(0, 2 * math.pi, 12))
    radii = rng.uniform(15, 40, 12)
    x, y = 60 + radii * np.cos(angles), 50 + radii * np.sin(angles)
    return PolygonMask((np.stack([x, y], axis=1),))


def grid_iou(first: torch.Tensor, second: torch.Tensor) -> float:
    union = ((first + second) > 0).sum().item()
    return float((first * second).sum().item() / union)


def zeros(count: int) -> torch.Tensor:
    return torch.zeros(count, dtype=torch.long)


SQUARE = rectangle(10, 20, 38, 48)


@pytest.mark.parametrize("side", [7, 14, 28, 56])
@pytest.mark.parametrize("item", [SQUARE, bitmap_of(SQUARE, 60, 60)], ids=["polygon", "bitmap"])
def test_target_that_fills_its_box_is_all_ones(item: PolygonMask | BitmapMask, side: int) -> None:
    grid = InstanceMasks((item,)).crop_to_grid(
        zeros(1), torch.tensor([[10.0, 20.0, 38.0, 48.0]]), side
    )
    assert grid.shape == (1, side, side)
    assert grid.mean().item() == 1.0


@pytest.mark.parametrize("item", [SQUARE, bitmap_of(SQUARE, 60, 90)], ids=["polygon", "bitmap"])
def test_target_that_covers_half_its_box_has_a_mean_of_one_half(
    item: PolygonMask | BitmapMask,
) -> None:
    boxes = torch.tensor([[10.0, 20.0, 66.0, 48.0], [-18.0, 20.0, 38.0, 48.0]])
    grid = InstanceMasks((item,)).crop_to_grid(zeros(2), boxes, 28)
    assert grid.mean(dim=(1, 2)).tolist() == [0.5, 0.5]
    assert grid[0, :, :14].all() and grid[1, :, 14:].all()


def test_polygons_and_bitmaps_give_nearly_the_same_targets() -> None:
    rng = np.random.default_rng(0)
    for _ in range(30):
        star = random_star(rng)
        masks = InstanceMasks((star, bitmap_of(star, 100, 120)))
        box = torch.tensor([[20.0, 10, 100, 90]]) + torch.from_numpy(rng.uniform(-6, 6, (1, 4)))
        polygon, bitmap = masks.crop_to_grid(torch.tensor([0, 1]), box.repeat(2, 1), 28)
        assert grid_iou(polygon, bitmap) > 0.9


def test_bitmap_targets_agree_with_roi_align() -> None:
    rng = np.random.default_rng(1)
    for _ in range(30):
        pixels = bitmap_of(random_star(rng), 100, 120)
        full = torch.zeros(100, 120)
        height, width = pixels.pixels.shape
        full[pixels.y0 : pixels.y0 + height, pixels.x0 : pixels.x0 + width] = torch.from_numpy(
            pixels.pixels
        )
        box = torch.tensor([[20.0, 10, 100, 90]]) + torch.from_numpy(rng.uniform(-6, 6, (1, 4)))
        box = box.float()
        reference = roi_align(full[None, None], [box], 28, sampling_ratio=0, aligned=True)[0, 0]
        grid = InstanceMasks((pixels,)).crop_to_grid(zeros(1), box, 28)[0]
        assert grid_iou(grid, (reference >= 0.5).float()) > 0.97


def test_regions_are_cropped_from_the_instance_they_are_matched_to() -> None:
    masks = InstanceMasks((rectangle(0, 0, 10, 10), None, bitmap_of(SQUARE, 60, 60)))
    boxes = torch.tensor([[10.0, 20, 38, 48], [0.0, 0, 10, 10], [0.0, 0, 10, 10]])
    grid = masks.crop_to_grid(torch.tensor([2, 0, 1]), boxes, 14)
    assert grid.mean(dim=(1, 2)).tolist() == [1.0, 1.0, 0.0]
    assert grid.dtype == torch.float32


def test_no_regions_give_an_empty_grid() -> None:
    grid = InstanceMasks((SQUARE,)).crop_to_grid(zeros(0), torch.zeros(0, 4), 28)
    assert grid.shape == (0, 28, 28)


@pytest.mark.parametrize("item", [SQUARE, bitmap_of(SQUARE, 60, 60)], ids=["polygon", "bitmap"])
def test_target_outside_its_box_is_zero(item: PolygonMask | BitmapMask) -> None:
    boxes = torch.tensor([[50.0, 50, 70, 70], [5.0, 5, 5, 5]])
    assert not InstanceMasks((item,)).crop_to_grid(zeros(2), boxes, 28).any()


def test_rings_of_one_mask_are_united() -> None:
    two = PolygonMask((*rectangle(0, 0, 4, 8).rings, *rectangle(4, 0, 8, 8).rings))
    grid = InstanceMasks((two,)).crop_to_grid(zeros(1), torch.tensor([[0.0, 0, 8, 8]]), 8)
    assert grid.all()
    assert two.area() == 64


def test_bitmap_is_cut_to_its_pixels_and_knows_where_they_are() -> None:
    mask = bitmap_of(rectangle(3, 5, 7, 6), 10, 10)
    assert (mask.x0, mask.y0, mask.pixels.tolist()) == (3, 5, [[1, 1, 1, 1]])
    assert BitmapMask.from_full(np.zeros((4, 4), np.uint8)).area() == 0


DOUBLE_AND_SHIFT = np.array([[2.0, 0, 1], [0, 2, 3]])
FLIP = np.array([[-1.0, 0, 20], [0, 1, 0]])


@pytest.mark.parametrize("item", [rectangle(2, 3, 6, 5), bitmap_of(rectangle(2, 3, 6, 5), 10, 20)])
def test_masks_move_in_continuous_pixels(item: PolygonMask | BitmapMask) -> None:
    moved = InstanceMasks((item,)).affine(DOUBLE_AND_SHIFT, (40, 40))
    box = torch.tensor([[5.0, 9, 13, 13]])
    assert moved.areas().tolist() == [32]
    assert moved.crop_to_grid(zeros(1), box, 8).all()


@pytest.mark.parametrize("item", [rectangle(2, 3, 6, 5), bitmap_of(rectangle(2, 3, 6, 5), 10, 20)])
def test_flipping_twice_changes_nothing(item: PolygonMask | BitmapMask) -> None:
    masks = InstanceMasks((item,))
    once = masks.affine(FLIP, (10, 20))
    assert once.crop_to_grid(zeros(1), torch.tensor([[14.0, 3, 18, 5]]), 8).all()
    twice = once.affine(FLIP, (10, 20)).items[0]
    if isinstance(item, PolygonMask):
        assert isinstance(twice, PolygonMask)
        assert np.array_equal(twice.rings[0], item.rings[0])
    else:
        assert isinstance(twice, BitmapMask)
        assert (twice.x0, twice.y0) == (2, 3) and np.array_equal(twice.pixels, item.pixels)


@pytest.mark.parametrize("item", [rectangle(2, 3, 8, 9), bitmap_of(rectangle(2, 3, 8, 9), 10, 20)])
def test_masks_are_clipped_to_the_new_picture(item: PolygonMask | BitmapMask) -> None:
    shift = np.array([[1.0, 0, -5], [0, 1, -4]])
    # x 2..8 becomes -3..3, y 3..9 becomes -1..5, of which a 4 x 2 (height x width) picture
    # shows 2 columns and 4 rows.
    assert InstanceMasks((item,)).affine(shift, (4, 2)).areas().tolist() == [8]
    far = np.array([[1.0, 0, -50], [0, 1, 0]])
    gone = InstanceMasks((item,)).affine(far, (10, 20))
    assert gone.areas().tolist() == [0]
    assert not gone.crop_to_grid(zeros(1), torch.tensor([[0.0, 0, 5, 5]]), 7).any()


def test_clipping_a_slanted_outline_cuts_it_along_the_border() -> None:
    triangle = PolygonMask((np.array([[0.0, 0], [20, 0], [0, 20]]),))
    # Inside a 10 x 10 picture the triangle covers everything: its long side passes (10, 10).
    assert InstanceMasks((triangle,)).affine(np.eye(2, 3), (10, 10)).areas().tolist() == [100]
    # Inside 15 x 15 the corner beyond x + y = 20 is missing: 225 - 10 * 10 / 2.
    assert InstanceMasks((triangle,)).affine(np.eye(2, 3), (15, 15)).areas().tolist() == [175]


def test_missing_masks_stay_missing() -> None:
    masks = InstanceMasks((None, SQUARE)).affine(np.eye(2, 3), (60, 60))
    assert masks.items[0] is None
    assert masks.areas().tolist() == [0, 784]
    assert len(masks.take([1])) == 1 and masks.take([1]).items[0] is masks.items[1]
    assert len(InstanceMasks(())) == 0 and InstanceMasks(()).areas().shape == (0,)


def test_bounds_of_a_mask_are_those_of_all_its_rings() -> None:
    two = PolygonMask((*rectangle(3, 4, 5, 6.5).rings, *rectangle(10, 1, 11, 2).rings))
    assert two.bounds().tolist() == [3, 1, 11, 6.5]
    assert bitmap_of(rectangle(3, 4, 5, 6), 10, 20).bounds().tolist() == [3, 4, 5, 6]
    assert PolygonMask(()).bounds().tolist() == [0, 0, 0, 0]
    empty = BitmapMask.from_full(np.zeros((4, 4), np.uint8)).bounds()
    assert (empty[2:] == empty[:2]).all()


def test_the_bitmap_of_an_outline_is_that_of_pycocotools() -> None:
    rng = np.random.default_rng(4)
    for _ in range(20):
        star = random_star(rng)
        found, expected = star.bitmap(), bitmap_of(star, 100, 120)
        assert (found.x0, found.y0) == (expected.x0, expected.y0)
        assert np.array_equal(found.pixels, expected.pixels)
    assert PolygonMask(()).bitmap().area() == 0
    bitmap = bitmap_of(SQUARE, 60, 60)
    assert np.array_equal(bitmap.bitmap().pixels, bitmap.pixels)


@pytest.mark.parametrize("item", [rectangle(2, 3, 6, 5), bitmap_of(rectangle(2, 3, 6, 5), 10, 20)])
def test_whole_pixels_shift_a_mask_as_a_map_does(item: PolygonMask | BitmapMask) -> None:
    (shifted,) = InstanceMasks((item,)).shifted(7, 4).items
    (moved,) = InstanceMasks((item,)).affine(np.array([[1.0, 0, 7], [0, 1, 4]]), (40, 40)).items
    assert shifted is not None and moved is not None
    assert shifted.bounds().tolist() == moved.bounds().tolist() == [9, 7, 13, 9]
    assert shifted.area() == moved.area() == 8


def test_the_part_of_a_picture_that_a_bitmap_lies_over_can_be_written_to() -> None:
    picture = np.zeros((10, 20))
    bitmap = bitmap_of(rectangle(2, 3, 6, 5), 10, 20)
    bitmap.part_of(picture)[...] = bitmap.pixels
    assert picture.sum() == picture[3:5, 2:6].sum() == 8


def test_without_what_is_covered_the_rest_of_each_mask_is_left() -> None:
    rng = np.random.default_rng(5)
    stars = [random_star(rng) for _ in range(3)]
    masks = InstanceMasks((stars[0], bitmap_of(stars[1], 100, 120), None, stars[2], SQUARE))
    cover = np.zeros((100, 120), bool)
    cover[55:, :] = True
    left = masks.without(cover)
    for old, new in zip(masks.items, left.items, strict=True):
        if old is None or old is SQUARE:
            assert new is old
            continue
        assert isinstance(new, BitmapMask)
        whole, rest = np.zeros((2, 100, 120), bool)
        before = old.bitmap()
        before.part_of(whole)[...] = before.pixels > 0
        new.part_of(rest)[...] = new.pixels > 0
        assert np.array_equal(rest, whole & ~cover)
    assert left.present.tolist() == masks.present.tolist() == [True, True, False, True, True]
    assert InstanceMasks(()).present.shape == (0,)
    assert masks.without(np.ones((100, 120), bool)).areas().tolist() == [0] * 5
