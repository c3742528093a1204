import numpy as np
import pytest
from PIL import Image as PilImage
from support.scenes import drawn, make_scene, pixels_of, rectangle
from torchvision.transforms import v2

from longtail.data.loading.transforms.large_scale_jitter import LargeScaleJitter
from longtail.data.loading.transforms.resize import resample

SHAPES = [(40, 60), (60, 40), (50, 50), (13, 90)]


@pytest.mark.parametrize("size", SHAPES)
def test_a_factor_of_one_fits_the_square_and_the_rest_is_grey(size: tuple[int, int]) -> None:
    masks = [rectangle(0, 0, size[1], size[0])]
    scene = drawn(make_scene(size, masks), LargeScaleJitter(120, (1.0, 1.0)))
    assert scene.size == (120, 120)
    height, width = (round(120 * side / max(size)) for side in size)
    pixels = pixels_of(scene)
    shown = np.asarray(resample(make_scene(size).picture, (height, width)))
    assert np.array_equal(pixels[:height, :width], shown)
    assert (pixels[height:] == 114).all() and (pixels[:, width:] == 114).all()
    assert scene.instances.boxes.tolist() == [[0, 0, width, height]]
    assert scene.regions.tolist() == [[0, 0, width, height]]


def test_a_large_picture_is_cut_at_any_place() -> None:
    scene = make_scene((40, 60), pixels=numbered())
    corners = set()
    for seed in range(300):
        found = drawn(scene, LargeScaleJitter(30, (2.0, 2.0)), seed=seed)
        top, left = pixels_of(found)[0, 0, :2].tolist()
        corners.add((top, left))
        expected = numbered()[top : top + 30, left : left + 30]
        assert np.array_equal(pixels_of(found), expected)
    assert {top for top, _ in corners} == set(range(11))
    assert {left for _, left in corners} == set(range(31))
    assert len(corners) > 150


def numbered() -> np.ndarray:
    """40 x 60 pixels that say where they are."""
    rows, columns = np.indices((40, 60), np.uint8)
    return np.stack([rows, columns, rows], axis=-1)


@pytest.mark.parametrize("size", SHAPES)
@pytest.mark.parametrize("factor", [0.1, 0.37, 1.0, 1.61, 2.0])
def test_sizes_are_those_of_others(size: tuple[int, int], factor: float) -> None:
    """torchvision cuts sides to whole pixels where detectron2 and we round."""
    before = make_scene(size)
    transform = LargeScaleJitter(128, (factor, factor))
    scene = transform(before, np.random.default_rng(0), lambda law: before)
    scales = scene.pending.matrix.diagonal()[::-1]
    ours = np.rint(scales * size)
    jitter = v2.ScaleJitter((128, 128), (factor, factor))
    theirs = jitter(before.picture).size[::-1]
    assert (ours >= theirs).all() and (ours <= np.add(theirs, 1)).all()


@pytest.mark.parametrize("size", SHAPES)
@pytest.mark.parametrize("factor", [0.1, 0.37, 1.0, 1.61, 2.0])
def test_pictures_are_those_of_detectron2(size: tuple[int, int], factor: float) -> None:
    """But for the place of a crop, which is drawn otherwise."""
    pytest.importorskip("detectron2", reason="detectron2 is not installed")
    from detectron2.data.transforms import FixedSizeCrop, ResizeScale

    pixels = pixels_of(make_scene(size))
    resize = ResizeScale(factor, factor, 128, 128).get_transform(pixels)
    scene = drawn(make_scene(size), LargeScaleJitter(128, (factor, factor)))
    large = resize.apply_image(pixels)
    ours = np.asarray(resample(PilImage.fromarray(pixels), (resize.new_h, resize.new_w)))
    assert np.array_equal(ours, large)
    if factor <= 1:
        pad = FixedSizeCrop((128, 128), pad_value=114).get_transform(large)
        assert np.array_equal(pixels_of(scene), pad.apply_image(large))


def test_the_size_is_always_that_of_the_square() -> None:
    transform = LargeScaleJitter(64, (0.1, 2.0))
    assert transform.largest((40, 60)) == (64, 64)
    for seed in range(20):
        assert drawn(make_scene((40, 60)), transform, seed=seed).size == (64, 64)
    # A strip that becomes thinner than a pixel keeps one.
    assert drawn(make_scene((1, 90)), LargeScaleJitter(64, (0.1, 0.1))).size == (64, 64)
