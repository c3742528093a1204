import torch

from longtail.models.rpn_head import RPNHead


def test_parameters_have_detectron2s_names() -> None:
    assert {name: tuple(p.shape) for name, p in RPNHead(8, 3).named_parameters()} == {
        "conv.weight": (8, 8, 3, 3),
        "conv.bias": (8,),
        "objectness_logits.weight": (3, 8, 1, 1),
        "objectness_logits.bias": (3,),
        "anchor_deltas.weight": (12, 8, 1, 1),
        "anchor_deltas.bias": (12,),
    }


def test_outputs_are_float32_under_autocast() -> None:
    with torch.autocast("cpu", torch.bfloat16):
        logits, deltas = RPNHead(8, 3)([torch.zeros(2, 8, 6, 5)])
    assert (logits[0].dtype, logits[0].shape) == (torch.float32, (2, 3, 6, 5))
    assert (deltas[0].dtype, deltas[0].shape) == (torch.float32, (2, 12, 6, 5))
