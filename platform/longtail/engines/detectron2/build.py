"""From a detector's configuration to detectron2's engine."""

from longtail.config.classifiers import Classifier
from longtail.config.detector import Detector
from longtail.config.variant import Inference
from longtail.engines.detectron2.config import longtail_config
from longtail.engines.detectron2.engine import Detectron2Engine
from longtail.engines.detectron2.meta_arch import LongtailRCNN
from longtail.models.category_statistics import CategoryStatistics


def build_detectron2_engine(
    detector: Detector,
    classifier: Classifier,
    inference: Inference,
    statistics: CategoryStatistics,
) -> Detectron2Engine:
    """See `longtail.engines.build.build_engine`."""
    # Not `build_model`: that moves the model to MODEL.DEVICE.
    config = longtail_config(detector, classifier, inference, statistics)
    return Detectron2Engine(LongtailRCNN(config))
