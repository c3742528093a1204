"""The engine a configuration names; only that engine's libraries are imported."""

from typing import assert_never

from longtail.config.classifiers import Classifier
from longtail.config.detector import Detector
from longtail.config.variant import Inference
from longtail.engines.base import Engine
from longtail.engines.optional import needs_detectron2
from longtail.models.category_statistics import CategoryStatistics


def build_engine(
    detector: Detector,
    classifier: Classifier,
    inference: Inference,
    statistics: CategoryStatistics,
) -> Engine:
    """A detector with new weights, drawn from torch's random numbers.

    Args:
        detector: The network.
        classifier: The classifier of the stage that is trained or predicted with.
        inference: What a prediction keeps.
        statistics: Of the categories of the training annotations.

    Raises:
        ValueError: The engine or the backbone is not available.
    """
    match detector.engine:
        case "torchvision":
            from longtail.engines.torchvision import build_torchvision_engine

            return build_torchvision_engine(detector, classifier, inference, statistics)
        case "detectron2":
            return _build_detectron2(detector, classifier, inference, statistics)
        case _:
            assert_never(detector.engine)


def _build_detectron2(
    detector: Detector,
    classifier: Classifier,
    inference: Inference,
    statistics: CategoryStatistics,
) -> Engine:
    with needs_detectron2("detector.engine 'detectron2'", "set engine=torchvision"):
        from longtail.engines.detectron2.build import build_detectron2_engine
    return build_detectron2_engine(detector, classifier, inference, statistics)
