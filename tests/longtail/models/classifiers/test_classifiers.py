import math
from dataclasses import replace

import pytest
import torch
from support.every_classifier import single_classifiers
from torch import Tensor, nn

from longtail.config import classifiers as config
from longtail.losses.equalization import equalization_loss
from longtail.losses.logit_adjustment import log_prior, training_logits
from longtail.losses.softmax import softmax_cross_entropy
from longtail.models.category_statistics import CategoryStatistics
from longtail.models.classifiers.balanced_group_softmax import BalancedGroupSoftmaxClassifier
from longtail.models.classifiers.base import ClassificationTargets, Classifier
from longtail.models.classifiers.build import build_classifier
from longtail.models.classifiers.equalization import EqualizationClassifier
from longtail.models.classifiers.equalization_v2 import EqualizationV2Classifier
from longtail.models.classifiers.federated import FederatedClassifier
from longtail.models.classifiers.seesaw import SeesawClassifier
from longtail.models.classifiers.sigmoid import SigmoidClassifier
from longtail.models.classifiers.softmax import AdjustedSoftmaxClassifier, SoftmaxClassifier

K = 4
TAIL = torch.tensor([False, False, True, True])
STATISTICS = CategoryStatistics(
    image_count=torch.tensor([4000, 300, 20, 0]),
    instance_count=torch.tensor([9000, 500, 30, 0]),
    frequency_group=torch.tensor([2, 2, 1, 0]),
    num_images=5000,
)
SINGLE = single_classifiers()
SIGMOIDS = [classifier for classifier in SINGLE.values() if classifier.one_logit_each]
EVERY: list[config.SingleClassifier] = [
    *SINGLE.values(),
    config.Softmax(logit_adjustment=1),
    config.Federated(judged_categories=2, keep_verified=True),
    config.Softmax(layer=config.Cosine()),
    config.Seesaw(layer=config.Cosine(temperature=10)),
]
LOGITS = torch.logit(torch.tensor([[0.7, 0.2, 0.1, 0.1], [0.1, 0.1, 0.1, 0.1]]))
TARGETS = ClassificationTargets(
    labels=torch.tensor([0, K]),
    verified=torch.tensor([[True, False, False, True]] * 2),
    weights=torch.ones(2),
)
NO_TARGETS = ClassificationTargets(
    torch.zeros(0, dtype=torch.long), torch.zeros(0, K, dtype=torch.bool), torch.zeros(0)
)

every_classifier = pytest.mark.parametrize("classifier", EVERY, ids=str)


def _build(classifier: config.Classifier) -> Classifier:
    return build_classifier(classifier, channels=8, statistics=STATISTICS)


def _linear(classifier: Classifier) -> nn.Linear:
    assert isinstance(classifier, nn.Module)
    linear = classifier.get_submodule("linear")
    assert isinstance(linear, nn.Linear)
    return linear


@pytest.mark.parametrize(
    ("classifier", "module", "num_logits"),
    [
        (config.Softmax(), SoftmaxClassifier, K + 1),
        (config.Softmax(logit_adjustment=0.5), AdjustedSoftmaxClassifier, K + 1),
        (config.Sigmoid(), SigmoidClassifier, K),
        (config.Equalization(), EqualizationClassifier, K),
        (config.Federated(), FederatedClassifier, K),
        (config.BalancedGroupSoftmax(), BalancedGroupSoftmaxClassifier, K + 6),
        (config.Seesaw(), SeesawClassifier, K + 2),
        (config.EqualizationV2(), EqualizationV2Classifier, K + 1),
    ],
)
def test_each_configuration_builds_its_module(
    classifier: config.SingleClassifier, module: type[nn.Module], num_logits: int
) -> None:
    built = _build(classifier)
    assert type(built) is module
    assert built(torch.zeros(3, 8)).shape == (3, num_logits)


@every_classifier
def test_scores_have_a_column_for_each_category_and_background_last(
    classifier: config.SingleClassifier,
) -> None:
    built = _build(classifier)
    scores = built.scores(built(torch.randn(3, 8)))
    assert scores.shape == (3, K + 1)
    assert ((scores >= 0) & (scores <= 1)).all()


def test_softmax_background_is_the_last_logit() -> None:
    scores = _build(config.Softmax()).scores(torch.tensor([[0.0, 0, 0, 0, 50]]))
    assert scores[0, K] > 0.999


@pytest.mark.parametrize("classifier", SIGMOIDS, ids=lambda c: c.name)
def test_sigmoid_families_have_a_zero_background_column(
    classifier: config.SingleClassifier,
) -> None:
    scores = _build(classifier).scores(LOGITS)
    torch.testing.assert_close(scores[:, :K], LOGITS.sigmoid())
    assert scores[:, K].tolist() == [0, 0]


@pytest.mark.parametrize("classifier", SIGMOIDS, ids=lambda c: c.name)
def test_every_category_starts_at_the_prior(classifier: config.SingleClassifier) -> None:
    built = _build(classifier)
    start = built.scores(built(torch.zeros(1, 8)))
    torch.testing.assert_close(start[:, :K], torch.full((1, K), 0.001))


def test_equalization_v2_starts_at_half_the_prior() -> None:
    built = _build(config.EqualizationV2())
    start = built.scores(built(torch.zeros(1, 8)))
    torch.testing.assert_close(start, torch.tensor([[0.0005] * K + [0.5]]))


@every_classifier
def test_initial_weights_have_a_standard_deviation_of_a_hundredth(
    classifier: config.SingleClassifier,
) -> None:
    torch.manual_seed(0)
    counts = torch.ones(200, dtype=torch.int64)
    statistics = CategoryStatistics(counts, counts, 2 * counts, num_images=200)
    built = build_classifier(classifier, 500, statistics)
    assert _linear(built).weight.std().item() == pytest.approx(0.01, rel=0.02)


def _loss(classifier: config.SingleClassifier) -> float:
    return round(_build(classifier).loss(LOGITS, TARGETS).item(), 6)


def test_losses_are_those_of_their_modules() -> None:
    assert _loss(config.Sigmoid()) == 0.605991
    assert _loss(config.Equalization(form="challenge")) == 0.553311
    assert _loss(config.Equalization(form="cvpr")) == 0.500630
    assert _loss(config.Federated(judged_categories=K, keep_verified=True)) <= 0.605991
    assert _build(config.Softmax()).loss(torch.zeros(2, K + 1), TARGETS).item() == pytest.approx(
        math.log(K + 1)
    )


def test_adjusted_softmax_learns_with_the_prior_and_scores_without() -> None:
    built, logits = _build(config.Softmax(logit_adjustment=0.5)), torch.randn(2, K + 1)
    adjusted = training_logits(logits, log_prior(STATISTICS.instance_count), 0.5)
    expected = softmax_cross_entropy(adjusted, TARGETS.labels, TARGETS.weights)
    assert built.loss(logits, TARGETS) == expected
    assert torch.equal(built.scores(logits), logits.softmax(dim=1))


def test_tail_is_configuration_and_not_a_weight() -> None:
    head = 2 - STATISTICS.frequency_group
    trained, later = (
        build_classifier(config.Equalization(), 8, replace(STATISTICS, frequency_group=groups))
        for groups in (STATISTICS.frequency_group, torch.where(head > 0, 2, 0))
    )
    assert isinstance(trained, nn.Module) and isinstance(later, EqualizationClassifier)
    later.load_state_dict(trained.state_dict())
    assert torch.equal(later.tail, ~TAIL)
    expected = equalization_loss(LOGITS, TARGETS.labels, TARGETS.weights, ~TAIL, TARGETS.verified)
    assert later.loss(LOGITS, TARGETS) == expected


@every_classifier
def test_checkpoints_hold_the_layer_and_running_statistics_alone(
    classifier: config.SingleClassifier,
) -> None:
    running = {
        "seesaw": {"label_count"},
        "equalization_v2": {"positive_gradient", "negative_gradient"},
    }
    built = _build(classifier)
    assert isinstance(built, nn.Module)
    layer = {"linear.weight", "linear.bias"}
    assert built.state_dict().keys() == layer | running.get(classifier.name, set())


def test_seesaw_counts_labels_before_it_uses_them_and_only_in_training() -> None:
    built = _build(config.Seesaw())
    assert isinstance(built, SeesawClassifier)
    targets = ClassificationTargets(
        torch.tensor([2, 0, 2, K]), torch.ones(4, K, dtype=torch.bool), torch.ones(4)
    )
    logits = torch.randn(4, K + 2)
    first = built.loss(logits, targets)
    assert built.label_count.tolist() == [1, 0, 2, 0]
    built.eval()
    assert built.loss(logits, targets) == first
    assert built.label_count.tolist() == [1, 0, 2, 0]


def test_equalization_v2_uses_the_gradients_of_the_steps_before() -> None:
    built = _build(config.EqualizationV2(positive_gain=4))
    assert isinstance(built, EqualizationV2Classifier)
    logits = torch.zeros(2, K + 1)
    first = built.loss(logits, TARGETS).item()
    # Nothing is accumulated yet: all factors are 1.
    assert first == pytest.approx((K + 1) * math.log(2))
    assert built.positive_gradient.tolist() == [0.5, 0, 0, 0]
    assert built.negative_gradient.tolist() == [0.5, 1, 1, 1]
    # Category 0 has the ratio 1, the others have 0.
    mapped = [1 / (1 + math.exp(-12 * (ratio - 0.8))) for ratio in (1.0, 0.0)]
    second = 1 + 4 * (1 - mapped[0]) + mapped[0] + 6 * mapped[1] + 2
    built.eval()
    assert built.loss(logits, TARGETS).item() == pytest.approx(math.log(2) * second / 2)
    assert built.positive_gradient.tolist() == [0.5, 0, 0, 0]


@every_classifier
def test_no_rois_leave_the_layer_in_the_graph(classifier: config.SingleClassifier) -> None:
    built = _build(classifier)
    loss: Tensor = built.loss(built(torch.zeros(0, 8)), NO_TARGETS)
    loss.backward()
    assert loss.item() == 0
    assert _linear(built).weight.grad is not None


@every_classifier
def test_one_category_can_be_learned(classifier: config.SingleClassifier) -> None:
    one = torch.ones(1, dtype=torch.int64)
    built = build_classifier(classifier, 8, CategoryStatistics(one, one, one, num_images=1))
    assert isinstance(built, nn.Module)
    torch.manual_seed(0)
    targets = ClassificationTargets(
        torch.tensor([0, 1]), torch.ones(2, 1, dtype=torch.bool), torch.ones(2)
    )
    features = torch.randn(2, 8)
    optimizer = torch.optim.SGD(built.parameters(), lr=0.5)
    losses = []
    for _ in range(30):
        loss: Tensor = built.loss(built(features), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]
    scores = built.scores(built(features))
    assert scores[0, 0] > scores[1, 0]


@pytest.mark.parametrize(
    "classifier", [of for of in SINGLE.values() if of.loss_for_each], ids=lambda of: str(of.name)
)
def test_a_category_that_is_ignored_at_a_roi_gets_no_gradient_there_and_others_keep_theirs(
    classifier: config.SingleClassifier,
) -> None:
    factors = torch.ones(2, K)
    factors[1, 0] = 0
    gradients = []
    for given in (TARGETS, replace(TARGETS, category_weights=factors)):
        built, logits = _build(classifier), torch.zeros(2, K + 1)
        logits = logits[:, : _linear(built).out_features].requires_grad_()
        torch.manual_seed(0)
        built.loss(logits, given).backward()
        assert logits.grad is not None
        gradients.append(logits.grad)
    plain, ignored = gradients
    assert plain[1, 0] != 0
    plain[1, 0] = 0
    assert torch.equal(plain, ignored)
