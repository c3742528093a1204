"""K categories, the last two in the tail; R RoIs, of which label K is background."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.every_classifier import single_classifiers
from support.on_ray.two_workers import on_each_of_two
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from longtail.config import classifiers as config
from longtail.losses.equalization import equalization_weights
from longtail.models.category_statistics import CategoryStatistics
from longtail.models.classifiers.base import ClassificationTargets, Classifier, classify
from longtail.models.classifiers.build import build_classifier
from longtail.models.classifiers.equalization_v2 import EqualizationV2Classifier
from longtail.models.classifiers.sigmoid import SigmoidClassifier
from longtail.models.classifiers.softmax import SoftmaxClassifier
from longtail.training.telemetry import Telemetry
from longtail.training.telemetry_window import TelemetryWindow

CPU = torch.device("cpu")
K, R, CHANNELS = 4, 30, 6
STATISTICS = CategoryStatistics(
    image_count=torch.tensor([4000, 300, 20, 2]),
    instance_count=torch.tensor([9000, 500, 30, 2]),
    frequency_group=torch.tensor([2, 2, 1, 0]),
    num_images=5000,
)
CLASSIFIERS: list[config.Classifier] = [
    *single_classifiers().values(),
    config.Softmax(logit_adjustment=1),
    config.Double(second=config.BalancedGroupSoftmax(others_per_member=1)),
    config.Calibrated(),
]
every_classifier = pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda c: c.name)


def _build(classifier: config.Classifier) -> Classifier:
    torch.manual_seed(0)
    return build_classifier(classifier, CHANNELS, STATISTICS, pooled=(CHANNELS, 1))


def _batch(step: int, rois: int = R) -> tuple[Tensor, ClassificationTargets]:
    generator = torch.Generator().manual_seed(step)
    features = torch.randn(rois, CHANNELS, generator=generator)
    labels = torch.randint(0, K + 3, (rois,), generator=generator).clamp(max=K)
    verified = torch.rand(rois, K, generator=generator) > 0.5
    return features, ClassificationTargets(labels, verified, torch.ones(rois))


def _learn(
    classifier: Classifier,
    telemetry: Telemetry | None,
    features: Tensor,
    targets: ClassificationTargets,
) -> tuple[Tensor, Tensor]:
    """The loss and the gradient of all logits of a step, which a telemetry watches."""
    logits = classify(classifier, features, pooled=features[:, :, None, None])
    if telemetry:
        telemetry.watch(classifier, logits, targets)
    logits.retain_grad()
    torch.manual_seed(7)
    loss = classifier.loss(logits, targets)
    loss.backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    return loss.detach(), logits.grad


def test_numbers_computed_by_hand() -> None:
    # Scores .5 and .25 for three RoIs: of category 0, of category 1 with weight 0, of background.
    classifier = SigmoidClassifier(CHANNELS, 2, prior=0.5)
    logits = torch.logit(torch.tensor([[0.5, 0.25]] * 3)).requires_grad_()
    labels = torch.tensor([0, 1, 2])
    verified = torch.ones(3, 2, dtype=torch.bool)
    targets = ClassificationTargets(labels, verified, torch.tensor([1.0, 0.0, 1.0]))
    telemetry = Telemetry(2, CPU)
    telemetry.watch(classifier, logits, targets)
    classifier.loss(logits, targets).backward()  # type: ignore[no-untyped-call]
    window = telemetry.window()
    assert (window.steps, window.rois, window.foreground_rois) == (1, 3, 2)
    assert window.positives.tolist() == [1, 1]
    assert window.foreground_negatives.tolist() == [1, 1]
    assert window.background_negatives == 1
    assert window.valid_positives.tolist() == [1, 0]
    assert window.valid_foreground_negatives.tolist() == [0, 1]
    assert window.valid_background_negatives.tolist() == [1, 1]
    assert window.positive_gradient == pytest.approx([0.5, 0])
    assert window.foreground_negative_gradient == pytest.approx([0, 0.25])
    assert window.background_negative_gradient == pytest.approx([0.5, 0.25])
    assert window.gradient_ratio == pytest.approx([1, 0])
    assert window.mean_score == pytest.approx([0.5, 0.25])
    assert window.mean_positive_score == pytest.approx([0.5, 0.25])


@every_classifier
def test_every_classifier_is_counted_as_by_a_loop_over_rois(classifier: config.Classifier) -> None:
    built, telemetry = _build(classifier), Telemetry(K, CPU)
    features, targets = _batch(0)
    _, gradient = _learn(built, telemetry, features, targets)
    window = telemetry.window()
    of_categories = built.category_logits(gradient)
    assert of_categories.shape == (R, K)
    counted = np.zeros((7, K))
    for row, label in zip(of_categories.abs() * R, targets.labels.tolist(), strict=True):
        for category, size in enumerate(row.tolist()):
            kind = 0 if label == category else 1 if label < K else 2
            counted[kind, category] += size > 0
            counted[3 + kind, category] += size
        if label < K:
            counted[6, label] += 1
    assert window.valid_positives.tolist() == counted[0].tolist()
    assert window.valid_foreground_negatives.tolist() == counted[1].tolist()
    assert window.valid_background_negatives.tolist() == counted[2].tolist()
    assert window.positive_gradient == pytest.approx(counted[3], rel=1e-5)
    assert window.foreground_negative_gradient == pytest.approx(counted[4], rel=1e-5)
    assert window.background_negative_gradient == pytest.approx(counted[5], rel=1e-5)
    assert window.positives.tolist() == counted[6].tolist()


@every_classifier
def test_watching_changes_neither_loss_nor_gradient(classifier: config.Classifier) -> None:
    results = []
    for telemetry in (None, Telemetry(K, CPU)):
        torch.manual_seed(1)
        results.append(_learn(_build(classifier), telemetry, *_batch(0)))
    (loss, gradient), (watched_loss, watched_gradient) = results
    assert torch.equal(loss, watched_loss) and torch.equal(gradient, watched_gradient)


def test_what_the_equalization_loss_masks_is_not_valid() -> None:
    classifier, telemetry = _build(config.Equalization(form="cvpr")), Telemetry(K, CPU)
    features, targets = _batch(0)
    _learn(classifier, telemetry, features, targets)
    window = telemetry.window()
    tail = torch.tensor([False, False, True, True])
    kept = equalization_weights(targets.labels, tail, None)
    foreground = targets.labels < K
    valid = (kept & foreground[:, None]).sum(dim=0).numpy() - window.positives
    assert window.valid_foreground_negatives.tolist() == valid.tolist()
    assert window.valid_foreground_negatives[2:].tolist() == [0, 0]
    assert (window.valid_foreground_negatives == window.foreground_negatives)[:2].all()
    assert (window.valid_background_negatives == window.background_negatives).all()


def test_gradient_ratio_is_that_of_equalization_v2() -> None:
    classifier, telemetry = _build(config.EqualizationV2()), Telemetry(K, CPU)
    assert isinstance(classifier, EqualizationV2Classifier)
    for step in range(4):
        _learn(classifier, telemetry, *_batch(step))
    window = telemetry.window()
    assert window.positive_gradient == pytest.approx(classifier.positive_gradient.numpy(), rel=1e-5)
    ratio = (classifier.positive_gradient / classifier.negative_gradient).numpy()
    assert window.gradient_ratio == pytest.approx(ratio, rel=1e-5)


def test_a_window_starts_anew() -> None:
    classifier, telemetry, both = _build(config.Softmax()), Telemetry(K, CPU), Telemetry(K, CPU)
    windows = []
    for step in range(2):
        _learn(classifier, telemetry, *_batch(step))
        _learn(classifier, both, *_batch(step))
        windows.append(telemetry.window())
    assert [window.steps for window in windows] == [1, 1]
    _assert_equal(windows[0] + windows[1], both.window())
    assert telemetry.window().rois == 0


def test_without_rois_nothing_is_counted() -> None:
    telemetry = Telemetry(K, CPU)
    _learn(_build(config.Softmax()), telemetry, *_batch(0, rois=0))
    window = telemetry.window()
    assert (window.steps, window.rois) == (1, 0)
    assert np.isnan(window.gradient_ratio).all() and np.isnan(window.mean_score).all()


def test_a_frozen_classifier_has_no_valid_roi() -> None:
    classifier, telemetry = _build(config.Softmax()), Telemetry(K, CPU)
    features, targets = _batch(0)
    telemetry.watch(classifier, classifier(features).detach(), targets)
    window = telemetry.window()
    assert window.positives.sum() > 0 and window.scores.sum() > 0
    assert window.valid_positives.sum() == 0
    assert window.valid_background_negatives.sum() == 0


def test_mixed_precision_counts_in_single_precision() -> None:
    windows = []
    for mixed in (False, True):
        classifier, telemetry = _build(config.Sigmoid()), Telemetry(K, CPU)
        features, targets = _batch(0)
        logits = classifier(features)
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            telemetry.watch(classifier, logits, targets)
            loss = classifier.loss(logits, targets)
        loss.backward()  # type: ignore[no-untyped-call]
        windows.append(telemetry.window())
    _assert_equal(*windows)


class Waits(TorchDispatchMode):
    """Notes operations that make a processor wait for an accelerator."""

    NAMES = ("_local_scalar_dense", "nonzero", "bincount", "masked_select", "unique")

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.seen += [name for name in self.NAMES if name in str(func)]
        return func(*args, **(kwargs or {}))


@every_classifier
def test_a_step_waits_for_nothing(classifier: config.Classifier) -> None:
    built, (features, targets) = _build(classifier), _batch(0)
    seen = []
    for telemetry in (None, Telemetry(K, CPU)):
        with Waits() as waits:
            _learn(built, telemetry, features, targets)
        seen.append(waits.seen)
    assert seen[0] == seen[1]


@pytest.mark.gpu
def test_a_step_on_an_accelerator_waits_for_nothing() -> None:
    device = torch.device("cuda")
    classifier, telemetry = _build(config.Softmax()), Telemetry(K, device)
    assert isinstance(classifier, SoftmaxClassifier)
    classifier.to(device)
    features, targets = _batch(0)
    labels, weights = targets.labels.to(device), targets.weights.to(device)
    moved = ClassificationTargets(labels, targets.verified.to(device), weights)
    logits = classifier(features.to(device))
    torch.cuda.set_sync_debug_mode("error")
    try:
        telemetry.watch(classifier, logits, moved)
        classifier.loss(logits, moved).backward()  # type: ignore[no-untyped-call]
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert telemetry.window().positives.sum() == (targets.labels < K).sum()


@pytest.mark.slow
def test_two_workers_count_what_one_counts(tmp_path: Path) -> None:
    classifier, telemetry = _build(config.Equalization()), Telemetry(K, CPU)
    for step in range(3):
        _learn(classifier, telemetry, *_halves(step, slice(None)))
    alone = telemetry.window()
    for together in on_each_of_two(_watch_a_half, tmp_path):
        assert together["steps"] == alone.steps and together["rois"] == alone.rois
        for name in ("valid_positives", "valid_foreground_negatives", "positives"):
            assert together[name].tolist() == getattr(alone, name).tolist()
        for name in ("positive_gradient", "background_negative_gradient", "scores"):
            assert together[name].numpy() == pytest.approx(getattr(alone, name), rel=1e-5)


def _halves(step: int, part: slice) -> tuple[Tensor, ClassificationTargets]:
    features, targets = _batch(step)
    labels, verified, weights = targets.labels, targets.verified, targets.weights
    return features[part], ClassificationTargets(labels[part], verified[part], weights[part])


def _watch_a_half(rank: int) -> dict[str, Any]:
    classifier, telemetry = _build(config.Equalization()), Telemetry(K, CPU)
    half = slice(rank * R // 2, (rank + 1) * R // 2)
    for step in range(3):
        _learn(classifier, telemetry, *_halves(step, half))
    return {
        name: torch.from_numpy(value) if isinstance(value, np.ndarray) else value
        for name, value in vars(telemetry.window()).items()
    }


def _assert_equal(first: TelemetryWindow, second: TelemetryWindow) -> None:
    for name, value in vars(first).items():
        assert np.asarray(value) == pytest.approx(np.asarray(getattr(second, name)), rel=1e-12)
