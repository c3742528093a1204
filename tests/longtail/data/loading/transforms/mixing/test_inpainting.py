import numpy as np

from longtail.data.loading.transforms.mixing.inpainting import inpainted


def _hole(size: tuple[int, int], rows: slice, columns: slice) -> np.ndarray:
    hole = np.zeros(size, bool)
    hole[rows, columns] = True
    return hole


def test_one_colour_around_fills_the_hole_with_it() -> None:
    pixels = np.full((37, 53, 3), (10, 200, 77), np.uint8)
    hole = _hole((37, 53), slice(5, 30), slice(0, 40))
    damaged = np.where(hole[..., None], np.uint8(0), pixels)
    assert np.array_equal(inpainted(damaged, hole), pixels)


def test_what_is_no_hole_stays_and_the_filling_lies_between_the_colours_around() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(60, 181, (40, 60, 3), np.uint8)
    hole = _hole((40, 60), slice(10, 25), slice(20, 50))
    pixels[hole] = 255
    filled = inpainted(pixels, hole)
    assert np.array_equal(filled[~hole], pixels[~hole])
    assert filled[hole].min() >= 60 and filled[hole].max() <= 180


def test_a_filling_goes_from_the_colour_of_one_side_to_that_of_the_other() -> None:
    pixels = np.zeros((32, 96, 3), np.uint8)
    pixels[:, 48:] = 240
    filled = inpainted(pixels, _hole((32, 96), slice(0, 32), slice(32, 64)))[16, :, 0].astype(int)
    assert (np.diff(filled) >= 0).all() and filled[33] < 80 < 160 < filled[62]


def test_one_unknown_pixel_is_the_mean_of_the_known_ones_of_its_square() -> None:
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[0, 0], pixels[0, 1], pixels[1, 0] = 30, 60, 90
    assert inpainted(pixels, _hole((2, 2), slice(1, 2), slice(1, 2)))[1, 1].tolist() == [60] * 3


def test_without_anything_around_it_is_grey() -> None:
    assert (inpainted(np.zeros((5, 7, 3), np.uint8), np.ones((5, 7), bool)) == 114).all()
