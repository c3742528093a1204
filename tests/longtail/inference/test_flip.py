"""Exchanging left and right of pictures and of what is found in them."""

import torch

from longtail.data.loading.sample import Image
from longtail.engines.base import Detections
from longtail.inference.flip import flipped_back, flipped_boxes, flipped_image


def test_columns_change_places_and_twice_is_none_at_all() -> None:
    image = Image(torch.arange(12.0).reshape(1, 3, 4).expand(3, 3, 4), 5, (6, 8))
    flipped = flipped_image(image)
    assert flipped.pixels[0, 0].tolist() == [3, 2, 1, 0]
    assert (flipped.image_id, flipped.original_size) == (5, (6, 8))
    assert torch.equal(flipped_image(flipped).pixels, image.pixels)


def test_a_box_keeps_its_size_and_its_distance_from_the_other_edge() -> None:
    boxes = torch.tensor([[1.0, 2, 4, 6], [0, 0, 10, 8]])
    flipped = flipped_boxes(boxes, 10)
    assert flipped.tolist() == [[6, 2, 9, 6], [0, 0, 10, 8]]
    assert torch.equal(flipped_boxes(flipped, 10), boxes)
    assert flipped_boxes(boxes[:0], 10).shape == (0, 4)


def test_masks_are_flipped_with_their_boxes() -> None:
    found = Detections(
        image_id=5,
        size=(8, 10),
        boxes=torch.tensor([[1.0, 2, 4, 6]]),
        labels=torch.tensor([3]),
        score_box=torch.tensor([0.5]),
        score_mask=torch.tensor([0.25]),
        mask_probabilities=torch.tensor([[[0.1, 0.9], [0.2, 0.8]]]),
    )
    straight = flipped_back(found)
    assert straight.boxes.tolist() == [[6, 2, 9, 6]]
    torch.testing.assert_close(
        straight.mask_probabilities, torch.tensor([[[0.9, 0.1], [0.8, 0.2]]])
    )
    assert straight.score_mask is found.score_mask
