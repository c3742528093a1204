"""What a detection is in the original image."""

import pytest
import torch

from longtail.data.loading.sample import Image
from longtail.engines.pixels import in_original_pixels
from longtail.models.detections.select import FoundBoxes
from longtail.models.roi_heads.heads import RoIDetections


def test_the_score_of_a_mask_is_that_of_its_box_times_its_predicted_iou() -> None:
    # IoUs of 50 / 110, as of the worked target, and of a mask without a prediction.
    found = FoundBoxes(
        boxes=torch.tensor([[0.0, 0, 10, 20], [5, 5, 10, 10]]),
        labels=torch.tensor([1, 0]),
        scores=torch.tensor([0.9, 0.8]),
        class_rows=torch.zeros(2, 3),
    )
    detected = RoIDetections(found, torch.zeros(2, 4, 4), torch.tensor([50 / 110, 1.0]))
    image = Image(torch.zeros(3, 20, 10), 7, original_size=(40, 20))
    (given,) = in_original_pixels([image], [detected], class_rows=False)
    assert given.score_box.tolist() == pytest.approx([0.9, 0.8])
    assert given.score_mask.tolist() == pytest.approx([0.4091, 0.8], abs=1e-4)
    assert given.boxes.tolist() == [[0, 0, 20, 40], [10, 10, 20, 20]]
