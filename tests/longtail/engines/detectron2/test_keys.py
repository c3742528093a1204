"""What a detectron2 configuration says about the shared parts survives a file."""

from pathlib import Path
from typing import Any

import pytest
from support.statistics_of import statistics_of

from longtail.config.base import config_classes
from longtail.config.classifiers import (
    Classifier,
    Sigmoid,
)
from longtail.config.detector import Detector
from longtail.config.scores import HeadMerge, NorCal
from longtail.config.variant import Inference

pytest.importorskip("detectron2", reason="detectron2 is not installed")

from detectron2.config import get_cfg

from longtail.engines.detectron2.config import add_longtail_config, longtail_config
from longtail.engines.detectron2.keys import classifier_of, detector_of, inference_of


@pytest.mark.parametrize("kind", config_classes(Classifier))
def test_a_file_gives_detector_and_classifier_back(
    kind: Any, detector: Detector, tmp_path: Path
) -> None:
    named = detector.replace(engine="detectron2")
    inference = Inference(
        nms_iou=0.6,
        score_adjustment=NorCal(gamma=0.3),
        head_merge=HeadMerge(rule="cat_thr", threshold=0.2),
    )
    written = longtail_config(named, kind(), inference, statistics_of(6))
    (tmp_path / "config.yaml").write_text(written.dump())
    read = get_cfg()
    add_longtail_config(read)
    read.merge_from_file(str(tmp_path / "config.yaml"))
    assert detector_of(read) == named
    assert classifier_of(read) == kind()
    assert inference_of(read) == inference


def test_plain_json_is_read_too(detector: Detector) -> None:
    cfg = get_cfg()
    add_longtail_config(cfg)
    cfg.MODEL.LONGTAIL.CLASSIFIER = Sigmoid(prior=0.5).model_dump_json()
    assert classifier_of(cfg) == Sigmoid(prior=0.5)


def test_scores_are_not_adjusted_by_counts_that_are_not_there() -> None:
    cfg = get_cfg()
    add_longtail_config(cfg)
    assert inference_of(cfg).score_adjustment.name == "none"
    cfg.MODEL.LONGTAIL.SCORE_ADJUSTMENT = NorCal().model_dump_json()
    with pytest.raises(ValueError, match=r"SCORE_ADJUSTMENT norcal: needs IMAGE_COUNT"):
        inference_of(cfg)
