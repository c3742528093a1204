"""Every combination of stages, classifiers and options of masks learns, goes on and predicts.

In each engine by itself, with its own proposals. It takes minutes, so it runs where detectron2 is;
that the heads alone do so is tested everywhere: `longtail/models/roi_heads`.
"""

import copy
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from support.models.every_head import BOXES, MASKS, STAGES, every_classifier

from longtail.config.detector import Detector
from longtail.data.loading.sample import Sample

pytest.importorskip("detectron2", reason="detectron2 is not installed: engines are not compared")


def _learn(engine: Any, optimizer: torch.optim.Optimizer, samples: Sequence[Sample]) -> None:
    optimizer.zero_grad()
    losses = engine(samples)
    assert all(loss.ndim == 0 and loss.isfinite() for loss in losses.values())
    torch.stack(list(losses.values())).sum().backward()
    optimizer.step()


def _optimizer(engine: Any) -> torch.optim.Optimizer:
    learning = [p for p in engine.parameters() if p.requires_grad]
    return torch.optim.SGD(learning, lr=1e-3, momentum=0.9)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["torchvision", "detectron2"])
@pytest.mark.parametrize("stages", ["standard", "cascade", "htc"])
def test_every_classifier_with_every_mask_option(
    make_engine: Callable[..., Any],
    make_sample: Callable[..., Sample],
    detector: Detector,
    stages: str,
    engine: str,
) -> None:
    samples = [make_sample(0), make_sample(1, height=50, width=90)]
    images = [sample.image for sample in samples]
    for classifier, mask in itertools.product(every_classifier().values(), MASKS.values()):
        toy = detector.replace(
            roi_stages=STAGES[stages], mask_head=mask, box_head=BOXES["two layers"]
        )
        first = make_engine(toy, classifier, engine=engine)
        optimizer = _optimizer(first)
        _learn(first, optimizer, samples)
        kept = copy.deepcopy((first.state_dict(), optimizer.state_dict()))
        torch.manual_seed(2)
        _learn(first, optimizer, samples)
        resumed = make_engine(toy, classifier, seed=1, engine=engine)
        resumed.load_state_dict(kept[0], strict=True)
        again = _optimizer(resumed)
        again.load_state_dict(kept[1])
        torch.manual_seed(2)
        _learn(resumed, again, samples)
        own, other = first.state_dict(), resumed.state_dict()
        assert list(own) == list(other)
        assert all(torch.equal(own[name], other[name]) for name in own)
        found = first.eval().predict(images)
        assert all(
            len(of_image.boxes) and of_image.score_mask.isfinite().all() for of_image in found
        )
