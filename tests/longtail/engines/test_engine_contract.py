"""The contract of engines: of the same weights, images and targets, the same losses, gradients,
detections and masks. Nothing of an engine is replaced: its own proposals are compared too."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from support.every_classifier import single_classifiers
from support.models.every_architecture import ARCHITECTURES
from torch import Tensor

from longtail.config.classifiers import (
    BalancedGroupSoftmax,
    Calibrated,
    Classifier,
    Cosine,
    Double,
    Equalization,
    Softmax,
)
from longtail.config.detector import (
    BoxHead,
    Detector,
    MaskHead,
    RecursiveFeaturePyramid,
    Timm,
)
from longtail.config.roi_stages import BalancedMask, Cascade, HybridTaskCascade, OneStage
from longtail.config.scores import HeadMerge, LogitAdjustment, NorCal
from longtail.data.loading.sample import Sample, VerifiedCategories

pytest.importorskip("detectron2", reason="detectron2 is not installed: engines are not compared")

CLASSIFIERS: dict[str, Classifier] = {
    **single_classifiers(prior=0.1),
    "equalization cvpr": Equalization(prior=0.1, form="cvpr"),
    "double": Double(first=Softmax(), second=BalancedGroupSoftmax()),
    "calibrated": Calibrated(head="3fc_ft"),
    "calibrated at random": Calibrated(head="2fc_rand"),
    "cosine": Softmax(layer=Cosine()),
    "adjusted softmax": Softmax(logit_adjustment=1.0),
}
SCORES: dict[str, tuple[Classifier, dict[str, Any]]] = {
    "norcal": (Softmax(), {"score_adjustment": NorCal()}),
    "logit adjustment": (Softmax(), {"score_adjustment": LogitAdjustment()}),
    "merged by cat": (Calibrated(), {"head_merge": HeadMerge(rule="cat", tail_below=20)}),
    "merged by det": (Calibrated(), {"head_merge": HeadMerge(rule="det")}),
    "merged by scale": (
        Calibrated(),
        {"head_merge": HeadMerge(rule="cat_scale", tail_below=20, scale_images=0)},
    ),
}
"""A classifier, and settings that change what becomes of its scores."""
SHAPES = {
    "all agnostic": (False, False),
    "boxes specific": (True, False),
    "masks specific": (False, True),
    "all specific": (True, True),
}
"""Whether boxes and masks are class-specific."""
EVERY_PART: dict[str, Any] = {
    "mask_head": {
        "level": "area_and_ratio",
        "loss": BalancedMask(),
        "boundary": True,
        "scoring": True,
        "pooling": "deformable",
    },
    "box_head": {"pooling": "deformable"},
}
HEADS: dict[str, dict[str, Any]] = {
    "cascade": {"roi_stages": Cascade()},
    "detectron2's cascade": {
        "roi_stages": Cascade(
            loss_weights=(1, 1, 1),
            later_rois="all",
            averaged="probabilities",
            scale_gradients=True,
            mask_heads="one",
        )
    },
    "htc": {"roi_stages": HybridTaskCascade()},
    "htc with every part": {"roi_stages": HybridTaskCascade(), **EVERY_PART},
    "one stage with every part": {"roi_stages": OneStage(), **EVERY_PART},
}
SampleMaker = Callable[..., Sample]
BATCHES: dict[str, Callable[[SampleMaker], list[Sample]]] = {
    "two images": lambda make: [make(0), make(1, height=50, width=90, instances=3)],
    "nothing annotated": lambda make: [make(0, instances=0), make(1, instances=0)],
    "one of two annotated": lambda make: [make(0, instances=0), make(1)],
    "boxes only": lambda make: [make(0, has_masks=False), make(1)],
    "images that count less": lambda make: [make(0, loss_weight=0.25), make(1)],
    "regions that count less": lambda make: [_with_ignored_regions(make), make(1)],
    "regions whose anchors count less": lambda make: [_with_ignored_anchors(make), make(1)],
    "one category drawn": lambda make: [make(0, drawn_category=1), make(1)],
    "one image mixed of two": lambda make: [_mixed(make)],
}


def _with_ignored_regions(make: SampleMaker) -> Sample:
    corners = torch.cartesian_prod(torch.arange(0, 64, 8), torch.arange(0, 64, 8))
    regions = torch.cat([torch.cat([corners, corners + side], dim=1) for side in (12, 24, 48)])
    weights = torch.tensor([0.5, 0.0]).repeat(len(regions) // 2)
    return make(0, ignore_boxes=regions.float(), ignore_weights=weights)


def _with_ignored_anchors(make: SampleMaker) -> Sample:
    sample = _with_ignored_regions(make)
    return replace(sample, ignore_proposals=torch.arange(len(sample.ignore_boxes)) % 3 > 0)


def _mixed(make: SampleMaker) -> Sample:
    none = torch.zeros(0, dtype=torch.long)
    verified = (
        VerifiedCategories(torch.tensor([0]), torch.tensor([4])),
        VerifiedCategories(torch.tensor([1]), none),
    )
    return make(0, source=torch.tensor([0, 1]), verified=verified)


def _engines(
    make_engine: Callable[..., Any], detector: Detector, classifier: Classifier, **inference: Any
) -> tuple[Any, Any]:
    """Of the same weights, all of them random: an initial zero would hide a wrong name."""
    first = make_engine(detector, classifier, engine="torchvision", **inference)
    with torch.no_grad():
        for parameter in first.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    second = make_engine(detector, classifier, seed=1, engine="detectron2", **inference)
    second.load_state_dict(first.state_dict(), strict=True)
    return first, second


def _losses(engine: Any, samples: Sequence[Sample]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The losses and the gradients of their sum, by neutral name."""
    torch.manual_seed(5)
    losses = engine(samples)
    torch.stack(list(losses.values())).sum().backward()
    gradients = (parameter.grad for parameter in engine.parameters())
    return losses, dict(zip(_parameter_names(engine), gradients, strict=True))


def _parameter_names(engine: Any) -> list[str]:
    names = {tensor.data_ptr(): name for name, tensor in engine.state_dict().items()}
    return [names[parameter.data_ptr()] for parameter in engine.parameters()]


def _require_equal_gradients(name: str, found: Tensor | None, expected: Tensor | None) -> None:
    """To 1e-6 of the parameter's whole gradient: entries of a long sum in float32 are no nearer."""
    assert (found is None) == (expected is None), name
    if found is None or expected is None:
        return
    difference = float((found - expected).abs().max())
    assert difference <= 1e-6 * max(1.0, float(expected.norm())), (name, difference)


def _require_equal_losses(engines: tuple[Any, Any], samples: Sequence[Sample]) -> None:
    (losses, gradients), (other_losses, other_gradients) = (_losses(e, samples) for e in engines)
    torch.testing.assert_close(other_losses, losses, rtol=1e-6, atol=1e-6)
    for name, gradient in gradients.items():
        _require_equal_gradients(name, other_gradients[name], gradient)
    # Batch norms and counts of a classifier have seen the same.
    torch.testing.assert_close(engines[1].state_dict(), engines[0].state_dict(), rtol=0, atol=1e-6)


def _require_equal_detections(engines: tuple[Any, Any], samples: Sequence[Sample]) -> None:
    images = [sample.image for sample in samples]
    expected, found = (engine.eval().predict(images, class_rows=True) for engine in engines)
    for one, other in zip(expected, found, strict=True):
        assert len(one.boxes) > 0
        torch.testing.assert_close(vars(other), vars(one), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_losses_and_gradients_of_every_classifier_are_equal(
    make_engine: Callable[..., Any],
    make_sample: SampleMaker,
    detector: Detector,
    classifier: str,
    batch: str,
) -> None:
    engines = _engines(make_engine, detector, CLASSIFIERS[classifier])
    _require_equal_losses(engines, BATCHES[batch](make_sample))


@pytest.mark.parametrize("batch", ["two images", "nothing annotated", "boxes only"])
@pytest.mark.parametrize("heads", HEADS)
def test_losses_gradients_and_detections_of_all_heads_are_equal(
    make_engine: Callable[..., Any],
    make_sample: SampleMaker,
    detector: Detector,
    heads: str,
    batch: str,
) -> None:
    detector = detector.replace(
        box_head=detector.box_head.replace(**HEADS[heads].get("box_head", {})),
        mask_head=detector.mask_head.replace(**HEADS[heads].get("mask_head", {})),
        roi_stages=HEADS[heads]["roi_stages"],
    )
    engines = _engines(make_engine, detector, Softmax())
    samples = BATCHES[batch](make_sample)
    _require_equal_losses(engines, samples)
    _require_equal_detections(engines, samples)


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_detections_and_masks_of_every_classifier_are_equal(
    make_engine: Callable[..., Any], make_sample: SampleMaker, detector: Detector, classifier: str
) -> None:
    engines = _engines(make_engine, detector, CLASSIFIERS[classifier])
    _require_equal_detections(engines, BATCHES["two images"](make_sample))


@pytest.mark.parametrize("scores", SCORES)
def test_detections_of_changed_scores_are_equal(
    make_engine: Callable[..., Any], make_sample: SampleMaker, detector: Detector, scores: str
) -> None:
    classifier, inference = SCORES[scores]
    engines = _engines(make_engine, detector, classifier, **inference)
    _require_equal_detections(engines, BATCHES["two images"](make_sample))


@pytest.mark.parametrize("shape", SHAPES)
def test_class_specific_and_agnostic_heads_are_equal(
    make_engine: Callable[..., Any], make_sample: SampleMaker, detector: Detector, shape: str
) -> None:
    boxes, masks = SHAPES[shape]
    shaped = detector.replace(
        box_head=BoxHead(rois_per_image=32, channels=32, class_specific_boxes=boxes),
        mask_head=MaskHead(channels=16, convolutions=1, class_specific=masks),
    )
    engines = _engines(make_engine, shaped, Softmax())
    samples = BATCHES["two images"](make_sample)
    _require_equal_losses(engines, samples)
    _require_equal_detections(engines, samples)


def test_frozen_norms_and_smooth_box_losses_are_equal(
    make_engine: Callable[..., Any], make_sample: SampleMaker, detector: Detector
) -> None:
    changed = detector.replace(
        backbone=Timm(model="resnet10t", norm="frozen"),
        box_head=detector.box_head.replace(smooth_l1_beta=1 / 9),
    )
    engines = _engines(make_engine, changed, Equalization())
    learning = [
        {n for n, g in _losses(e, [make_sample()])[1].items() if g is not None} for e in engines
    ]
    assert learning[0] == learning[1]
    _require_equal_detections(engines, [make_sample()])


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if "Swin" not in name])
def test_every_architecture_is_equal(
    make_engine: Callable[..., Any], make_sample: SampleMaker, detector: Detector, name: str
) -> None:
    engines = _engines(make_engine, detector.replace(**ARCHITECTURES[name]), Softmax())
    samples = BATCHES["two images"](make_sample)
    _require_equal_losses(engines, samples)
    _require_equal_detections(engines, samples)


@pytest.mark.parametrize("steps", [2, 3])
def test_recursive_pyramids_are_equal(
    make_engine: Callable[..., Any], make_sample: SampleMaker, detector: Detector, steps: int
) -> None:
    changed = detector.replace(neck=RecursiveFeaturePyramid(steps=steps))
    engines = _engines(make_engine, changed, Softmax())
    samples = BATCHES["two images"](make_sample)
    _require_equal_losses(engines, samples)
    _require_equal_detections(engines, samples)


def test_same_seed_gives_both_engines_the_same_initial_weights(
    make_engine: Callable[..., Any],
) -> None:
    first, second = (
        make_engine(seed=3, engine=e).state_dict() for e in ("torchvision", "detectron2")
    )
    assert list(first) == list(second)
    torch.testing.assert_close(second, first, rtol=0, atol=0)


def test_parameters_and_parts_have_the_same_names_and_order(
    make_engine: Callable[..., Any],
) -> None:
    first, second = (make_engine(engine=e) for e in ("torchvision", "detectron2"))
    assert _parameter_names(first) == _parameter_names(second)
    assert list(first.parts()) == list(second.parts())
    for name, part in first.parts().items():
        other = second.parts()[name]
        assert type(part) is type(other)
        assert list(part.state_dict()) == list(other.state_dict())


def test_bfloat16_losses_are_equal(
    make_engine: Callable[..., Any], make_sample: SampleMaker, detector: Detector
) -> None:
    samples = [make_sample(0), make_sample(1)]
    losses = []
    for engine in _engines(make_engine, detector, Equalization()):
        torch.manual_seed(5)
        with torch.autocast("cpu", torch.bfloat16):
            losses.append(engine(samples))
    assert all(loss.dtype == torch.float32 for loss in losses[1].values())
    torch.testing.assert_close(losses[1], losses[0], rtol=1e-6, atol=1e-6)
