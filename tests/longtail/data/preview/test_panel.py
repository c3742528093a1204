from dataclasses import replace
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from support.pictures.unannotated import unannotated
from support.scenes import rectangle

from longtail.data.loading.sample import Image, Sample, VerifiedCategories
from longtail.data.loading.scenes.masks import InstanceMasks
from longtail.data.preview.panel import (
    CAPTION,
    IGNORED,
    NOT_LEARNED,
    OPACITY,
    PALE,
    SIDE,
    caption,
    colour_of,
    draw_panel,
)

NAMES = ["cup", "kite"]
NOTHING = VerifiedCategories(torch.zeros(0, dtype=torch.long), torch.zeros(0, dtype=torch.long))


def sample(size: tuple[int, int] = (100, 160)) -> Sample:
    """Grey, with a cup and a kite whose boxes are larger than their masks."""
    image = Image(torch.full((3, *size), 100 / 255), 7, (50, 80))
    return replace(
        unannotated(image),
        boxes=torch.tensor([[20.0, 30, 60, 70], [90.0, 40, 140, 80]]),
        labels=torch.tensor([0, 1]),
        masks=InstanceMasks((rectangle(30, 40, 50, 60), rectangle(100, 50, 130, 70))),
        source=torch.tensor([0, 0]),
        verified=(NOTHING,),
    )


def drawn(sample: Sample) -> NDArray[np.uint8]:
    return np.asarray(draw_panel(sample, NAMES))


def test_masks_are_tinted_and_boxes_outlined_where_they_are() -> None:
    pixels = drawn(sample())
    assert pixels.shape == (SIDE + CAPTION, SIDE, 3)
    for number, (inside, corner) in enumerate([((50, 40), (69, 59)), ((60, 115), (79, 139))]):
        tint = (1 - OPACITY) * 100 + OPACITY * np.array(colour_of(number))
        assert abs(pixels[inside] - tint).max() <= 1
        assert tuple(pixels[corner]) == colour_of(number)
    assert tuple(pixels[90, 5]) == (100, 100, 100)


def test_instances_of_other_categories_than_the_drawn_one_are_grey() -> None:
    pixels = drawn(replace(sample(), drawn_category=1))
    (_, cup), (_, kite) = [((50, 40), (69, 59)), ((60, 115), (79, 139))]
    assert tuple(pixels[cup]) == NOT_LEARNED
    assert tuple(pixels[kite]) == colour_of(1)


def test_names_stand_at_the_boxes() -> None:
    label = drawn(sample())[20:29, 20:40].reshape(-1, 3)
    assert (label == colour_of(0)).all(axis=1).any()
    # Letters have soft edges.
    assert label.astype(int).sum(axis=1).min() < sum(colour_of(0)) / 2


def test_a_large_picture_is_made_small_with_all_that_is_in_it() -> None:
    image = Image(torch.full((3, 960, 1920), 100 / 255), 7, (50, 80))
    large = replace(
        sample(), image=image, boxes=torch.tensor([[400.0, 400, 800, 800]]).repeat(2, 1)
    )
    pixels = drawn(large)
    assert tuple(pixels[199, 150]) == colour_of(1)
    assert (pixels[240:SIDE] == 255).all()


def test_ignore_regions_and_sources_are_dashed() -> None:
    mixed = replace(
        sample(),
        ignore_boxes=torch.tensor([[0.0, 80, 30, 100]]),
        ignore_weights=torch.zeros(1),
        verified=(NOTHING, NOTHING),
        regions=torch.tensor([[0.0, 0, 80, 100], [80.0, 0, 160, 100]]),
    )
    pixels = drawn(mixed)
    assert tuple(pixels[80, 2]) == IGNORED and tuple(pixels[80, 9]) != IGNORED
    assert tuple(pixels[2, 80]) == PALE


def test_the_caption_says_what_is_shown() -> None:
    assert caption(sample(), NAMES) == "image 7, 160 x 100\n2 instances"
    mixed = replace(
        sample(),
        verified=(NOTHING,) * 4,
        has_masks=False,
        drawn_category=1,
        ignore_boxes=torch.zeros(2, 4),
    )
    assert caption(mixed, NAMES) == (
        "image 7 and 3 others, 160 x 100\n2 instances, 2 ignored, boxes only, drawn for kite"
    )


def test_the_caption_names_the_file_of_a_joined_image_and_its_weight() -> None:
    joined = replace(sample(), joined_from="web", loss_weight=0.25)
    assert caption(joined, NAMES) == ("image 7 of web, 160 x 100\n2 instances, losses times 0.25")


def test_colours_of_neighbours_differ() -> None:
    colours = [np.array(colour_of(number)) for number in range(12)]
    assert min(abs(one - other).max() for one, other in pairwise(colours)) > 60
