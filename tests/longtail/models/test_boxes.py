import math

import torch
from torchvision.models.detection._utils import BoxCoder

from longtail.models.boxes import decode_boxes, encode_boxes, rescale_boxes

SOURCE = torch.tensor([[10.0, 20.0, 30.0, 60.0]])
TARGET = torch.tensor([[14.0, 24.0, 24.0, 64.0]])


def _random_boxes(count: int) -> torch.Tensor:
    corner = torch.rand(count, 2) * 100
    return torch.cat([corner, corner + 1 + torch.rand(count, 2) * 50], dim=1)


def test_encoding_matches_the_hand_computed_deltas() -> None:
    # Centres (20, 40) -> (19, 44), sizes (20, 40) -> (10, 40).
    expected = [[10 * -1 / 20, 10 * 4 / 40, 5 * math.log(0.5), 0.0]]
    torch.testing.assert_close(encode_boxes(SOURCE, TARGET), torch.tensor(expected))


def test_decoding_inverts_encoding() -> None:
    torch.manual_seed(0)
    sources, targets = _random_boxes(50), _random_boxes(50)
    decoded = decode_boxes(sources, encode_boxes(sources, targets))
    torch.testing.assert_close(decoded, targets, rtol=1e-5, atol=1e-4)


def test_coding_is_that_of_torchvision() -> None:
    torch.manual_seed(0)
    sources, targets, deltas = _random_boxes(50), _random_boxes(50), 8 * torch.randn(50, 4)
    coder = BoxCoder(weights=(10.0, 10.0, 5.0, 5.0))
    torch.testing.assert_close(
        encode_boxes(sources, targets), coder.encode_single(targets, sources)
    )
    torch.testing.assert_close(decode_boxes(sources, deltas), coder.decode_single(deltas, sources))


def test_a_wild_scale_is_bounded() -> None:
    decoded = decode_boxes(SOURCE, torch.tensor([[0.0, 0.0, 1e6, 0.0]]))
    assert math.isclose(float(decoded[0, 2] - decoded[0, 0]), 20 * 1000 / 16, rel_tol=1e-5)


def test_no_boxes_are_coded_as_none() -> None:
    empty = torch.zeros(0, 4)
    assert encode_boxes(empty, empty).shape == decode_boxes(empty, empty).shape == (0, 4)


def test_rescaling_uses_each_axis_own_factor_and_clips() -> None:
    boxes = torch.tensor([[5.0, 10.0, 20.0, 45.0]])
    rescaled = rescale_boxes(boxes, old=(40, 20), new=(80, 60))
    assert rescaled.tolist() == [[15.0, 20.0, 60.0, 80.0]]
