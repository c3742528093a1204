"""How RoIs are classified: the last layer, its loss and its scores, one file a classifier."""

from longtail.models.classifiers.balanced_group_softmax import BalancedGroupSoftmaxClassifier
from longtail.models.classifiers.base import (
    ClassificationTargets,
    Classifier,
    ClassifierOnPooled,
    classify,
)
from longtail.models.classifiers.build import build_classifier
from longtail.models.classifiers.calibrated import CalibratedClassifier, RetrainedHead
from longtail.models.classifiers.double import DoubleClassifier
from longtail.models.classifiers.equalization import EqualizationClassifier
from longtail.models.classifiers.equalization_v2 import EqualizationV2Classifier
from longtail.models.classifiers.federated import FederatedClassifier
from longtail.models.classifiers.seesaw import SeesawClassifier
from longtail.models.classifiers.sigmoid import SigmoidClassifier
from longtail.models.classifiers.softmax import AdjustedSoftmaxClassifier, SoftmaxClassifier

__all__ = [
    "AdjustedSoftmaxClassifier",
    "BalancedGroupSoftmaxClassifier",
    "CalibratedClassifier",
    "ClassificationTargets",
    "Classifier",
    "ClassifierOnPooled",
    "DoubleClassifier",
    "EqualizationClassifier",
    "EqualizationV2Classifier",
    "FederatedClassifier",
    "RetrainedHead",
    "SeesawClassifier",
    "SigmoidClassifier",
    "SoftmaxClassifier",
    "build_classifier",
    "classify",
]
