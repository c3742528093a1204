"""Checkpoints of stock detectron2 models: our modules must compute what theirs do."""

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from support.statistics_of import statistics_of
from torch import Tensor, nn

from longtail.config.classifiers import Classifier, Sigmoid, Softmax
from longtail.config.detector import BoxHead, Detector, Detectron2, MaskHead, Timm
from longtail.config.variant import Inference
from longtail.data.loading.sample import Image
from longtail.engines.build import build_engine
from longtail.models.boxes import decode_boxes
from longtail.models.necks.feature_pyramid import FeaturePyramid
from longtail.models.roi_heads.build import build_roi_heads
from longtail.models.roi_heads.heads import RoIHeads
from longtail.models.rpn_head import RPNHead
from longtail.models.weights.detectron2_names import neutral_name
from longtail.models.weights.file import read_weights
from longtail.models.weights.initial_detector import initial_detector
from longtail.models.weights.summary import summarize

detectron2 = pytest.importorskip("detectron2")

K, WIDTH, CLOSE = 5, 16, {"rtol": 1e-5, "atol": 1e-5}
SMALL = {
    "MODEL.DEVICE": "cpu",
    "MODEL.PIXEL_STD": [57.375, 57.12, 58.395],
    "MODEL.RESNETS.DEPTH": 18,
    "MODEL.RESNETS.RES2_OUT_CHANNELS": 64,
    "MODEL.FPN.OUT_CHANNELS": WIDTH,
    "MODEL.ROI_BOX_HEAD.FC_DIM": 32,
    "MODEL.ROI_MASK_HEAD.CONV_DIM": WIDTH,
    "MODEL.ROI_HEADS.NUM_CLASSES": K,
}
AGNOSTIC = {
    "MODEL.ROI_BOX_HEAD.CLS_AGNOSTIC_BBOX_REG": True,
    "MODEL.ROI_MASK_HEAD.CLS_AGNOSTIC_MASK": True,
}


class Ours(nn.Module):
    """Neck, proposals and heads under the names of an engine."""

    def __init__(self, detector: Detector, classifier: Classifier) -> None:
        super().__init__()
        self.neck = FeaturePyramid((64, 128, 256, 512), WIDTH)
        self.rpn = nn.ModuleDict({"head": RPNHead(WIDTH, 3)})
        self.roi_heads: RoIHeads = build_roi_heads(
            detector, classifier, Inference(), statistics_of(K)
        )


def _config(**options: object) -> Any:
    from detectron2.config import get_cfg

    configs = Path(detectron2.__file__).parent / "model_zoo" / "configs"
    config = get_cfg()
    config.merge_from_file(str(configs / "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x.yaml"))
    settings = {**SMALL, **options}
    config.merge_from_list([value for pair in settings.items() for value in pair])
    return config


def _stock(**options: object) -> Any:
    """A small detectron2 Mask R-CNN whose every weight counts."""
    from detectron2.modeling import build_model

    torch.manual_seed(0)
    model = build_model(_config(**options)).eval()
    for name, parameter in model.named_parameters():
        if not name.startswith("backbone.bottom_up"):
            is_of_boxes = "anchor_deltas" in name or "bbox_pred" in name
            nn.init.normal_(parameter, std=0.01 if is_of_boxes else 0.1)
    return model


def _zoo_file(model: nn.Module, path: Path) -> str:
    arrays = {name: value.numpy() for name, value in model.state_dict().items()}
    path.write_bytes(pickle.dumps({"model": arrays, "__author__": "Detectron2 Model Zoo"}))
    return str(path)


def _ours(path: str, is_agnostic: bool = False, classifier: Classifier | None = None) -> Ours:
    detector = Detector(
        neck_channels=WIDTH,
        box_head=BoxHead(channels=32, class_specific_boxes=not is_agnostic),
        mask_head=MaskHead(channels=WIDTH, class_specific=not is_agnostic),
        weights=path,
    )
    ours = Ours(detector, classifier or Softmax())
    state, start = initial_detector(detector, ours.state_dict(), K)
    assert start.taken.is_complete
    ours.load_state_dict(state)
    return ours.eval()


@pytest.mark.parametrize("is_agnostic", [False, True])
@torch.no_grad()
def test_the_heads_compute_the_same(is_agnostic: bool, tmp_path: Path) -> None:
    model = _stock(**(AGNOSTIC if is_agnostic else {}))
    theirs = model.roi_heads
    heads = _ours(_zoo_file(model, tmp_path / "w.pkl"), is_agnostic).roi_heads

    pooled = torch.randn(6, WIDTH, 7, 7)
    logits, deltas = theirs.box_predictor(theirs.box_head(pooled))
    hidden = heads.box_head(pooled)
    torch.testing.assert_close(heads.classifier(hidden), logits, **CLOSE)
    torch.testing.assert_close(
        heads.classifier.scores(heads.classifier(hidden)), logits.softmax(1), **CLOSE
    )
    own_deltas = heads.box_regressor(hidden)
    torch.testing.assert_close(own_deltas.flatten(1), deltas, **CLOSE)

    corners = torch.rand(6, 2) * 50
    rois = torch.cat([corners, corners + 10 + torch.rand(6, 2) * 90], dim=1)
    moved = theirs.box_predictor.box2box_transform.apply_deltas(deltas, rois)
    own = decode_boxes(rois[:, None].expand_as(own_deltas), own_deltas)
    torch.testing.assert_close(own.flatten(1), moved, rtol=1e-5, atol=1e-3)

    pooled, labels = torch.randn(6, WIDTH, 14, 14), torch.arange(6) % K
    masks = theirs.mask_head.layers(pooled)
    of_label = masks[:, 0] if is_agnostic else masks[torch.arange(6), labels]
    torch.testing.assert_close(heads.mask_head(pooled, labels), of_label, **CLOSE)


@torch.no_grad()
def test_pyramid_and_proposal_outputs_are_the_same(tmp_path: Path) -> None:
    theirs = _stock()
    ours = _ours(_zoo_file(theirs, tmp_path / "w.pkl"))
    images = torch.randn(1, 3, 64, 96)
    expected = theirs.backbone(images)
    levels = ours.neck(images, list(theirs.backbone.bottom_up(images).values()))
    assert levels.keys() == expected.keys()
    for name, level in levels.items():
        torch.testing.assert_close(level, expected[name], **CLOSE)
    _compare(
        ours.rpn["head"](list(expected.values())),
        theirs.proposal_generator.rpn_head(list(expected.values())),
    )


def _compare(own: Sequence[Sequence[Tensor]], theirs: Sequence[Sequence[Tensor]]) -> None:
    for own_levels, their_levels in zip(own, theirs, strict=True):
        for own_level, their_level in zip(own_levels, their_levels, strict=True):
            torch.testing.assert_close(own_level, their_level, **CLOSE)


@torch.no_grad()
def test_sigmoid_scores_are_the_same(tmp_path: Path) -> None:
    theirs = _stock(**{"MODEL.ROI_BOX_HEAD.USE_SIGMOID_CE": True})
    heads = _ours(_zoo_file(theirs, tmp_path / "w.pkl"), classifier=Sigmoid()).roi_heads
    pooled = torch.randn(6, WIDTH, 7, 7)
    logits, _ = theirs.roi_heads.box_predictor(theirs.roi_heads.box_head(pooled))
    own = heads.classifier.scores(heads.classifier(heads.box_head(pooled)))
    torch.testing.assert_close(own[:, :K], logits.sigmoid()[:, :K], **CLOSE)


def test_the_whole_detector_finds_the_same_as_the_stock_one(tmp_path: Path) -> None:
    theirs = _stock()
    (tmp_path / "small.yaml").write_text(_config().dump())
    detector = Detector(
        engine="detectron2",
        backbone=Detectron2(config_file=str(tmp_path / "small.yaml")),
        neck_channels=WIDTH,
        box_head=BoxHead(channels=32),
        mask_head=MaskHead(channels=WIDTH),
        weights=_zoo_file(theirs, tmp_path / "w.pkl"),
    )
    inference = Inference(score_threshold=0.05, nms_iou=0.5, detections_per_image=100)
    engine = cast(Any, build_engine(detector, Softmax(), inference, statistics_of(K)))
    state, start = initial_detector(detector, engine.state_dict(), K)
    assert start.taken.is_complete and not start.taken.left_out
    engine.load_state_dict(state, strict=True)

    blue_green_red = torch.randint(0, 256, (3, 64, 96)).float()
    expected = theirs.inference([{"image": blue_green_red}], do_postprocess=False)[0]
    image = Image(blue_green_red.flip(0) / 255, image_id=1, original_size=(64, 96))
    found = engine.eval().predict([image])[0]
    assert len(found.labels) == len(expected) > 10
    assert torch.equal(found.labels, expected.pred_classes)
    torch.testing.assert_close(found.boxes, expected.pred_boxes.tensor, rtol=1e-4, atol=1e-2)
    torch.testing.assert_close(found.score_box, expected.scores, rtol=1e-4, atol=1e-5)
    masks = expected.pred_masks[:, 0]
    torch.testing.assert_close(found.mask_probabilities, masks, rtol=1e-3, atol=1e-4)


def test_a_detector_exported_to_detectron2_comes_back_whole(tmp_path: Path) -> None:
    detector = Detector(
        engine="detectron2",
        backbone=Timm(model="resnet10t"),
        neck_channels=WIDTH,
        box_head=BoxHead(channels=32),
        mask_head=MaskHead(channels=WIDTH),
        weights=str(tmp_path / "exported.pth"),
    )
    engine = cast(Any, build_engine(detector, Sigmoid(), Inference(), statistics_of(K)))
    torch.save({"model": engine.model.state_dict()}, tmp_path / "exported.pth")
    random = {name: torch.zeros_like(value) for name, value in engine.state_dict().items()}
    state, start = initial_detector(detector, random, K)
    assert start.taken.origin == "longtail in detectron2"
    assert start.taken.is_complete and not start.taken.left_out
    assert all(torch.equal(state[name], value) for name, value in engine.state_dict().items())


def test_caffe2_names_become_those_that_detectron2_gives_them() -> None:
    from detectron2.checkpoint.c2_model_loading import convert_basic_c2_names

    layers = ["conv1", "res_conv1_bn"] + [
        f"res{stage}_{block}_branch{branch}{norm}"
        for stage, block in ((2, 0), (4, 22), (5, 2))
        for branch in ("1", "2a", "2b", "2c")
        for norm in ("", "_bn")
    ]
    names = [
        f"{layer}_{kind}"
        for layer in layers
        for kind in (("s", "b", "rm", "riv") if layer.endswith("_bn") else ("w", "b"))
    ]
    theirs = [f"backbone.body.{name}" for name in convert_basic_c2_names(names)]
    assert [neutral_name(name, "detectron2 backbone") for name in names] == theirs


def test_a_trainers_checkpoint_is_read_without_trust(tmp_path: Path) -> None:
    from detectron2.checkpoint import DetectionCheckpointer
    from detectron2.config import get_cfg
    from detectron2.solver import build_lr_scheduler, build_optimizer

    model = _stock()
    optimizer = build_optimizer(get_cfg(), model)
    scheduler = build_lr_scheduler(get_cfg(), optimizer)
    checkpointer = DetectionCheckpointer(
        model, str(tmp_path), optimizer=optimizer, scheduler=scheduler
    )
    checkpointer.save("model_final", iteration=3)
    expected = model.state_dict()
    tensors = read_weights(tmp_path / "model_final.pth").tensors
    assert tensors.keys() == expected.keys()
    assert all(torch.equal(tensors[name], value) for name, value in expected.items())


def test_a_summary_names_the_network_and_the_settings_of_a_stock_model(tmp_path: Path) -> None:
    options = {
        "MODEL.RESNETS.DEPTH": 50,
        "MODEL.RESNETS.RES2_OUT_CHANNELS": 256,
        "MODEL.RESNETS.NUM_GROUPS": 32,
        "MODEL.RESNETS.WIDTH_PER_GROUP": 4,
        "MODEL.RESNETS.DEFORM_ON_PER_STAGE": [False, True, True, True],
        **AGNOSTIC,
    }
    summary = summarize(read_weights(Path(_zoo_file(_stock(**options), tmp_path / "w.pkl"))))
    assert summary.network == "ResNet-50, 32 groups of 4 channels, deformable in res3, res4, res5"
    assert summary.categories == "5, and background as the last of 6 logits"
    assert summary.left_out == {}
    assert summary.settings == {
        "detector.neck_channels": 16,
        "detector.box_head.channels": 32,
        "detector.box_head.pool_size": 7,
        "detector.box_head.class_specific_boxes": False,
        "detector.mask_head.channels": 16,
        "detector.mask_head.convolutions": 4,
        "detector.mask_head.class_specific": False,
    }
