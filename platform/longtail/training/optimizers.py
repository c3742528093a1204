"""Optimizers, and the learning rate as a pure function of the step.

The rate is set anew at every step, so a resumed run needs no scheduler state.
"""

import math

import torch
from torch import nn

from longtail.config.stages import SGD, AdamW, CosineDecay, Decay, MultiStep, Optimizer, Schedule


def build_optimizer(config: Optimizer, model: nn.Module) -> torch.optim.Optimizer:
    """The optimizer of every parameter of `model` that is not frozen.

    One-dimensional parameters, which are the biases and the scales of norm layers, get no weight
    decay. detectron2 spares norm layers only; its biases decay.

    Raises:
        ValueError: Every parameter is frozen.
    """
    learnable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if not learnable:
        raise ValueError("freeze: every part with weights is frozen; leave one to train")
    groups = [
        {
            "params": [parameter for parameter in learnable if parameter.ndim > 1],
            "weight_decay": config.weight_decay,
        },
        {
            "params": [parameter for parameter in learnable if parameter.ndim <= 1],
            "weight_decay": 0.0,
        },
    ]
    match config:
        case SGD():
            return torch.optim.SGD(groups, lr=config.base_lr, momentum=config.momentum)
        case AdamW():
            return torch.optim.AdamW(groups, lr=config.base_lr)


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give every parameter group the same learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def lr_at(step: int, schedule: Schedule, base_lr: float) -> float:
    """The learning rate of one step: linear warm-up times decay.

    The warm-up rises from `warmup_factor` at step 0 to 1 at step `warmup_iterations`.

    Args:
        step: Index of the step, 0 to `iterations` - 1.
        schedule: The stage's schedule.
        base_lr: The rate that the schedule scales.
    """
    return base_lr * _warmup(step, schedule) * _decay(step, schedule.iterations, schedule.decay)


def _warmup(step: int, schedule: Schedule) -> float:
    if step >= schedule.warmup_iterations:
        return 1.0
    done = step / schedule.warmup_iterations
    return schedule.warmup_factor + (1 - schedule.warmup_factor) * done


def _decay(step: int, iterations: int, decay: Decay) -> float:
    match decay:
        case MultiStep():
            passed = sum(step >= round(share * iterations) for share in decay.milestones)
            return decay.factor**passed
        case CosineDecay():
            falling = 0.5 * (1 + math.cos(math.pi * step / iterations))
            return decay.final_share + (1 - decay.final_share) * falling
