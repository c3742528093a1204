"""From a classifier's configuration to its module. C channels, K categories."""

from typing import assert_never, cast

from torch import nn

from longtail.config import classifiers as config
from longtail.models.category_statistics import CategoryStatistics
from longtail.models.classifiers.balanced_group_softmax import BalancedGroupSoftmaxClassifier
from longtail.models.classifiers.base import Classifier
from longtail.models.classifiers.calibrated import CalibratedClassifier, RetrainedHead
from longtail.models.classifiers.double import DoubleClassifier
from longtail.models.classifiers.equalization import EqualizationClassifier, tail_categories
from longtail.models.classifiers.equalization_v2 import EqualizationV2Classifier
from longtail.models.classifiers.federated import FederatedClassifier
from longtail.models.classifiers.seesaw import SeesawClassifier
from longtail.models.classifiers.sigmoid import SigmoidClassifier
from longtail.models.classifiers.softmax import AdjustedSoftmaxClassifier, SoftmaxClassifier


def build_classifier(
    classifier: config.Classifier,
    channels: int,
    statistics: CategoryStatistics,
    pooled: tuple[int, int] | None = None,
) -> Classifier:
    """The module a configuration names, with new weights.

    Args:
        classifier: Which, and its parameters.
        channels: C, the width of the box head.
        statistics: Of the training annotations.
        pooled: (channels, side) of the box head's input, which a calibrated classifier sees too.
    """
    match classifier:
        case config.Double():
            first = _single(classifier.first, channels, statistics)
            second = _single(classifier.second, channels, statistics)
            return DoubleClassifier(first, second, first_logits=_num_logits(first))
        case config.Calibrated():
            assert pooled is not None, "a calibrated classifier needs the size of pooled features"
            return _calibrated(classifier, channels, statistics, pooled)
        case _:
            return _single(classifier, channels, statistics)


def _calibrated(
    classifier: config.Calibrated,
    channels: int,
    statistics: CategoryStatistics,
    pooled: tuple[int, int],
) -> CalibratedClassifier:
    original = _single(classifier.original, channels, statistics)
    new = RetrainedHead(
        *pooled,
        channels,
        statistics.num_categories,
        hidden_layers=2 if classifier.head == "3fc_ft" else 1,
        temperature=_temperature(classifier.original.layer),
    )
    return CalibratedClassifier(original, new)


def _temperature(layer: config.Layer) -> float | None:
    match layer:
        case config.Linear():
            return None
        case config.Cosine(temperature=temperature):
            return temperature
        case _:
            assert_never(layer)


def _single(
    classifier: config.SingleClassifier, channels: int, statistics: CategoryStatistics
) -> Classifier:
    num_categories = statistics.num_categories
    temperature = _temperature(classifier.layer)
    match classifier:
        case config.Softmax(logit_adjustment=0):
            return SoftmaxClassifier(channels, num_categories, temperature=temperature)
        case config.Softmax(logit_adjustment=tau):
            return AdjustedSoftmaxClassifier(
                channels, statistics.instance_count, tau=tau, temperature=temperature
            )
        case config.Sigmoid(prior=prior):
            return SigmoidClassifier(channels, num_categories, prior, temperature=temperature)
        case config.Equalization(prior=prior, tail_frequency=tail_frequency):
            return EqualizationClassifier(
                channels,
                tail_categories(statistics, tail_frequency),
                prior,
                use_verified=classifier.form == "challenge",
                temperature=temperature,
            )
        case config.Federated(prior=prior):
            return FederatedClassifier(
                channels,
                statistics.image_count,
                prior,
                num_judged=classifier.judged_categories,
                frequency_power=classifier.frequency_power,
                keep_verified=classifier.keep_verified,
                temperature=temperature,
            )
        case config.BalancedGroupSoftmax(others_per_member=ratio):
            return BalancedGroupSoftmaxClassifier(
                channels,
                statistics.instance_count,
                others_per_member=ratio,
                temperature=temperature,
            )
        case config.Seesaw(mitigation=mitigation, compensation=compensation):
            return SeesawClassifier(
                channels,
                num_categories,
                mitigation=mitigation,
                compensation=compensation,
                temperature=temperature,
            )
        case config.EqualizationV2(prior=prior):
            return EqualizationV2Classifier(
                channels,
                num_categories,
                prior,
                slope=classifier.slope,
                midpoint=classifier.midpoint,
                positive_gain=classifier.positive_gain,
                temperature=temperature,
            )
        case _:
            assert_never(classifier)


def _num_logits(classifier: Classifier) -> int:
    linear = cast(nn.Module, classifier).get_submodule("linear")
    return cast(nn.Linear, linear).out_features
