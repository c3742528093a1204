"""Every architecture learns, goes on bit for bit and predicts, in each engine that is there."""

import copy
import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from support.models.every_architecture import ARCHITECTURES
from torch import Tensor

from longtail.config.classifiers import Softmax
from longtail.config.detector import Detector
from longtail.data.loading.sample import Sample
from longtail.models.weights.detectron2_names import to_neutral
from longtail.models.weights.initial_detector import take_weights

ENGINES = [
    "torchvision",
    pytest.param(
        "detectron2",
        marks=pytest.mark.skipif(
            importlib.util.find_spec("detectron2") is None, reason="detectron2 is not installed"
        ),
    ),
]


@pytest.fixture
def samples(make_sample: Callable[..., Sample]) -> list[Sample]:
    return [make_sample(0), make_sample(1, height=50, width=90)]


def _learn(engine: Any, optimizer: torch.optim.Optimizer, samples: Sequence[Sample]) -> None:
    torch.manual_seed(2)
    optimizer.zero_grad()
    losses = engine(samples)
    assert all(loss.ndim == 0 and loss.isfinite() for loss in losses.values())
    torch.stack(list(losses.values())).sum().backward()
    optimizer.step()


def _optimizer(engine: Any) -> torch.optim.Optimizer:
    learning = [p for p in engine.parameters() if p.requires_grad]
    return torch.optim.SGD(learning, lr=1e-3, momentum=0.9)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_it_learns_goes_on_bitwise_and_predicts(
    make_engine: Callable[..., Any],
    samples: list[Sample],
    detector: Detector,
    name: str,
    engine: str,
) -> None:
    toy = detector.replace(**ARCHITECTURES[name])
    first = make_engine(toy, Softmax(), engine=engine)
    with torch.no_grad():
        # timm starts the last norm of a block with 0: frozen so, nothing before it would learn.
        for parameter in first.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    optimizer = _optimizer(first)
    _learn(first, optimizer, samples)
    kept = copy.deepcopy((first.state_dict(), optimizer.state_dict()))
    _learn(first, optimizer, samples)
    resumed = make_engine(toy, Softmax(), seed=1, engine=engine)
    resumed.load_state_dict(kept[0], strict=True)
    again = _optimizer(resumed)
    again.load_state_dict(kept[1])
    _learn(resumed, again, samples)
    torch.testing.assert_close(resumed.state_dict(), first.state_dict(), rtol=0, atol=0)
    offsets = [v for n, v in first.state_dict().items() if n.endswith(".offset.weight")]
    assert bool(offsets) == bool(toy.backbone.deformable)  # type: ignore[union-attr]
    assert all(offset.any() for offset in offsets)
    found = first.eval().predict([sample.image for sample in samples])
    assert all(len(of_image.boxes) and of_image.score_box.isfinite().all() for of_image in found)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_channels_last_changes_rounding_alone(
    make_engine: Callable[..., Any], samples: list[Sample], detector: Detector, engine: str
) -> None:
    last = make_engine(detector.replace(channels_last=True), Softmax(), engine=engine)
    first = make_engine(detector, Softmax(), seed=1, engine=engine)
    first.load_state_dict(last.state_dict(), strict=True)
    last.load_state_dict(first.state_dict(), strict=True)
    assert _innermost(last) == {"backbone", "neck"} and _innermost(first) == set()
    losses = []
    for one in (first, last):
        torch.manual_seed(3)
        losses.append(one(samples))
    torch.testing.assert_close(losses[1], losses[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("there_and_back", [False, True], ids=["to it", "from it"])
def test_weights_of_a_plain_detector_carry_over_and_the_rest_is_listed(
    make_engine: Callable[..., Any], detector: Detector, there_and_back: bool
) -> None:
    norms = ARCHITECTURES["norms over workers everywhere, channels last"]
    backbone = norms["backbone"].replace(deformable=("c5",))
    masks = norms["mask_head"].replace(convolutions=1)
    plain = detector.replace(backbone=backbone.replace(deformable=(), norm="batch"))
    rich = detector.replace(**{**norms, "backbone": backbone, "mask_head": masks})
    given, taking = (rich, plain) if there_and_back else (plain, rich)
    file = make_engine(given, Softmax()).state_dict()
    own = make_engine(taking, Softmax(), seed=1).state_dict()
    state, taken = take_weights(own, to_neutral(file, detectron2_body=False), num_categories=6)
    assert list(state) == list(own)
    absent = {name for part in taken.parts.values() for name in part.absent}
    counted = {name for name in own if not name.endswith("num_batches_tracked")}
    assert absent == counted - file.keys()
    assert all(torch.equal(state[name], file[name]) for name in own.keys() & file.keys())
    (left_out,) = taken.left_out.values()
    assert set(left_out) == file.keys() - own.keys()
    added, dropped = (left_out, absent) if there_and_back else (absent, left_out)
    assert {name.rpartition(".")[2] for name in dropped} == {"bias"}
    assert any(".offset." in name for name in added)
    assert "roi_heads.mask_head.norms.0.weight" in added
    assert "neck.pyramid.layer_blocks.3.1.running_var" in added


def _innermost(engine: Any) -> set[str]:
    """Parts that have 3x3 convolutions whose channels lie innermost."""
    return {
        name.split(".")[0]
        for name, weight in engine.state_dict().items()
        if isinstance(weight, Tensor) and weight.ndim == 4 and weight.shape[-1] == 3
        if weight.shape[1] > 1 and weight.stride(1) == 1
    }
