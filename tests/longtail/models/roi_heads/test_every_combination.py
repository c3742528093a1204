"""Every combination of stages, classifiers and options of masks and boxes learns and predicts."""

import copy
import itertools
from collections.abc import Callable

import pytest
import torch
from support.models.every_head import BOXES, DETECTOR, MASKS, STAGES, WIDTH, every_classifier
from support.statistics_of import statistics_of
from torch import Tensor

from longtail.config.classifiers import Classifier, Softmax
from longtail.config.detector import Detector
from longtail.config.variant import Inference
from longtail.models.roi_heads.build import build_roi_heads
from longtail.models.roi_heads.heads import RoIHeads
from longtail.models.roi_heads.targets import RoITargets

K, SIDE = 5, 64
SIZES = [(SIDE, SIDE)] * 2
PROPOSALS = [
    torch.tensor([[1.0, 2, 30, 33], [30, 30, 60, 62], [0, 0, 9, 60], [40, 0, 64, 20]]),
    torch.tensor([[2.0, 2, 32, 31]]),
]
TargetsMaker = Callable[..., RoITargets]


def _heads(detector: Detector, classifier: Classifier) -> RoIHeads:
    torch.manual_seed(0)
    inference = Inference(score_threshold=0.0, detections_per_image=5)
    return build_roi_heads(detector, classifier, inference, statistics_of(K, 3))


def _features() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {
        name: torch.randn(2, WIDTH, SIDE // stride, SIDE // stride, generator=generator)
        for name, stride in (("p2", 4), ("p3", 8), ("p4", 16), ("p5", 32), ("p6", 64))
    }


def _step(heads: RoIHeads, optimizer: torch.optim.Optimizer, targets: list[RoITargets]) -> None:
    optimizer.zero_grad()
    _, losses = heads(_features(), PROPOSALS, SIZES, targets)
    assert all(loss.ndim == 0 and loss.isfinite() for loss in losses.values())
    torch.stack(list(losses.values())).sum().backward()
    silent = [n for n, p in heads.named_parameters() if (p.grad is None) == p.requires_grad]
    assert not silent, f"not in the graph: {silent}"
    optimizer.step()


def _learns_goes_on_and_predicts(
    detector: Detector, classifier: Classifier, make_targets: TargetsMaker
) -> None:
    heads = _heads(detector, classifier)
    classes = torch.randint(4, (SIDE, SIDE), dtype=torch.uint8)
    targets = [
        make_targets([[0.0, 0, 30, 30], [30, 30, 62, 62]], [1, 3], semantic=classes),
        make_targets([], []),
    ]
    optimizer = torch.optim.SGD(heads.parameters(), lr=1e-3, momentum=0.9)
    _step(heads, optimizer, targets)
    states = copy.deepcopy((heads.state_dict(), optimizer.state_dict()))
    torch.manual_seed(2)
    _step(heads, optimizer, targets)
    resumed = _heads(detector, classifier)
    resumed.load_state_dict(states[0], strict=True)
    again = torch.optim.SGD(resumed.parameters(), lr=1e-3, momentum=0.9)
    again.load_state_dict(states[1])
    torch.manual_seed(2)
    _step(resumed, again, targets)
    pairs = zip(heads.state_dict().items(), resumed.state_dict().items(), strict=True)
    assert all(a == b and torch.equal(x, y) for (a, x), (b, y) in pairs)
    with torch.no_grad():
        detected, _ = heads.eval()(_features(), PROPOSALS, SIZES)
    for of_image in detected:
        count = len(of_image.found.labels)
        assert 0 < count <= 5
        assert of_image.mask_probabilities.shape == (count, 8, 8)
        assert ((of_image.mask_quality >= 0) & (of_image.mask_quality <= 1)).all()
        assert (of_image.mask_quality.eq(1).all()) == (heads.mask_scorer is None)
    parts = heads.parts().values()
    named = {id(p) for part in parts for p in part.parameters()}
    assert named == {id(p) for p in heads.parameters()}, "every weight belongs to a part"


@pytest.mark.parametrize("stages", ["standard", "cascade", "htc"])
def test_every_classifier_with_every_mask_option(stages: str, make_targets: TargetsMaker) -> None:
    for classifier, mask in itertools.product(every_classifier().values(), MASKS.values()):
        detector = DETECTOR.replace(roi_stages=STAGES[stages], mask_head=mask)
        _learns_goes_on_and_predicts(detector, classifier, make_targets)


@pytest.mark.parametrize("boxes", BOXES)
def test_every_kind_of_stages_with_every_box_option(boxes: str, make_targets: TargetsMaker) -> None:
    for stages in STAGES.values():
        detector = DETECTOR.replace(roi_stages=stages, box_head=BOXES[boxes])
        _learns_goes_on_and_predicts(detector, Softmax(), make_targets)


def test_every_classifier_where_its_scores_move_the_rois(make_targets: TargetsMaker) -> None:
    detector = DETECTOR.replace(roi_stages=STAGES["cascade with boxes of categories"])
    for classifier in every_classifier().values():
        _learns_goes_on_and_predicts(detector, classifier, make_targets)
