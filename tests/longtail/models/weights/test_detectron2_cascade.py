"""Checkpoints of detectron2's cascade: the whole detector must find what theirs does."""

import json
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from click.testing import CliRunner
from support.statistics_of import statistics_of
from torch import nn

from longtail.config.classifiers import Classifier, Sigmoid, Softmax
from longtail.config.detector import BoxHead, Detector, Detectron2, MaskHead
from longtail.config.roi_stages import Cascade
from longtail.config.variant import Inference
from longtail.data.loading.sample import Image
from longtail.engines.build import build_engine
from longtail.models.weights.__main__ import main
from longtail.models.weights.initial_detector import NO_BACKGROUND, InitialDetector
from longtail.models.weights.initial_detector import initial_detector as start_from

detectron2 = pytest.importorskip("detectron2", reason="detectron2 is not installed")

K, WIDTH = 5, 16
SMALL = {
    "MODEL.DEVICE": "cpu",
    "MODEL.PIXEL_STD": [57.375, 57.12, 58.395],
    "MODEL.RESNETS.DEPTH": 18,
    "MODEL.RESNETS.RES2_OUT_CHANNELS": 64,
    "MODEL.FPN.OUT_CHANNELS": WIDTH,
    "MODEL.ROI_BOX_HEAD.FC_DIM": 32,
    "MODEL.ROI_MASK_HEAD.CONV_DIM": WIDTH,
    "MODEL.ROI_HEADS.NUM_CLASSES": K,
    "MODEL.RPN.PRE_NMS_TOPK_TEST": 100,
    "MODEL.RPN.POST_NMS_TOPK_TEST": 50,
}
AS_THEIRS = Cascade(mask_heads="one", averaged="probabilities")


@pytest.fixture
def stock(tmp_path: Path) -> Any:
    """A small cascade of detectron2's zoo whose every weight counts, saved in `tmp_path`."""
    from detectron2.config import get_cfg
    from detectron2.modeling import build_model

    configs = Path(detectron2.__file__).parent / "model_zoo" / "configs"
    config = get_cfg()
    config.merge_from_file(str(configs / "Misc" / "cascade_mask_rcnn_R_50_FPN_3x.yaml"))
    config.merge_from_list([value for pair in SMALL.items() for value in pair])
    (tmp_path / "small.yaml").write_text(config.dump())
    torch.manual_seed(0)
    model = build_model(config).eval()
    for name, parameter in model.named_parameters():
        if not name.startswith("backbone.bottom_up"):
            is_of_boxes = "anchor_deltas" in name or "bbox_pred" in name
            nn.init.normal_(parameter, std=0.02 if is_of_boxes else 0.1)
    torch.save({"model": model.state_dict()}, tmp_path / "model.pth")
    return model


def _started(
    folder: Path, classifier: Classifier, stages: Cascade = AS_THEIRS
) -> tuple[Any, InitialDetector]:
    """Our engine with the checkpoint's weights, and what it took of them."""
    detector = Detector(
        engine="detectron2",
        backbone=Detectron2(config_file=str(folder / "small.yaml")),
        neck_channels=WIDTH,
        proposals={"test_pre_nms": 100, "test_post_nms": 50},
        box_head=BoxHead(channels=32),
        mask_head=MaskHead(channels=WIDTH),
        roi_stages=stages,
        weights=str(folder / "model.pth"),
    )
    inference = Inference(score_threshold=0.05, nms_iou=0.5, detections_per_image=100)
    engine = cast(Any, build_engine(detector, classifier, inference, statistics_of(K)))
    state, start = start_from(detector, engine.state_dict(), K)
    engine.load_state_dict(state, strict=True)
    return engine.eval(), start


def test_the_whole_detector_finds_the_same_as_the_stock_one(stock: Any, tmp_path: Path) -> None:
    engine, start = _started(tmp_path, Softmax())
    assert start.taken.is_complete and not start.taken.left_out
    blue_green_red = torch.randint(0, 256, (3, 64, 96)).float()
    expected = stock.inference([{"image": blue_green_red}], do_postprocess=False)[0]
    image = Image(blue_green_red.flip(0) / 255, image_id=1, original_size=(64, 96))
    found = engine.predict([image])[0]
    assert len(found.labels) == len(expected) > 10
    assert torch.equal(found.labels, expected.pred_classes)
    torch.testing.assert_close(found.boxes, expected.pred_boxes.tensor, rtol=1e-4, atol=1e-2)
    torch.testing.assert_close(found.score_box, expected.scores, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        found.mask_probabilities, expected.pred_masks[:, 0], rtol=1e-3, atol=1e-4
    )


def test_classifiers_without_background_leave_out_the_last_row_of_every_stage(
    stock: Any, tmp_path: Path
) -> None:
    engine, start = _started(tmp_path, Sigmoid())
    assert start.taken.is_complete and start.taken.notes == (NO_BACKGROUND,)
    state = engine.state_dict()
    for number, predictor in enumerate(stock.roi_heads.box_predictor):
        for kind, value in predictor.cls_score.state_dict().items():
            assert torch.equal(state[f"roi_heads.classifier.{number}.linear.{kind}"], value[:-1])


def test_a_mask_head_for_each_stage_is_what_a_file_with_one_does_not_have(
    stock: Any, tmp_path: Path
) -> None:
    _, start = _started(tmp_path, Softmax(), Cascade())
    part = start.taken.parts["mask_head"]
    assert not part.taken and len(part.absent) == 3 * 12
    ((_, names),) = start.taken.left_out.items()
    assert len(names) == 12 and all(name.startswith("roi_heads.mask_head.") for name in names)
    assert len(start.taken.parts["box_regressor"].taken) == 3 * 2


def test_a_summary_names_the_settings_of_a_stock_cascade(stock: Any, tmp_path: Path) -> None:
    facts = tmp_path / "facts.json"
    result = CliRunner().invoke(main, [str(tmp_path / "model.pth"), "--json", str(facts)])
    assert result.exit_code == 0, result.output
    summary = json.loads(facts.read_text())
    assert summary["origin"] == "detectron2" and summary["left_out"] == {}
    assert summary["categories"] == "5, and background as the last of 6 logits"
    assert summary["settings"] == {
        "detector.roi_stages": "cascade",
        "detector.roi_stages.mask_heads": "one",
        "detector.roi_stages.class_specific_boxes": False,
        "detector.neck_channels": 16,
        "detector.box_head.channels": 32,
        "detector.box_head.pool_size": 7,
        "detector.mask_head.channels": 16,
        "detector.mask_head.convolutions": 4,
        "detector.mask_head.class_specific": True,
    }
    assert 'detector.roi_stages="cascade"' in result.output
