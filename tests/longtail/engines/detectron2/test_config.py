"""Models that detectron2 builds of a configuration alone, and its tools on them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from support.statistics_of import statistics_of

from longtail.config.classifiers import BalancedGroupSoftmax, Equalization
from longtail.config.detector import Detector, Detectron2
from longtail.config.variant import Inference
from longtail.data.loading.sample import Sample
from longtail.losses.balanced_group_softmax import groups_by_instances

pytest.importorskip("detectron2", reason="detectron2 is not installed")

from detectron2.config import CfgNode, get_cfg
from detectron2.engine import DefaultPredictor
from detectron2.modeling import GeneralizedRCNNWithTTA, build_model

from longtail.engines.detectron2.config import add_longtail_config, longtail_config

K = 6
R50 = "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x.yaml"
EngineMaker = Callable[..., Any]
SampleMaker = Callable[..., Sample]


def _config(detector: Detector, **changes: Any) -> CfgNode:
    inference = Inference(
        score_threshold=0.0, nms_iou=0.2, detections_per_image=20, short_side=64, long_side_cap=128
    )
    cfg = longtail_config(
        detector, Equalization(), inference.replace(**changes), statistics_of(K, 4)
    )
    cfg.MODEL.DEVICE = "cpu"
    return cfg


def _native(sample: Sample) -> dict[str, Any]:
    height, width = sample.image.size
    return {"image": sample.image.pixels * 255, "height": height, "width": width}


def test_model_of_a_configuration_predicts_what_the_engine_does(
    make_engine: EngineMaker, make_sample: SampleMaker, detector: Detector
) -> None:
    engine = make_engine(engine="detectron2").eval()
    model = build_model(_config(detector)).eval()
    model.load_state_dict(engine.model.state_dict(), strict=True)
    sample = make_sample()
    (expected,) = engine.predict([sample.image])
    with torch.no_grad():
        found = model([_native(sample)])[0]["instances"]
    assert len(found) == len(expected.boxes) > 0
    torch.testing.assert_close(found.pred_boxes.tensor, expected.boxes)
    torch.testing.assert_close(found.scores, expected.score_box)
    assert torch.equal(found.pred_classes, expected.labels)
    assert found.pred_masks.shape == (len(found), 64, 64)


def test_configuration_survives_a_file(detector: Detector, tmp_path: Path) -> None:
    written = _config(detector)
    file = tmp_path / "config.yaml"
    file.write_text(written.dump())
    read = get_cfg()
    add_longtail_config(read)
    read.merge_from_file(str(file), allow_unsafe=False)
    # Lists and tuples are one thing in a file.
    assert json.dumps(read) == json.dumps(written)
    torch.manual_seed(0)
    expected = build_model(written).state_dict()
    torch.manual_seed(0)
    torch.testing.assert_close(build_model(read).state_dict(), expected, rtol=0, atol=0)


def test_configuration_of_an_own_resnet_needs_its_file_no_more(
    detector: Detector, tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "MODEL:\n"
        "  BACKBONE: {NAME: build_resnet_fpn_backbone, FREEZE_AT: 0}\n"
        "  RESNETS: {DEPTH: 18, RES2_OUT_CHANNELS: 64, OUT_FEATURES: [res2, res3, res4, res5]}\n"
        "  FPN: {IN_FEATURES: [res2, res3, res4, res5]}\n"
    )
    own = Detectron2(config_file=str(file))
    cfg = _config(detector.replace(engine="detectron2", backbone=own))
    file.unlink()
    assert len(build_model(cfg).backbone.bottom_up.body.stages) == 4


def test_groups_counts_and_classifier_come_back_from_the_configuration(detector: Detector) -> None:
    cfg = _config(detector)
    assert build_model(cfg).roi_heads.heads.classifier.tail.tolist() == [False] * 4 + [True] * 2
    cfg.MODEL.LONGTAIL.CLASSIFIER = BalancedGroupSoftmax().model_dump_json()
    groups = build_model(cfg).roi_heads.heads.classifier.groups
    assert groups.tolist() == groups_by_instances(statistics_of(K).instance_count).tolist()


def test_counts_are_checked(detector: Detector) -> None:
    cfg = _config(detector)
    cfg.MODEL.LONGTAIL.INSTANCE_COUNT = [1, 2]
    with pytest.raises(ValueError, match=r"INSTANCE_COUNT has 2 values: .*NUM_CLASSES 6"):
        build_model(cfg)


def test_test_time_settings_are_detectron2s_own_keys(
    make_sample: SampleMaker, detector: Detector
) -> None:
    cfg = _config(detector)
    cfg.TEST.DETECTIONS_PER_IMAGE = 3
    with torch.no_grad():
        found = build_model(cfg).eval()([_native(make_sample())])[0]["instances"]
    assert len(found) == 3


def test_anchor_sizes_are_checked(detector: Detector) -> None:
    wrong = detector.replace(proposals=detector.proposals.replace(anchor_sizes=(32, 64)))
    with pytest.raises(ValueError, match=r"anchor_sizes \(32, 64\): one size for each of the 5"):
        _config(wrong)


def test_groups_are_checked(detector: Detector) -> None:
    cfg = _config(detector)
    cfg.MODEL.LONGTAIL.FREQUENCY_GROUP = [0, 0, 0, 0, 0, 3]
    with pytest.raises(
        ValueError, match=r"FREQUENCY_GROUP 3: groups are 0, 1 and 2 for r, c and f"
    ):
        build_model(cfg)


def test_a_file_that_lists_the_tail_is_still_read(detector: Detector, tmp_path: Path) -> None:
    written = _config(detector)
    file = tmp_path / "config.yaml"
    file.write_text(written.dump().replace("  LONGTAIL:\n", "  LONGTAIL:\n    TAIL: []\n"))
    assert "TAIL: []" in file.read_text()
    read = get_cfg()
    add_longtail_config(read)
    read.merge_from_file(str(file), allow_unsafe=False)
    assert json.dumps(read) == json.dumps(written)


def test_default_predictor_takes_a_picture_of_opencv(
    make_engine: EngineMaker, make_sample: SampleMaker, detector: Detector, tmp_path: Path
) -> None:
    engine = make_engine(engine="detectron2").eval()
    cfg = _config(detector)
    cfg.MODEL.WEIGHTS = str(tmp_path / "model.pth")
    torch.save({"model": engine.model.state_dict()}, cfg.MODEL.WEIGHTS)
    image = make_sample().image
    picture = (image.pixels * 255).round().byte().permute(1, 2, 0).numpy()[:, :, ::-1]
    found = DefaultPredictor(cfg)(picture)["instances"]
    (expected,) = engine.predict([image])
    # Pixels are rounded to whole numbers: detections move a little.
    torch.testing.assert_close(found.scores, expected.score_box, rtol=0, atol=1e-3)


def test_test_time_augmentation_of_detectron2_runs(
    make_sample: SampleMaker, detector: Detector
) -> None:
    cfg = _config(detector)
    cfg.TEST.AUG.MIN_SIZES = (64, 96)
    cfg.TEST.AUG.MAX_SIZE = 128
    augmented = GeneralizedRCNNWithTTA(cfg, build_model(cfg).eval())
    with torch.no_grad():
        found = augmented([_native(make_sample(height=64, width=80))])[0]["instances"]
    assert 0 < len(found) <= 20
    assert found.pred_masks.shape == (len(found), 64, 80)
    assert found.pred_masks.dtype == torch.bool
    assert (found.scores.diff() <= 0).all()
