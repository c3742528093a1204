import math

import pytest
import torch
from torch import nn

from longtail.config.stages import SGD, AdamW, CosineDecay, MultiStep, Schedule
from longtail.training.optimizers import build_optimizer, lr_at, set_learning_rate


def _schedule(decay: MultiStep | CosineDecay, warmup: int = 4) -> Schedule:
    return Schedule(iterations=12, warmup_iterations=warmup, warmup_factor=0.2, decay=decay)


def test_warmup_rises_linearly_to_the_base_rate() -> None:
    schedule = _schedule(MultiStep(milestones=()))
    rates = [lr_at(step, schedule, 10.0) for step in range(6)]
    assert rates == pytest.approx([2.0, 4.0, 6.0, 8.0, 10.0, 10.0])


def test_without_warmup_the_first_step_has_the_base_rate() -> None:
    assert lr_at(0, _schedule(MultiStep(), warmup=0), 0.02) == 0.02


def test_multi_step_falls_exactly_at_its_milestones() -> None:
    schedule = _schedule(MultiStep(milestones=(0.5, 0.75), factor=0.1), warmup=0)
    rates = [lr_at(step, schedule, 1.0) for step in range(12)]
    assert rates == pytest.approx([1.0] * 6 + [0.1] * 3 + [0.01] * 3)


def test_milestones_of_the_reports_fall_on_whole_epochs() -> None:
    schedule = Schedule(iterations=24_000, decay=MultiStep(milestones=(16 / 24, 22 / 24)))
    assert lr_at(15_999, schedule, 0.02) == pytest.approx(0.02)
    assert lr_at(16_000, schedule, 0.02) == pytest.approx(0.002)
    assert lr_at(22_000, schedule, 0.02) == pytest.approx(0.0002)


def test_cosine_passes_the_middle_at_half_and_approaches_its_final_share() -> None:
    schedule = _schedule(CosineDecay(final_share=0.2), warmup=0)
    assert lr_at(0, schedule, 1.0) == pytest.approx(1.0)
    assert lr_at(6, schedule, 1.0) == pytest.approx(0.6)
    last = 0.2 + 0.8 * 0.5 * (1 + math.cos(math.pi * 11 / 12))
    assert lr_at(11, schedule, 1.0) == pytest.approx(last)


def test_warmup_scales_the_decayed_rate() -> None:
    schedule = _schedule(CosineDecay(), warmup=4)
    decayed = 0.5 * (1 + math.cos(math.pi * 2 / 12))
    assert lr_at(2, schedule, 1.0) == pytest.approx(0.6 * decayed)


def _model() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(2, 2))


@pytest.mark.parametrize("config", [SGD(), AdamW()])
def test_only_weights_of_layers_decay(config: SGD | AdamW) -> None:
    model = _model()
    decaying, spared = build_optimizer(config, model).param_groups
    assert [id(p) for p in decaying["params"]] == [id(model[0].weight), id(model[2].weight)]
    assert decaying["weight_decay"] == config.weight_decay
    assert spared["weight_decay"] == 0.0 and len(spared["params"]) == 4


def test_frozen_parameters_are_left_out() -> None:
    model = _model()
    model[0].requires_grad_(False)
    groups = build_optimizer(SGD(), model).param_groups
    assert [len(group["params"]) for group in groups] == [1, 3]


def test_a_stage_that_trains_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="freeze"):
        build_optimizer(SGD(), _model().requires_grad_(False))


def test_sgd_step_is_the_textbook_one() -> None:
    layer = nn.Linear(1, 1, bias=False)
    nn.init.constant_(layer.weight, 2.0)
    optimizer = build_optimizer(SGD(momentum=0.5, weight_decay=0.1), layer)
    set_learning_rate(optimizer, 0.1)
    for expected in (2.0 - 0.1 * 1.2, None):
        layer.weight.grad = torch.ones_like(layer.weight)
        optimizer.step()
        if expected is not None:
            assert layer.weight.item() == pytest.approx(expected)
    # second velocity: 0.5 * 1.2 + (1 + 0.1 * 1.88)
    assert layer.weight.item() == pytest.approx(1.88 - 0.1 * (0.6 + 1.188))
