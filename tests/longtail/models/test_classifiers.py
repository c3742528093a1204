import math

import pytest
import torch
from torch import Tensor, nn

from longtail.config import classifiers as config
from longtail.losses.equalization import equalization_loss
from longtail.models.classifiers import (
    ClassificationTargets,
    Classifier,
    EqualizationClassifier,
    SigmoidClassifier,
    SoftmaxClassifier,
    build_classifier,
)

K = 4
TAIL = torch.tensor([False, False, True, True])
EVERY = [config.Softmax(), config.Sigmoid(), config.Equalization()]
LOGITS = torch.logit(torch.tensor([[0.7, 0.2, 0.1, 0.1], [0.1, 0.1, 0.1, 0.1]]))
TARGETS = ClassificationTargets(
    labels=torch.tensor([0, K]),
    verified=torch.tensor([[True, False, False, True]] * 2),
    weights=torch.ones(2),
)


def _build(classifier: config.Classifier) -> Classifier:
    return build_classifier(classifier, channels=8, num_categories=K, tail=TAIL)


def _linear(classifier: Classifier) -> nn.Linear:
    assert isinstance(classifier, nn.Module)
    linear = classifier.get_submodule("linear")
    assert isinstance(linear, nn.Linear)
    return linear


@pytest.mark.parametrize(
    ("classifier", "module", "num_logits"),
    [
        (config.Softmax(), SoftmaxClassifier, K + 1),
        (config.Sigmoid(), SigmoidClassifier, K),
        (config.Equalization(), EqualizationClassifier, K),
    ],
)
def test_each_configuration_builds_its_module(
    classifier: config.Classifier, module: type[nn.Module], num_logits: int
) -> None:
    built = _build(classifier)
    assert isinstance(built, module)
    assert built(torch.zeros(3, 8)).shape == (3, num_logits)


@pytest.mark.parametrize("classifier", EVERY, ids=lambda c: c.name)
def test_scores_have_a_column_for_each_category_and_background_last(
    classifier: config.Classifier,
) -> None:
    built = _build(classifier)
    scores = built.scores(built(torch.randn(3, 8)))
    assert scores.shape == (3, K + 1)
    assert ((scores >= 0) & (scores <= 1)).all()


def test_softmax_background_is_the_last_logit() -> None:
    scores = _build(config.Softmax()).scores(torch.tensor([[0.0, 0, 0, 0, 50]]))
    assert scores[0, K] > 0.999


@pytest.mark.parametrize("classifier", EVERY[1:], ids=lambda c: c.name)
def test_sigmoid_families_have_a_zero_background_column(classifier: config.Classifier) -> None:
    scores = _build(classifier).scores(LOGITS)
    torch.testing.assert_close(scores[:, :K], LOGITS.sigmoid())
    assert scores[:, K].tolist() == [0, 0]


@pytest.mark.parametrize("classifier", EVERY[1:], ids=lambda c: c.name)
def test_every_category_starts_at_the_prior(classifier: config.Classifier) -> None:
    built = _build(classifier)
    start = built.scores(built(torch.zeros(1, 8)))
    torch.testing.assert_close(start[:, :K], torch.full((1, K), 0.001))


def test_initial_weights_have_a_standard_deviation_of_a_hundredth() -> None:
    torch.manual_seed(0)
    for classifier in EVERY:
        built = build_classifier(classifier, 500, 200, torch.zeros(200, dtype=torch.bool))
        assert _linear(built).weight.std().item() == pytest.approx(0.01, rel=0.02)


def _loss(classifier: config.Classifier) -> float:
    return round(_build(classifier).loss(LOGITS, TARGETS).item(), 6)


def test_losses_are_those_of_their_modules() -> None:
    assert _loss(config.Sigmoid()) == 0.605991
    assert _loss(config.Equalization(form="challenge")) == 0.553311
    assert _loss(config.Equalization(form="cvpr")) == 0.500630
    assert _build(config.Softmax()).loss(torch.zeros(2, K + 1), TARGETS).item() == pytest.approx(
        math.log(K + 1)
    )


def test_tail_is_configuration_and_not_a_weight() -> None:
    trained, later = (build_classifier(config.Equalization(), 8, K, tail) for tail in (TAIL, ~TAIL))
    assert isinstance(trained, nn.Module) and isinstance(later, EqualizationClassifier)
    later.load_state_dict(trained.state_dict())
    assert torch.equal(later.tail, ~TAIL)
    expected = equalization_loss(LOGITS, TARGETS.labels, TARGETS.weights, ~TAIL, TARGETS.verified)
    assert later.loss(LOGITS, TARGETS) == expected


@pytest.mark.parametrize("classifier", EVERY, ids=lambda c: c.name)
def test_no_rois_leave_the_layer_in_the_graph(classifier: config.Classifier) -> None:
    built = _build(classifier)
    empty = ClassificationTargets(
        torch.zeros(0, dtype=torch.long), torch.zeros(0, K, dtype=torch.bool), torch.zeros(0)
    )
    loss: Tensor = built.loss(built(torch.zeros(0, 8)), empty)
    loss.backward()
    assert loss.item() == 0
    assert _linear(built).weight.grad is not None
