"""The engine a configuration names; only that engine's libraries are imported."""

import warnings
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
            return _build_detectron2(detector, classifier, inference, tail, num_categories)
        case _:
            assert_never(detector.engine)


def _build_detectron2(
    detector: Detector,
    classifier: Classifier,
    inference: Inference,
    tail: Tensor,
    num_categories: int,
) -> Engine:
    try:
        with warnings.catch_warnings():
            # Of detectron2's own use of torch.jit.
            warnings.simplefilter("ignore", FutureWarning)
            from longtail.engines.detectron2.build import build_detectron2_engine
    except ImportError as error:
        raise ValueError(f"detector.engine 'detectron2': {_why_not(error)}") from error
    return build_detectron2_engine(detector, classifier, inference, tail, num_categories)


def _why_not(error: ImportError) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name == "detectron2":
        return (
            "detectron2 is not installed, and the package registry does not have it: install it by"
            " its own instructions with --no-build-isolation and setuptools<82, or set"
            " engine=torchvision"
        )
    return (
        f"detectron2 is installed but cannot be imported: {error};"
        " build it anew for this torch, or set engine=torchvision"
    )
