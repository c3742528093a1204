import pytest
import torch
from torch import nn

from longtail.models.necks.stage_feedback import StageFeedback

LEVEL = torch.tensor([1.0, 2.0])[None, :, None, None].expand(1, 2, 1, 3)
GIVEN = torch.full((1, 3, 1, 3), 10.0)


def _told(block: nn.Module, channels_last: bool = False) -> StageFeedback:
    """The sum of a level's two channels, once, twice and three times."""
    feedback = StageFeedback(block, 2, 3, channels_last)
    with torch.no_grad():
        feedback.convolution.weight[:] = torch.tensor([1.0, 2.0, 3.0])[:, None, None, None]
        feedback.tell(LEVEL)
    return feedback


def test_a_block_gives_its_output_and_what_it_was_told() -> None:
    block = nn.Identity()
    _told(block)
    assert block(GIVEN)[0, :, 0, 0].tolist() == [13.0, 16.0, 19.0]


def test_a_block_with_channels_last_is_told_so() -> None:
    block = nn.Identity()
    _told(block, channels_last=True)
    assert block(GIVEN.movedim(1, -1))[0, 0, 0].tolist() == [13.0, 16.0, 19.0]


def test_at_first_nothing_is_added_but_there_is_something_to_learn() -> None:
    block = nn.Identity()
    feedback = StageFeedback(block, 2, 3, channels_last=False)
    feedback.tell(LEVEL)
    assert torch.equal(block(GIVEN), GIVEN)
    block(GIVEN).sum().backward()
    # Three cells of 1 and of 2.
    assert feedback.convolution.weight.grad is not None
    assert feedback.convolution.weight.grad.flatten(1).tolist() == [[3.0, 6.0]] * 3


def test_a_block_keeps_its_type_of_number() -> None:
    block = nn.Identity()
    _told(block)
    assert block(GIVEN.bfloat16()).dtype == torch.bfloat16


def test_a_block_of_another_shape_is_refused() -> None:
    block = nn.Identity()
    _told(block)
    with pytest.raises(ValueError, match=r"neck: .* gives \(1, 4, 1, 3\), .* adds \(1, 3, 1, 3\)"):
        block(torch.zeros(1, 4, 1, 3))
