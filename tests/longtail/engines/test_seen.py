"""Features, proposals and views of both engines, one step at a time."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from longtail.config.classifiers import Calibrated, Classifier, Equalization
from longtail.config.detector import Detector
from longtail.config.roi_stages import HybridTaskCascade
from longtail.config.scores import HeadMerge
from longtail.config.test_time.scales import ViewScale
from longtail.config.test_time.tta import TTA
from longtail.data.loading.sample import Image, Sample
from longtail.engines.base import Detections
from longtail.inference.flip import flipped_back, flipped_boxes, flipped_image
from longtail.inference.tta.grids import GivenBoxes, averaged_masks
from longtail.inference.tta.shared_images import detections_of_views
from longtail.inference.tta.views import views_of

ONE_VIEW = TTA(horizontal_flip=False, boxes="shared_proposals", masks="vote")


@pytest.fixture(params=["torchvision", "detectron2"])
def build(request: pytest.FixtureRequest, make_engine: Callable[..., Any]) -> Callable[..., Any]:
    """Makes a toy engine of either kind, in evaluation mode."""
    if request.param == "detectron2":
        pytest.importorskip("detectron2", reason="detectron2 is not installed")
    return lambda *of, **changes: make_engine(*of, engine=request.param, **changes).eval()


@pytest.fixture
def images(make_sample: Callable[..., Sample]) -> list[Image]:
    """Two pictures that were half as large again before they were resized."""
    samples = [make_sample(0), make_sample(1, height=50, width=90)]
    sizes = [(96, 96), (75, 135)]
    return [replace(of.image, original_size=size) for of, size in zip(samples, sizes, strict=True)]


def detector_with(detector: Detector, changes: dict[str, Any]) -> Detector:
    """With other fields of its sections, or other sections."""
    sections = {
        name: getattr(detector, name).replace(**of) if isinstance(of, dict) else of
        for name, of in changes.items()
    }
    return detector.replace(**sections)


def require_close(found: Detections, expected: Detections) -> None:
    assert len(expected.labels) > 0
    assert torch.equal(found.labels, expected.labels)
    torch.testing.assert_close(found.boxes, expected.boxes, rtol=1e-5, atol=1e-3)
    torch.testing.assert_close(found.score_box, expected.score_box, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(found.score_mask, expected.score_mask, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        found.mask_probabilities, expected.mask_probabilities, rtol=1e-3, atol=1e-3
    )


def test_torchvisions_own_network_proposes_the_same(
    make_engine: Callable[..., Any], images: list[Image]
) -> None:
    engine = make_engine().eval()
    with torch.no_grad():
        batch, features = engine._features(images)
        expected, _ = engine.rpn(batch, features)
    found = engine.propose(engine.see(images))
    for of_image, boxes in zip(found, expected, strict=True):
        assert torch.equal(of_image.boxes, boxes) and len(boxes) > 10
        assert torch.equal(of_image.scores, of_image.scores.sort(descending=True).values)


@pytest.mark.parametrize(
    ("changes", "classifier", "merge"),
    [
        ({}, Equalization(), "cat"),
        ({"box_head": {"class_specific_boxes": True}}, Calibrated(), "det"),
        ({"roi_stages": HybridTaskCascade(), "mask_head": {"scoring": True}}, Calibrated(), "avg"),
    ],
    ids=["plain", "union of two heads", "cascade"],
)
def test_shared_proposals_of_one_view_find_what_a_plain_prediction_does(
    build: Callable[..., Any],
    images: list[Image],
    detector: Detector,
    changes: dict[str, Any],
    classifier: Classifier,
    merge: str,
) -> None:
    changed = detector_with(detector, changes)
    rule = HeadMerge.model_validate({"rule": merge})
    engine = build(changed, classifier, head_merge=rule)
    found = detections_of_views(engine, [images], ONE_VIEW, changed.proposals)
    for one, other in zip(found, engine.predict(images), strict=True):
        require_close(one, other)


def test_a_flipped_picture_seen_flipped_is_the_picture(
    build: Callable[..., Any], images: list[Image]
) -> None:
    engine = build()
    plain = engine.predict(images)
    twice = [flipped_image(flipped_image(image)) for image in images]
    for found, expected in zip(engine.predict(twice), plain, strict=True):
        mirrored = flipped_back(found)
        width = expected.size[1]
        torch.testing.assert_close(flipped_boxes(mirrored.boxes, width), expected.boxes)
        grids = mirrored.mask_probabilities.flip(-1)
        assert torch.equal(grids, expected.mask_probabilities)


def test_masks_at_the_boxes_of_a_flipped_view_are_its_own_flipped_back(
    build: Callable[..., Any], images: list[Image]
) -> None:
    engine = build()
    view = views_of(TTA(scales=(ViewScale(),)))[1]
    seen = view.images([images])
    expected = [flipped_back(found) for found in engine.predict(seen)]
    given = [GivenBoxes(of.boxes, of.labels, of.size) for of in expected]
    masks = averaged_masks(engine, [(view, engine.see(seen))], given)
    for found, of in zip(masks, expected, strict=True):
        assert len(of.labels) > 0
        torch.testing.assert_close(found.probabilities, of.mask_probabilities, rtol=1e-3, atol=1e-3)


def test_scores_are_ranked_in_float32_under_mixed_precision(
    build: Callable[..., Any], images: list[Image]
) -> None:
    engine = build(score_threshold=1e-4)
    expected = engine.predict(images)
    with torch.autocast("cpu", torch.bfloat16):
        found = engine.predict(images)
    for one, other in zip(found, expected, strict=True):
        assert one.score_box.dtype == one.boxes.dtype == one.mask_probabilities.dtype
        assert one.score_box.dtype == torch.float32
        torch.testing.assert_close(one.score_box, other.score_box, rtol=0.05, atol=1e-3)
        # bf16 logits near -7 would be a few numbers.
        assert len(one.score_box.unique()) > len(one.score_box) / 2


@pytest.mark.gpu
@pytest.mark.parametrize("masks", ["vote", "by_scale"])
def test_views_are_seen_on_a_gpu(
    make_engine: Callable[..., Any],
    images: list[Image],
    detector: Detector,
    masks: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    scales = tuple(ViewScale(short_side=side) for side in (64, 96))
    tta = TTA.model_validate({"scales": scales, "boxes": "shared_proposals", "masks": masks})
    engine = make_engine().eval().cuda()
    found = detections_of_views(engine, [images, images], tta, detector.proposals)
    for of_image in found:
        assert of_image.boxes.is_cuda and len(of_image.boxes) > 0
        assert of_image.mask_probabilities.isfinite().all()
