"""Our cascade against detectron2's own: the same weights, features and proposals."""

from typing import Any

import pytest
import torch
from support.statistics_of import statistics_of
from torch import Tensor

from longtail.config.classifiers import Softmax
from longtail.config.detector import BoxHead, Detector, MaskHead
from longtail.config.roi_stages import Cascade
from longtail.config.variant import Inference
from longtail.models.roi_heads.build import build_roi_heads
from longtail.models.roi_heads.heads import RoIHeads
from longtail.models.weights.detectron2_names import to_neutral

pytest.importorskip("detectron2", reason="detectron2 is not installed")

from detectron2.config import get_cfg
from detectron2.layers import ShapeSpec
from detectron2.modeling import build_roi_heads as build_theirs
from detectron2.structures import Boxes, Instances, PolygonMasks
from detectron2.utils.events import EventStorage

from longtail.engines.detectron2.targets import targets_of

K, WIDTH, SIDE = 5, 8, 128
STRIDES = {"p2": 4, "p3": 8, "p4": 16, "p5": 32}
STAGES = Cascade(
    later_rois="all",
    averaged="probabilities",
    scale_gradients=True,
    mask_heads="one",
    loss_weights=(1, 1, 1),
)
INSTANCES = [[10.0, 12, 60, 70], [50, 40, 120, 118], [0, 80, 30, 128]]


def _theirs(class_specific_masks: bool) -> Any:
    cfg = get_cfg()
    settings: dict[str, object] = {
        "MODEL.MASK_ON": True,
        "MODEL.ROI_HEADS.NAME": "CascadeROIHeads",
        "MODEL.ROI_HEADS.IN_FEATURES": list(STRIDES),
        "MODEL.ROI_HEADS.NUM_CLASSES": K,
        # Nothing is drawn: all proposals and all foreground are taken.
        "MODEL.ROI_HEADS.POSITIVE_FRACTION": 1.0,
        "MODEL.ROI_BOX_HEAD.NAME": "FastRCNNConvFCHead",
        "MODEL.ROI_BOX_HEAD.NUM_FC": 2,
        "MODEL.ROI_BOX_HEAD.FC_DIM": 32,
        "MODEL.ROI_BOX_HEAD.POOLER_RESOLUTION": 7,
        "MODEL.ROI_BOX_HEAD.CLS_AGNOSTIC_BBOX_REG": True,
        "MODEL.ROI_MASK_HEAD.NAME": "MaskRCNNConvUpsampleHead",
        "MODEL.ROI_MASK_HEAD.NUM_CONV": 2,
        "MODEL.ROI_MASK_HEAD.CONV_DIM": 8,
        "MODEL.ROI_MASK_HEAD.CLS_AGNOSTIC_MASK": not class_specific_masks,
    }
    cfg.merge_from_list([value for pair in settings.items() for value in pair])
    shapes = {name: ShapeSpec(channels=WIDTH, stride=s) for name, s in STRIDES.items()}
    torch.manual_seed(0)
    heads = build_theirs(cfg, shapes)
    for name, parameter in heads.named_parameters():
        torch.nn.init.normal_(parameter, std=0.05 if "bbox_pred" in name else 0.1)
    return heads


def _ours(theirs: Any) -> tuple[RoIHeads, dict[str, str]]:
    """Heads with the same weights, and detectron2's name of each."""
    class_specific = theirs.mask_head.predictor.out_channels == K
    detector = Detector(
        neck_channels=WIDTH,
        box_head=BoxHead(channels=32, positive_fraction=1.0),
        mask_head=MaskHead(channels=8, convolutions=2, class_specific=class_specific),
        roi_stages=STAGES,
    )
    inference = Inference(score_threshold=0.05, nms_iou=0.5, detections_per_image=100)
    heads = build_roi_heads(detector, Softmax(), inference, statistics_of(K))
    state = {f"roi_heads.{name}": value for name, value in theirs.state_dict().items()}
    neutral = to_neutral(state, detectron2_body=False)
    assert not neutral.left_out

    def bare(names: Any) -> Any:
        return {ours.removeprefix("roi_heads."): value for ours, value in names.items()}

    heads.load_state_dict(bare(neutral.tensors), strict=True)
    sources = {ours: theirs.removeprefix("roi_heads.") for ours, theirs in neutral.sources.items()}
    return heads, bare(sources)


def _features(images: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {
        name: torch.randn(images, WIDTH, SIDE // s, SIDE // s, generator=generator)
        for name, s in STRIDES.items()
    }


def _proposals(around: list[list[float]], each: int) -> Tensor:
    """Boxes that overlap the given ones much and little, of which some leave the picture."""
    boxes = torch.tensor(around).repeat(each, 1)
    generator = torch.Generator().manual_seed(2)
    moved = boxes + torch.randn(boxes.shape, generator=generator) * 6
    return torch.cat([moved[:, :2], torch.maximum(moved[:, 2:], moved[:, :2] + 2)], dim=1)


def _annotated(boxes: list[list[float]], labels: list[int]) -> Instances:
    rings = [[x, y, right, y, right - 5, bottom, x, bottom - 3] for x, y, right, bottom in boxes]
    return Instances(
        (SIDE, SIDE),
        gt_boxes=Boxes(torch.tensor(boxes).view(-1, 4)),
        gt_classes=torch.tensor(labels, dtype=torch.long),
        gt_masks=PolygonMasks([[torch.tensor(ring).numpy()] for ring in rings]),
    )


def _as_instances(proposals: list[Tensor]) -> list[Instances]:
    return [
        Instances((SIDE, SIDE), proposal_boxes=Boxes(p), objectness_logits=p.new_zeros(len(p)))
        for p in proposals
    ]


AROUND, FEW, NONE = _proposals(INSTANCES, 8), _proposals(INSTANCES, 2), torch.zeros(0, 4)
ANNOTATED, EMPTY = _annotated(INSTANCES, [3, 0, 1]), _annotated([], [])
BATCHES = {
    "all kinds of images": ([FEW, AROUND, NONE, NONE], [EMPTY, ANNOTATED, EMPTY, ANNOTATED]),
    "no instances": ([AROUND], [EMPTY]),
    "no proposals": ([NONE], [ANNOTATED]),
    "nothing": ([NONE], [EMPTY]),
}


@pytest.mark.parametrize("class_specific", [True, False])
@pytest.mark.parametrize("batch", BATCHES)
def test_losses_and_all_gradients_are_theirs(batch: str, class_specific: bool) -> None:
    theirs = _theirs(class_specific).train()
    ours, sources = _ours(theirs)
    proposals, instances = BATCHES[batch]
    their_features, our_features = (
        {name: level.requires_grad_() for name, level in _features(len(proposals)).items()}
        for _ in range(2)
    )
    with EventStorage():
        _, expected = theirs(None, their_features, _as_instances(proposals), instances)
    targets = [targets_of(of_image, K) for of_image in instances]
    _, losses = ours(our_features, proposals, [(SIDE, SIDE)] * len(proposals), targets)
    for name, prefix in (("classification", "loss_cls"), ("box", "loss_box"), ("mask", "loss_m")):
        of_stages = [loss for key, loss in expected.items() if key.startswith(prefix)]
        assert len(of_stages) == (1 if name == "mask" else 3)
        torch.testing.assert_close(losses[name], torch.stack(of_stages).sum())
    if batch == "all kinds of images":
        assert all(loss > 0.1 for loss in expected.values()), "every stage has foreground"
    sum(expected.values(), torch.zeros(())).backward()
    sum(losses.values(), torch.zeros(())).backward()
    for name, parameter in ours.named_parameters():
        gradient = theirs.get_parameter(sources[name]).grad
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-4, atol=1e-5, msg=name)
    for name in STRIDES:
        torch.testing.assert_close(
            our_features[name].grad, their_features[name].grad, rtol=1e-4, atol=1e-5
        )


def _detected(theirs: Any, ours: RoIHeads, *proposals: Tensor) -> tuple[list[Any], list[Any]]:
    features = _features(len(proposals))
    with torch.no_grad():
        expected, _ = theirs.eval()(None, features, _as_instances(list(proposals)))
        found, _ = ours.eval()(features, proposals, [(SIDE, SIDE)] * len(proposals))
    return found, expected


def _assert_the_same(found: Any, expected: Any) -> None:
    assert torch.equal(found.found.labels, expected.pred_classes)
    torch.testing.assert_close(found.found.boxes, expected.pred_boxes.tensor, rtol=0, atol=1e-3)
    torch.testing.assert_close(found.found.scores, expected.scores, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(
        found.mask_probabilities, expected.pred_masks[:, 0], rtol=1e-3, atol=1e-4
    )


@pytest.mark.parametrize("class_specific", [True, False])
def test_detections_are_theirs(class_specific: bool) -> None:
    theirs = _theirs(class_specific)
    ours, _ = _ours(theirs)
    pairs = zip(*_detected(theirs, ours, AROUND, NONE), strict=True)
    for (found, expected), most in zip(pairs, (10, -1), strict=True):
        assert len(expected) > most
        _assert_the_same(found, expected)


def test_proposals_that_score_no_number_are_dropped_as_theirs_are() -> None:
    theirs = _theirs(class_specific_masks=True)
    with torch.no_grad():
        # Some proposals' logits are beyond float32 in the last stage.
        theirs.box_head[2].fc2.weight.mul_(15)
        theirs.box_predictor[2].cls_score.weight.mul_(1e38)
    ours, _ = _ours(theirs)
    (found,), (expected,) = _detected(theirs, ours, AROUND)
    assert 0 < found.found.num_not_finite < 24
    _assert_the_same(found, expected)


def test_a_proposal_without_a_number_spoils_no_other() -> None:
    # In an early stage detectron2 ends with an assertion; ours finds what it finds without them.
    theirs = _theirs(class_specific_masks=True).eval()
    ours, _ = _ours(theirs)
    sound, broken = AROUND[AROUND[:, 2] < 90], torch.tensor([[100.0, 2, 126, 30]])
    features = _features(1)
    with torch.no_grad():
        (expected,), _ = theirs(None, features, _as_instances([sound]))
        for name, stride in STRIDES.items():
            features[name][:, :, : 40 // stride + 1, 96 // stride :] = torch.nan
        proposals = torch.cat([broken, sound])
        with pytest.raises(AssertionError, match="NaN"):
            theirs(None, features, _as_instances([proposals]))
        (found,), _ = ours.eval()(features, [proposals], [(SIDE, SIDE)])
    assert found.found.num_not_finite == 1
    _assert_the_same(found, expected)
