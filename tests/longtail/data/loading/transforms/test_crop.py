import numpy as np
import pytest
import torch
from support.scenes import decoded, drawn, make_scene, pixels_of, rectangle
from torchvision import tv_tensors
from torchvision.transforms.v2 import functional

from longtail.data.loading.transforms.crop import Crop, drawn_corner, framed, share_of

SIZE = (40, 60)


def test_shares_become_whole_pixels() -> None:
    assert share_of(SIZE, np.array([0.5, 0.26])) == (20, 16)
    assert share_of(SIZE, np.array([1.0, 1.0])) == SIZE
    assert share_of((1, 3), np.array([0.1, 0.1])) == (1, 1)


def test_height_and_width_are_drawn_apart_and_every_place_is_reached() -> None:
    scene, transform = make_scene(SIZE), Crop((0.5, 1.0), 1.0)
    found = [drawn(scene, transform, seed=seed) for seed in range(300)]
    heights, widths = np.array([cut.size for cut in found]).T
    assert set(heights.tolist()) == set(range(20, 41)) and widths.min() == 30
    assert abs(np.corrcoef(heights, widths)[0, 1]) < 0.2
    corners = {drawn_corner(SIZE, (38, 59), np.random.default_rng(seed)) for seed in range(100)}
    assert corners == {(top, left) for top in range(3) for left in range(2)}


def test_what_is_kept_is_that_of_torchvision() -> None:
    masks = [rectangle(5, 4, 30, 20), rectangle(25, 18, 60, 40)]
    scene = make_scene(SIZE, masks)
    kept = framed(scene, (20, 30), (8, 17)).settled()
    picture = functional.crop(scene.picture, 8, 17, 20, 30)
    assert np.array_equal(pixels_of(kept), np.asarray(picture))
    canvas = {"canvas_size": SIZE, "format": tv_tensors.BoundingBoxFormat.XYXY}
    boxes = tv_tensors.BoundingBoxes(torch.tensor([[5, 4, 30, 20], [25, 18, 60, 40]]), **canvas)
    expected = functional.clamp_bounding_boxes(functional.crop(boxes, 8, 17, 20, 30))
    assert kept.instances.boxes.tolist() == expected.tolist()
    whole = tv_tensors.Mask(torch.from_numpy(np.stack([decoded(mask, SIZE) for mask in masks])))
    for mask, part in zip(
        kept.instances.masks.items, functional.crop(whole, 8, 17, 20, 30), strict=True
    ):
        assert np.array_equal(decoded(mask, (20, 30)), part.numpy())


def test_a_share_of_the_images_is_cut() -> None:
    scene = make_scene(SIZE)
    cut = [drawn(scene, Crop((0.5, 0.9), 0.3), seed=seed).size != SIZE for seed in range(300)]
    assert np.mean(cut) == pytest.approx(0.3, abs=0.08)
    assert pixels_of(drawn(scene, Crop((1.0, 1.0), 1.0))).tobytes() == pixels_of(scene).tobytes()


def test_a_single_pixel_stays() -> None:
    assert drawn(make_scene((1, 1)), Crop((0.1, 0.5), 1.0)).size == (1, 1)


def test_no_side_grows() -> None:
    assert Crop((0.5, 1.0), 1.0).largest((40, 60)) == (40, 60)
