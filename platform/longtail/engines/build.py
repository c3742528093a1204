"""The engine a configuration names; only that engine's libraries are imported."""

from typing import assert_never

from torch import Tensor

from longtail.config.classifiers import Classifier
from longtail.config.detector import Detector
from longtail.config.variant import Inference
from longtail.engines.base import Engine


def build_engine(
    detector: Detector,
    classifier: Classifier,
    inference: Inference,
    tail: Tensor,
    num_categories: int,
) -> Engine:
    """A detector with new weights, drawn from torch's random numbers.

    Args:
        detector: The network.
        classifier: The classifier of the stage that is trained or predicted with.
        inference: What a prediction keeps.
        tail: (K,) bool, the tail categories of the training annotations.
        num_categories: K.

    Raises:
        ValueError: The engine or the backbone is not available.
    """
    match detector.engine:
        case "torchvision":
            from longtail.engines.torchvision import build_torchvision_engine

            return build_torchvision_engine(detector, classifier, inference, tail, num_categories)
        case "detectron2":
            raise ValueError(
                "detector.engine 'detectron2': not available in this version; use 'torchvision'"
            )
        case _:
            assert_never(detector.engine)
