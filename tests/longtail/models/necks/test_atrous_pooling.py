import torch

from longtail.models.necks.atrous_pooling import AtrousPooling


def _pooling() -> AtrousPooling:
    """Of four channels, of which it sees the first: all taps are 1 there, 0 elsewhere."""
    pooling = AtrousPooling(4, (1, 3, 6))
    with torch.no_grad():
        for layer in (*pooling.branches, pooling.whole):
            layer.weight.zero_()
            layer.weight[:, 0] = 1
    return pooling


def test_each_branch_reaches_as_far_as_its_dilation() -> None:
    level = torch.zeros(1, 4, 8, 8)
    level[0, 0, 1, 1] = 32.0
    with torch.no_grad():
        near, three, six, mean = _pooling()(level)[0]
    # A tap at a distance of 3 or 6 cells finds (1, 1) from where it is so far away.
    places = {"near": {(1, 1)}, "three": {(1, 1), (1, 4), (4, 1), (4, 4)}}
    places["six"] = {(1, 1), (1, 7), (7, 1), (7, 7)}
    for branch, name in ((near, "near"), (three, "three"), (six, "six")):
        assert {(int(y), int(x)) for y, x in branch.nonzero()} == places[name]
        assert branch.max() == 32
    # 32 over 64 cells.
    assert torch.equal(mean, torch.full((8, 8), 0.5))


def test_what_is_negative_is_cut_off_in_every_branch() -> None:
    with torch.no_grad():
        assert torch.equal(_pooling()(-torch.ones(2, 4, 5, 7)), torch.zeros(2, 4, 5, 7))


def test_numbers_of_one_cell_by_hand() -> None:
    pooling = AtrousPooling(4, (1, 3, 6))
    factors = (1.0, 2.0, 3.0, 4.0)
    with torch.no_grad():
        for layer, factor in zip((*pooling.branches, pooling.whole), factors, strict=True):
            layer.weight.fill_(factor)
            layer.bias.fill_(-5.0)
        found = pooling(torch.tensor([0.5, 1.0, 0.25, 0.25])[None, :, None, None])
    # One cell: only middle taps lie on the map. The sum over channels is 2.
    assert found.flatten().tolist() == [0.0, 0.0, 1.0, 3.0]


def test_it_starts_with_biases_of_zero_and_a_quarter_of_the_channels_each() -> None:
    pooling = AtrousPooling(64, (1, 3, 6))
    layers = (*pooling.branches, pooling.whole)
    assert [tuple(layer.weight.shape) for layer in layers] == [
        (16, 64, 1, 1),
        (16, 64, 3, 3),
        (16, 64, 3, 3),
        (16, 64, 1, 1),
    ]
    assert not any(layer.bias.any() for layer in layers)
