"""From a detector's configuration to detectron2's engine."""

from torch import Tensor

from longtail.config.classifiers import Classifier
from longtail.config.detector import Detector
from longtail.config.variant import Inference
from longtail.engines.detectron2.config import longtail_config
from longtail.engines.detectron2.engine import Detectron2Engine
from longtail.engines.detectron2.meta_arch import LongtailRCNN


def build_detectron2_engine(
    detector: Detector,
    classifier: Classifier,
    inference: Inference,
    tail: Tensor,
    num_categories: int,
) -> Detectron2Engine:
    """See `longtail.engines.build.build_engine`."""
    # Not `build_model`: that moves the model to MODEL.DEVICE.
    config = longtail_config(detector, classifier, inference, tail, num_categories)
    return Detectron2Engine(LongtailRCNN(config))
