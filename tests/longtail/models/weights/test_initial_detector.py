import json
from pathlib import Path

import pytest
import torch
from support.statistics_of import statistics_of
from torch import Tensor, nn

from longtail.config.classifiers import Classifier, Sigmoid, Softmax
from longtail.config.detector import BoxHead, Detector, MaskHead
from longtail.config.variant import Inference
from longtail.models.necks.feature_pyramid import FeaturePyramid
from longtail.models.roi_heads.build import build_roi_heads
from longtail.models.rpn_head import RPNHead
from longtail.models.weights.detectron2_names import OTHER_NETWORK, to_neutral
from longtail.models.weights.initial_detector import NO_SUCH_LAYER, initial_detector, take_weights
from longtail.problems import BadInputError

K = 5
DETECTOR = Detector(
    neck_channels=4,
    box_head=BoxHead(pool_size=2, channels=8),
    mask_head=MaskHead(channels=4, convolutions=2),
)


def _own(classifier: Classifier | None = None, num_categories: int = K) -> dict[str, Tensor]:
    """State of a detector whose backbone is one batch norm."""
    detector = nn.Module()
    detector.backbone = nn.Sequential(nn.BatchNorm2d(3))
    detector.neck = FeaturePyramid((3, 3, 3, 3), 4)
    detector.rpn = nn.ModuleDict({"head": RPNHead(4, 3)})
    detector.roi_heads = build_roi_heads(
        DETECTOR, classifier or Softmax(), Inference(), statistics_of(num_categories)
    )
    return dict(detector.state_dict())


def _checkpoint(num_categories: int = K) -> dict[str, Tensor]:
    """What detectron2 would save for the same heads: every tensor has its own value."""
    ours = _own(Softmax(), num_categories)
    renamed = {
        "rpn.head.": "proposal_generator.rpn_head.",
        "roi_heads.classifier.linear.": "roi_heads.box_predictor.cls_score.",
        "roi_heads.box_regressor.linear.": "roi_heads.box_predictor.bbox_pred.",
        "roi_heads.mask_head.deconvolution.": "roi_heads.mask_head.deconv.",
        "roi_heads.mask_head.convolutions.0.": "roi_heads.mask_head.mask_fcn1.",
        "roi_heads.mask_head.convolutions.1.": "roi_heads.mask_head.mask_fcn2.",
        **{f"neck.pyramid.inner_blocks.{i}.0.": f"backbone.fpn_lateral{i + 2}." for i in range(4)},
        **{f"neck.pyramid.layer_blocks.{i}.0.": f"backbone.fpn_output{i + 2}." for i in range(4)},
        "backbone.0.": "backbone.bottom_up.stem.conv1.norm.",
    }
    found = {}
    for number, (name, value) in enumerate(ours.items()):
        prefix = next((p for p in renamed if name.startswith(p)), "")
        theirs = renamed[prefix] + name.removeprefix(prefix) if prefix else name
        found[theirs] = torch.full_like(value, number)
    return found


def test_a_checkpoint_of_the_same_heads_is_taken_whole_but_for_the_backbone() -> None:
    own, checkpoint = _own(), _checkpoint()
    state, taken = take_weights(own, to_neutral(checkpoint, detectron2_body=False), K)
    assert state.keys() == own.keys()
    changed = {name for name in own if not torch.equal(state[name], own[name])}
    assert {name for name in own if not name.startswith("backbone.")} - changed == set()
    assert not any(name.startswith("backbone.") for name in changed)
    counts = {part: (len(of.taken), of.num_tensors) for part, of in taken.parts.items()}
    assert counts == {
        "backbone": (0, 4),
        "neck": (16, 16),
        "rpn": (6, 6),
        "box_head": (4, 4),
        "classifier": (2, 2),
        "box_regressor": (2, 2),
        "mask_head": (8, 8),
    }
    assert {reason: len(names) for reason, names in taken.left_out.items()} == {OTHER_NETWORK: 5}
    assert taken.num_taken == 38 and not taken.is_complete


def test_another_number_of_categories_leaves_the_last_layers_as_they_were() -> None:
    own = _own(Softmax(), 7)
    state, taken = take_weights(own, to_neutral(_checkpoint(), False), 7)
    misshapen = {name: s for part in taken.parts.values() for name, s in part.misshapen.items()}
    assert misshapen == {
        "roi_heads.box_regressor.linear.weight": ((20, 8), (28, 8)),
        "roi_heads.box_regressor.linear.bias": ((20,), (28,)),
        "roi_heads.mask_head.predictor.weight": ((5, 4, 1, 1), (7, 4, 1, 1)),
        "roi_heads.mask_head.predictor.bias": ((5,), (7,)),
    }
    assert all(torch.equal(state[name], own[name]) for name in misshapen)
    assert taken.parts["classifier"].taken == () and taken.parts["box_head"].absent == ()
    assert "roi_heads.box_regressor.linear.bias: [20] in the file, [28] here" in taken.table()
    assert "of a classifier of 5 categories, where this has 7: roi_heads.box_pr" in taken.table()


def test_a_sigmoid_classifier_takes_all_rows_but_the_background() -> None:
    checkpoint = _checkpoint()
    checkpoint["roi_heads.box_predictor.cls_score.bias"] = torch.arange(6.0)
    state, taken = take_weights(_own(Sigmoid()), to_neutral(checkpoint, False), K)
    assert state["roi_heads.classifier.linear.bias"].tolist() == [0, 1, 2, 3, 4]
    assert state["roi_heads.classifier.linear.weight"].shape == (K, 8)
    assert len(taken.notes) == 1 and "USE_SIGMOID_CE" in taken.table()


@pytest.mark.parametrize(
    ("classifier", "of_file", "here"), [(Sigmoid(), K, K + 1), (Softmax(), K + 1, K)]
)
def test_rows_are_never_taken_for_those_of_another_number_of_categories(
    classifier: Classifier, of_file: int, here: int
) -> None:
    # K + 1 rows of K categories and background look like those of K + 1 categories without it.
    weights = to_neutral(_checkpoint(of_file), False)
    _, taken = take_weights(_own(classifier, here), weights, here)
    assert taken.parts["classifier"].taken == () and taken.notes == ()


def test_a_nodes_own_weights_are_taken_whole() -> None:
    own = _own(Sigmoid())
    before = {name: value + 1 for name, value in _own(Sigmoid()).items()}
    state, taken = take_weights(own, to_neutral(before, detectron2_body=False), K)
    assert taken.origin == "longtail" and taken.is_complete and taken.left_out == {}
    assert all(torch.equal(state[name], before[name]) for name in own)
    assert taken.table().splitlines()[0].split() == ["backbone", "4", "of", "4"]


def test_missing_batch_counters_are_not_listed() -> None:
    before = {name: value for name, value in _own().items() if "num_batches" not in name}
    _, taken = take_weights(_own(), to_neutral(before, detectron2_body=False), K)
    assert taken.is_complete


def test_tensors_without_a_place_and_places_without_a_tensor_are_listed() -> None:
    checkpoint = _checkpoint()
    del checkpoint["roi_heads.box_head.fc2.bias"]
    checkpoint["roi_heads.mask_head.mask_fcn3.weight"] = torch.zeros(1)
    checkpoint["roi_heads.mask_iou_head.fc.weight"] = torch.zeros(1)
    _, taken = take_weights(_own(), to_neutral(checkpoint, True), K)
    assert taken.parts["box_head"].absent == ("roi_heads.box_head.fc2.bias",)
    assert "roi_heads.mask_head.mask_fcn3.weight" in taken.left_out[NO_SUCH_LAYER]
    unknown = [names for reason, names in taken.left_out.items() if "counterpart" in reason]
    assert unknown == [("roi_heads.mask_iou_head.fc.weight",)]
    listed = json.loads(json.dumps(taken.as_json(), allow_nan=False))
    assert listed["parts"]["box_head"]["absent"] == ["roi_heads.box_head.fc2.bias"]
    assert listed["parts"]["box_head"]["taken"] == 3


def test_weights_of_a_diverged_training_are_refused() -> None:
    checkpoint = _checkpoint()
    checkpoint["backbone.fpn_output3.bias"][2] = torch.nan
    with pytest.raises(BadInputError, match=r"1 tensors hold NaN .* first neck\.pyramid\.layer_bl"):
        take_weights(_own(), to_neutral(checkpoint, False), K)


def test_a_file_of_which_nothing_fits_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    detector = DETECTOR.replace(weights=str(path))
    torch.save({"layer1.0.conv1.weight": torch.zeros(1)}, path)
    with pytest.raises(BadInputError, match=r"w\.pth: nothing .* layer1.* detector\.backbone\.wei"):
        initial_detector(detector, _own(), K)
    torch.save({"res2.0.conv1.weight": torch.zeros(1)}, path)
    with pytest.raises(
        BadInputError, match=r"nothing of it fits this detector(.|\n)*own bottom-up"
    ):
        initial_detector(detector, _own(), K)
    torch.save({"neck.pyramid.layer_blocks.0.0.bias": torch.full((4,), torch.inf)}, path)
    with pytest.raises(BadInputError, match=r"detector\.weights .*w\.pth: 1 tensors hold NaN"):
        initial_detector(detector, _own(), K)
