"""A Mask R-CNN that is detectron2's in every part, and its checkpoint in our engine."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from longtail.config.classifiers import Softmax
from longtail.config.detector import BoxHead, Detector, Detectron2, MaskHead
from longtail.data.loading.sample import Sample
from longtail.models.weights.initial_detector import initial_detector

pytest.importorskip("detectron2", reason="detectron2 is not installed")

from detectron2.config import get_cfg
from detectron2.modeling import build_model

K = 6
CONFIG = """
VERSION: 2
MODEL:
  DEVICE: cpu
  MASK_ON: true
  BACKBONE: {NAME: build_resnet_fpn_backbone, FREEZE_AT: 0}
  RESNETS: {DEPTH: 18, RES2_OUT_CHANNELS: 64, NORM: BN, OUT_FEATURES: [res2, res3, res4, res5]}
  FPN: {IN_FEATURES: [res2, res3, res4, res5], OUT_CHANNELS: 32}
  ANCHOR_GENERATOR: {SIZES: [[8], [16], [32], [64], [128]]}
  PIXEL_STD: [57.375, 57.12, 58.395]
  RPN:
    IN_FEATURES: [p2, p3, p4, p5, p6]
    PRE_NMS_TOPK_TEST: 100
    POST_NMS_TOPK_TEST: 50
  ROI_HEADS:
    NAME: StandardROIHeads
    IN_FEATURES: [p2, p3, p4, p5]
    NUM_CLASSES: 6
    SCORE_THRESH_TEST: 0.0
    NMS_THRESH_TEST: 0.2
  ROI_BOX_HEAD: {NAME: FastRCNNConvFCHead, NUM_FC: 2, FC_DIM: 32, POOLER_RESOLUTION: 7}
  ROI_MASK_HEAD:
    NAME: MaskRCNNConvUpsampleHead
    NUM_CONV: 1
    CONV_DIM: 16
    POOLER_RESOLUTION: 14
TEST: {DETECTIONS_PER_IMAGE: 20}
"""


def _stock(file: Path) -> Any:
    """The model with random weights everywhere, and norms that have seen such pictures."""
    file.write_text(CONFIG)
    cfg = get_cfg()
    cfg.merge_from_file(str(file), allow_unsafe=False)
    torch.manual_seed(0)
    model = build_model(cfg)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
        for norm in (m for m in model.modules() if isinstance(m, nn.BatchNorm2d)):
            norm.momentum = None  # of the mean over all batches
        model.backbone(torch.randn(4, 3, 64, 96))
    return model.eval()


def test_a_checkpoint_of_detectron2_predicts_the_same_in_our_engine(
    make_engine: Callable[..., Any],
    make_sample: Callable[..., Sample],
    detector: Detector,
    tmp_path: Path,
) -> None:
    model = _stock(tmp_path / "stock.yaml")
    weights = tmp_path / "model.pth"
    torch.save({"model": model.state_dict()}, weights)
    ours = detector.replace(
        engine="detectron2",
        backbone=Detectron2(config_file=str(tmp_path / "stock.yaml")),
        weights=str(weights),
        box_head=BoxHead(channels=32, class_specific_boxes=True),
        mask_head=MaskHead(channels=16, convolutions=1, class_specific=True),
    )
    engine = make_engine(ours, Softmax(), engine="detectron2").eval()
    state, start = initial_detector(ours, engine.state_dict(), K)
    assert not start.taken.left_out
    assert not any(part.misshapen or part.absent for part in start.taken.parts.values())
    engine.load_state_dict(state, strict=True)

    image = make_sample(height=64, width=80).image
    (found,) = engine.predict([image])
    with torch.no_grad():
        pixels = image.pixels.flip(0) * 255
        (expected,) = model.inference([{"image": pixels}], do_postprocess=False)
    assert len(found.boxes) == len(expected) == 20
    torch.testing.assert_close(found.boxes, expected.pred_boxes.tensor, rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(found.score_box, expected.scores, rtol=1e-4, atol=1e-5)
    assert torch.equal(found.labels, expected.pred_classes)
    torch.testing.assert_close(
        found.mask_probabilities, expected.pred_masks[:, 0], rtol=1e-4, atol=1e-5
    )
