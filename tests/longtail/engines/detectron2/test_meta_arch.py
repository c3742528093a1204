"""Training inputs of detectron2's own data pipeline, and those with all that a sample knows."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.statistics_of import statistics_of
from torch import Tensor

from longtail.config.classifiers import Equalization, Softmax
from longtail.config.detector import Detector
from longtail.config.variant import Inference
from longtail.data.loading.sample import Sample
from longtail.engines.targets import roi_targets

pytest.importorskip("detectron2", reason="detectron2 is not installed")

from detectron2.config import get_cfg
from detectron2.modeling import GeneralizedRCNN, build_model
from detectron2.structures import Boxes, Instances, PolygonMasks
from detectron2.utils.events import EventStorage

from longtail.engines.detectron2.config import add_longtail_config, longtail_config

K = 6
EngineMaker = Callable[..., Any]
SampleMaker = Callable[..., Sample]


@pytest.fixture
def model(detector: Detector) -> Any:
    torch.manual_seed(0)
    cfg = longtail_config(detector, Equalization(), Inference(), statistics_of(K, 4))
    cfg.MODEL.DEVICE = "cpu"
    return build_model(cfg).train()


def _plain(sample: Sample) -> dict[str, Any]:
    rings = [[ring.ravel() for ring in mask.rings] for mask in sample.masks.items if mask]
    instances = Instances(
        sample.image.size,
        gt_boxes=Boxes(sample.boxes),
        gt_classes=sample.labels,
        gt_masks=PolygonMasks(rings),
    )
    return {"image": sample.image.pixels * 255, "instances": instances}


def _losses(model: Any, inputs: list[dict[str, Any]]) -> dict[str, Tensor]:
    torch.manual_seed(4)
    with EventStorage() as storage:
        losses: dict[str, Tensor] = model(inputs)
    assert "rpn/num_pos_anchors" in storage.latest()
    return losses


def test_plain_inputs_train_every_parameter(model: Any, make_sample: SampleMaker) -> None:
    empty = _plain(make_sample(2, instances=0))
    losses = _losses(model, [_plain(make_sample(0)), _plain(make_sample(1)), empty])
    torch.stack(list(losses.values())).sum().backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []
    assert losses["loss_mask"] > 0


def test_plain_inputs_give_the_losses_of_samples_that_verify_no_more(
    model: Any, make_engine: EngineMaker, make_sample: SampleMaker
) -> None:
    samples = [make_sample(0), make_sample(1)]
    known = [
        make_sample(i, verified=tuple(type(v)(v.present, v.absent[:0]) for v in sample.verified))
        for i, sample in enumerate(samples)
    ]
    engine = make_engine(engine="detectron2")
    engine.model.load_state_dict(model.state_dict())
    found = _losses(model, [_plain(sample) for sample in samples])
    torch.manual_seed(4)
    expected = engine(known)
    torch.testing.assert_close(
        list(found.values()),
        [expected[name] for name in ("classification", "box", "mask", "rpn_objectness", "rpn_box")],
    )


def test_targets_of_a_sample_reach_the_heads(model: Any, make_sample: SampleMaker) -> None:
    sample = make_sample(0)
    targets = roi_targets(sample, K, torch.device("cpu"))
    light = roi_targets(make_sample(0, loss_weight=0.5), K, torch.device("cpu"))
    image = sample.image.pixels * 255
    full = _losses(model, [{"image": image, "roi_targets": targets}])
    half = _losses(model, [{"image": image, "roi_targets": light}])
    for name in ("loss_cls", "loss_box_reg", "loss_mask", "loss_rpn_cls", "loss_rpn_loc"):
        torch.testing.assert_close(half[name], full[name] / 2)


def _stock(detector: Detector, channels: int) -> Any:
    """detectron2's own R-CNN, pyramid and proposals with our heads."""
    cfg = get_cfg()
    add_longtail_config(cfg)
    cfg.MODEL.DEVICE = "cpu"
    cfg.MODEL.BACKBONE.NAME = "build_resnet_fpn_backbone"
    cfg.MODEL.BACKBONE.FREEZE_AT = 0
    cfg.MODEL.RESNETS.DEPTH = 18
    cfg.MODEL.RESNETS.NORM = "BN"
    cfg.MODEL.RESNETS.RES2_OUT_CHANNELS = 64
    cfg.MODEL.RESNETS.OUT_FEATURES = ["res2", "res3", "res4", "res5"]
    cfg.MODEL.FPN.IN_FEATURES = ["res2", "res3", "res4", "res5"]
    cfg.MODEL.FPN.OUT_CHANNELS = channels
    cfg.MODEL.RPN.IN_FEATURES = ["p2", "p3", "p4", "p5", "p6"]
    cfg.MODEL.RPN.POST_NMS_TOPK_TRAIN = cfg.MODEL.RPN.POST_NMS_TOPK_TEST = 50
    cfg.MODEL.ANCHOR_GENERATOR.SIZES = [[8], [16], [32], [64], [128]]
    cfg.MODEL.ROI_HEADS.NAME = "LongtailROIHeads"
    cfg.MODEL.ROI_HEADS.NUM_CLASSES = K
    cfg.MODEL.LONGTAIL.CLASSIFIER = Softmax().model_dump_json()
    cfg.MODEL.LONGTAIL.DETECTOR = detector.model_dump_json()
    return cfg


def test_the_heads_train_in_a_stock_model_of_detectron2(
    make_sample: SampleMaker, detector: Detector
) -> None:
    model = build_model(_stock(detector, channels=32)).train()
    assert type(model) is GeneralizedRCNN
    losses = _losses(model, [_plain(make_sample(0))])
    torch.stack(list(losses.values())).sum().backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []
    with torch.no_grad():
        found = model.eval()([_plain(make_sample(0))])[0]["instances"]
    assert found.has("pred_masks")


def test_levels_of_another_width_are_refused(detector: Detector) -> None:
    with pytest.raises(ValueError, match=r"p2 to p5 with 32 channels .* gives \{'p2': 64"):
        build_model(_stock(detector, channels=64))
