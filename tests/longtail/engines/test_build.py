import pytest
import torch

from longtail.config.classifiers import Softmax
from longtail.config.detector import Detector
from longtail.config.variant import Inference
from longtail.engines.build import build_engine
from longtail.engines.torchvision import TorchvisionEngine

TAIL = torch.zeros(6, dtype=torch.bool)


def test_torchvision_is_built(detector: Detector) -> None:
    engine = build_engine(detector, Softmax(), Inference(), TAIL, num_categories=6)
    assert isinstance(engine, TorchvisionEngine)


def test_missing_engine_is_refused(detector: Detector) -> None:
    other = detector.replace(engine="detectron2")
    with pytest.raises(ValueError, match="detectron2"):
        build_engine(other, Softmax(), Inference(), TAIL, num_categories=6)
