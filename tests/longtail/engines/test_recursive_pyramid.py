"""A detector with a recursive feature pyramid: it learns, goes on and predicts in each engine."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch

from longtail.config.classifiers import Softmax
from longtail.config.detector import Detector, Detectron2, RecursiveFeaturePyramid, Timm
from longtail.data.loading.sample import Sample
from longtail.training.weights.freezing import FrozenParts, freeze, set_training_mode
from longtail.training.weights.initial import part_names

R50 = "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x.yaml"
DCN = "Misc/mask_rcnn_R_50_FPN_1x_dconv_c3-c5.yaml"
EngineMaker = Callable[..., Any]
SampleMaker = Callable[..., Sample]


def _recursive(detector: Detector, steps: int = 2) -> Detector:
    return detector.replace(neck=RecursiveFeaturePyramid(steps=steps))


def _learn(engine: Any, optimizer: torch.optim.Optimizer, samples: Sequence[Sample]) -> None:
    optimizer.zero_grad()
    torch.stack(list(engine(samples).values())).sum().backward()
    optimizer.step()


def _optimizer(engine: Any) -> torch.optim.Optimizer:
    learning = [p for p in engine.parameters() if p.requires_grad]
    return torch.optim.SGD(learning, lr=1e-3, momentum=0.9)


def _need(engine: str) -> None:
    if engine == "detectron2":
        pytest.importorskip("detectron2", reason="detectron2 is not installed")


@pytest.mark.slow
@pytest.mark.parametrize("steps", [2, 3])
@pytest.mark.parametrize("engine", ["torchvision", "detectron2"])
def test_it_learns_and_a_checkpoint_goes_on_bitwise(
    make_engine: EngineMaker,
    make_sample: SampleMaker,
    detector: Detector,
    engine: str,
    steps: int,
) -> None:
    _need(engine)
    toy, samples = _recursive(detector, steps), [make_sample(0), make_sample(1, height=50)]
    first = make_engine(toy, engine=engine)
    optimizer = _optimizer(first)
    _learn(first, optimizer, samples)
    kept = copy.deepcopy((first.state_dict(), optimizer.state_dict()))
    torch.manual_seed(2)
    _learn(first, optimizer, samples)
    resumed = make_engine(toy, seed=1, engine=engine)
    resumed.load_state_dict(kept[0], strict=True)
    again = _optimizer(resumed)
    again.load_state_dict(kept[1])
    torch.manual_seed(2)
    _learn(resumed, again, samples)
    own, other = first.state_dict(), resumed.state_dict()
    assert list(own) == list(other)
    assert all(torch.equal(own[name], other[name]) for name in own)
    assert own["neck.fusion.weight"].any()
    found = first.eval().predict([sample.image for sample in samples])
    assert all(len(of_image.boxes) and of_image.score_mask.isfinite().all() for of_image in found)


@pytest.mark.parametrize("steps", [2, 3])
def test_at_the_start_it_finds_what_a_plain_detector_finds(
    make_engine: EngineMaker, make_sample: SampleMaker, detector: Detector, steps: int
) -> None:
    plain, recursive = make_engine(detector), make_engine(_recursive(detector, steps), seed=1)
    state = plain.state_dict()
    for number in range(steps - 1):
        copies = {n: v for n, v in state.items() if n.startswith("backbone.")}
        state |= {n.replace("backbone", f"neck.copies.{number}", 1): v for n, v in copies.items()}
    recursive.load_state_dict({**recursive.state_dict(), **state})
    images = [make_sample(0).image, make_sample(1, height=50, width=90).image]
    expected, found = (engine.eval().predict(images) for engine in (plain, recursive))
    for one, other in zip(expected, found, strict=True):
        assert len(one.boxes) > 0
        torch.testing.assert_close(vars(other), vars(one), rtol=1e-4, atol=1e-4)


def test_copies_of_the_backbone_are_frozen_with_the_neck(
    make_engine: EngineMaker, make_sample: SampleMaker, detector: Detector
) -> None:
    engine = make_engine(_recursive(detector), Softmax())
    names = part_names(engine)
    assert any(name.startswith("neck.copies.0.body.") for name in names["neck"])
    assert not any(name.startswith("neck.") for name in names["backbone"])
    freeze(engine, ["neck"])
    frozen = FrozenParts(engine, ["neck"])
    set_training_mode(engine, ["neck"])
    _learn(engine, _optimizer(engine), [make_sample()])
    frozen.verify()
    freeze(engine, ["backbone"])
    assert not any(p.requires_grad for p in engine.backbone.parameters())


def test_copies_of_a_backbone_with_frozen_norms_keep_them(
    make_engine: EngineMaker, make_sample: SampleMaker, detector: Detector
) -> None:
    toy = _recursive(detector).replace(backbone=Timm(model="resnet10t", norm="frozen"))
    engine = make_engine(toy, Softmax())
    set_training_mode(engine, [])
    before = copy.deepcopy(engine.state_dict())
    _learn(engine, _optimizer(engine), [make_sample()])
    changed = {n for n, v in engine.state_dict().items() if not torch.equal(v, before[n])}
    assert "neck.copies.0.body.layer4.0.downsample.1.weight" in changed
    assert not any(".bn" in name for name in changed)


@pytest.mark.slow
@pytest.mark.parametrize("config_file", [R50, DCN])
def test_detectron2s_own_network_is_looked_through_again(
    make_engine: EngineMaker, make_sample: SampleMaker, detector: Detector, config_file: str
) -> None:
    _need("detectron2")
    toy = _recursive(detector).replace(
        engine="detectron2", backbone=Detectron2(config_file=config_file)
    )
    engine = make_engine(toy, Softmax(), engine="detectron2")
    neck = engine.parts()["neck"]
    images = torch.rand(1, 3, 64, 64) * 1e-3
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        neck(images, engine.parts()["backbone"](images))
    with torch.no_grad():
        maps = engine.parts()["backbone"](images)
        expected, found = neck.levels_of(maps), neck(images, maps)
    for name, level in expected.items():
        torch.testing.assert_close(found[name], level, rtol=1e-5, atol=1e-5)
    learning = {name for name, p in neck.copies[0].named_parameters() if p.requires_grad}
    # The file's FREEZE_AT of 2 holds for copies too.
    assert learning and not any(name.startswith(("body.stem", "body.res2")) for name in learning)
