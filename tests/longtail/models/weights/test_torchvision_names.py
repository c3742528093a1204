"""torchvision's own Mask R-CNN is the oracle: its state dicts, and what it computes with them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from support.statistics_of import statistics_of
from torch import Tensor, nn
from torchvision.models import resnet50
from torchvision.models.detection import (
    fasterrcnn_resnet50_fpn,
    maskrcnn_resnet50_fpn,
    maskrcnn_resnet50_fpn_v2,
)

from longtail.config.classifiers import Classifier, Sigmoid, Softmax
from longtail.config.detector import Detector, Timm
from longtail.config.variant import Inference
from longtail.engines.torchvision import TorchvisionEngine, build_torchvision_engine
from longtail.models.weights.detectron2_names import (
    NO_COUNTERPART,
    OF_CLASSIFIER,
    OF_MMDETECTION,
    OTHER_LAYERS,
    origin_of,
    to_neutral,
)
from longtail.models.weights.file import WeightsFile
from longtail.models.weights.initial_detector import take_weights
from longtail.models.weights.summary import summarize
from longtail.models.weights.taken import Taken
from longtail.models.weights.torchvision_names import NOTE

COCO = 90
"""Categories of torchvision's COCO detectors, background apart."""
DETECTOR = Detector(backbone=Timm(model="resnet50", norm="frozen"))
OLD_NAMES = {
    "rpn.head.conv.0.0.": "rpn.head.conv.",
    **{f"roi_heads.mask_head.{i}.0.": f"roi_heads.mask_head.mask_fcn{i + 1}." for i in range(4)},
    **{
        f"backbone.fpn.{block}_blocks.{i}.0.": f"backbone.fpn.{block}_blocks.{i}."
        for block in ("inner", "layer")
        for i in range(4)
    },
}
"""Today's names, and those of torchvision's published files."""


def built(make: Any, **options: Any) -> dict[str, Tensor]:
    """The names and shapes of a model, without memory for its values."""
    with torch.device("meta"):
        model: nn.Module = make(weights=None, **options)
    return dict(model.state_dict())


def detector_of(make: Any) -> dict[str, Tensor]:
    return built(make, weights_backbone=None)


def engine(num_categories: int = COCO, classifier: Classifier | None = None) -> TorchvisionEngine:
    statistics = statistics_of(num_categories)
    return build_torchvision_engine(DETECTOR, classifier or Softmax(), Inference(), statistics)


def taken_of(
    weights: Mapping[str, Tensor], num_categories: int = COCO, classifier: Classifier | None = None
) -> Taken:
    # Values are looked at for NaN, which tensors without any cannot be.
    filled = {name: torch.zeros(value.shape) for name, value in weights.items()}
    with torch.device("meta"):
        own = engine(num_categories, classifier).state_dict()
    neutral = to_neutral(filled, detectron2_body=False)
    return take_weights(own, neutral, num_categories)[1]


def with_old_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """As the published files have them: frozen norms have no counters, either."""
    old = {}
    for name, value in weights.items():
        if name.endswith("num_batches_tracked"):
            continue
        prefix = next((p for p in OLD_NAMES if name.startswith(p)), "")
        old[OLD_NAMES[prefix] + name.removeprefix(prefix) if prefix else name] = value
    return old


@pytest.mark.parametrize("rename", [dict, with_old_names], ids=["today's", "published"])
def test_the_coco_detector_is_taken_whole(rename: Any) -> None:
    taken = taken_of(rename(detector_of(maskrcnn_resnet50_fpn)))
    assert taken.origin == "torchvision"
    assert taken.is_complete, taken.table()
    assert (taken.left_out, taken.notes) == ({}, (NOTE,))


def test_of_other_categories_all_but_the_last_layers_is_taken() -> None:
    taken = taken_of(detector_of(maskrcnn_resnet50_fpn), num_categories=1203)
    counts = {part: (len(of.taken), of.num_tensors) for part, of in taken.parts.items()}
    assert counts == {
        "backbone": (265, 265),
        "neck": (16, 16),
        "rpn": (6, 6),
        "box_head": (4, 4),
        "classifier": (0, 2),
        "box_regressor": (0, 2),
        "mask_head": (10, 12),
    }
    assert taken.left_out == {
        "of a classifier of 90 categories, where this has 1203": (
            "roi_heads.box_predictor.cls_score.weight",
            "roi_heads.box_predictor.cls_score.bias",
        )
    }
    assert "[360, 1024] in the file, [4812, 1024] here" in taken.table()
    assert "[90, 256, 1, 1] in the file, [1203, 256, 1, 1] here" in taken.table()


def test_a_sigmoid_classifier_leaves_background_out() -> None:
    taken = taken_of(detector_of(maskrcnn_resnet50_fpn), classifier=Sigmoid())
    assert taken.is_complete
    assert [note.partition(":")[0] for note in taken.notes][1] == "classifier"


def test_of_v2_only_what_ours_can_be_is_taken() -> None:
    taken = taken_of(detector_of(maskrcnn_resnet50_fpn_v2))
    assert taken.origin == "torchvision"
    counts = {part: len(of.taken) for part, of in taken.parts.items()}
    assert counts == {
        "backbone": 265,
        **dict.fromkeys(("neck", "rpn", "box_head", "classifier"), 0),
        **dict.fromkeys(("box_regressor", "mask_head"), 0),
    }
    left_out = {reason: len(names) for reason, names in taken.left_out.items()}
    assert set(left_out) <= {OTHER_LAYERS, NO_COUNTERPART}
    assert sum(left_out.values()) == len(
        [n for n in detector_of(maskrcnn_resnet50_fpn_v2) if not n.startswith("backbone.body.")]
    )


def test_a_box_detector_gives_all_but_masks() -> None:
    taken = taken_of(detector_of(fasterrcnn_resnet50_fpn))
    assert not taken.left_out
    assert {part for part, of in taken.parts.items() if of.absent} == {"mask_head"}


def filled(model: nn.Module) -> nn.Module:
    """With values that differ everywhere, norms included."""
    generator = torch.Generator().manual_seed(0)
    for name, value in model.state_dict().items():
        if name.endswith("running_var"):
            value.uniform_(0.5, 1.5, generator=generator)
        elif value.is_floating_point():
            value.normal_(std=0.02, generator=generator)
    return model.eval()


@pytest.mark.slow
@torch.no_grad()
def test_the_engine_computes_what_torchvision_computes() -> None:
    theirs: Any = filled(maskrcnn_resnet50_fpn(weights=None, weights_backbone=None))
    ours: Any = engine().eval()
    weights = to_neutral(theirs.state_dict(), detectron2_body=False)
    state, taken = take_weights(ours.state_dict(), weights, COCO)
    assert taken.is_complete
    ours.load_state_dict(state)
    images = torch.randn(1, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    maps, levels = theirs.backbone(images), ours.neck(images, ours.backbone(images))
    for one, other in zip(maps.values(), levels.values(), strict=True):
        torch.testing.assert_close(other, one)
    for found, expected in zip(
        ours.rpn.head(list(levels.values())), theirs.rpn.head(list(maps.values())), strict=True
    ):
        torch.testing.assert_close(found, expected)
    pooled = torch.randn(3, 256, 7, 7, generator=torch.Generator().manual_seed(2))
    scores, deltas = theirs.roi_heads.box_predictor(theirs.roi_heads.box_head(pooled))
    features = ours.roi_heads.box_head(pooled)
    logits = ours.roi_heads.classifier.linear(features)
    torch.testing.assert_close(logits[:, :-1], scores[:, 1:])
    torch.testing.assert_close(logits[:, -1], scores[:, 0])
    regressed = ours.roi_heads.box_regressor(features)
    torch.testing.assert_close(regressed, deltas.view(3, -1, 4)[:, 1:])
    pooled = torch.randn(3, 256, 14, 14, generator=torch.Generator().manual_seed(3))
    masks = theirs.roi_heads.mask_predictor(theirs.roi_heads.mask_head(pooled))
    labels = torch.tensor([0, 17, 89])
    torch.testing.assert_close(
        ours.roi_heads.mask_head(pooled, labels), masks[torch.arange(3), labels + 1]
    )


MMDETECTION = (
    "backbone.layer1.0.conv1.weight",
    "backbone.bn1.running_mean",
    "neck.lateral_convs.0.conv.weight",
    "neck.fpn_convs.3.conv.bias",
    "rpn_head.rpn_conv.weight",
    "rpn_head.rpn_cls.weight",
    "roi_head.bbox_head.shared_fcs.0.weight",
    "roi_head.bbox_head.fc_cls.weight",
    "roi_head.mask_head.convs.0.conv.weight",
    "roi_head.mask_head.conv_logits.weight",
)


def summary_of(weights: Mapping[str, Tensor]) -> Any:
    return summarize(WeightsFile(Path("weights.pth"), "0" * 64, weights))


def test_the_origin_of_each_library_s_files_is_told() -> None:
    assert summary_of(detector_of(maskrcnn_resnet50_fpn)).origin == "torchvision"
    with torch.device("meta"):
        of_timm = {
            name: timm.create_model(name, pretrained=False).state_dict()
            for name in ("resnet50", "convnext_tiny", "swin_tiny_patch4_window7_224")
        }
    for name, weights in {**of_timm, "torchvision's": built(resnet50)}.items():
        assert origin_of(weights) == "timm or torchvision backbone", name
        summary = summary_of(weights)
        assert set(summary.left_out) == {OF_CLASSIFIER}
        assert summary.taker.startswith("detector.backbone.weights")
    summary = summary_of({name: torch.zeros(1) for name in MMDETECTION})
    assert (summary.origin, dict(summary.parts)) == ("mmdetection", {})
    assert summary.left_out == {OF_MMDETECTION: MMDETECTION}
    with torch.device("meta"):
        own = engine().state_dict()
    assert origin_of(own) == "longtail"


def test_a_summary_names_the_settings_that_fit() -> None:
    summary = summary_of(detector_of(maskrcnn_resnet50_fpn))
    assert summary.categories == "90, and background as the last of 91 logits"
    assert summary.parts["mask_head"] == 12 and not summary.left_out
    default = Detector()
    for path, value in summary.settings.items():
        section: Any = default
        for word in path.removeprefix("detector.").split("."):
            section = getattr(section, word)
        assert section == value, path
