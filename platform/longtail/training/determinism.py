"""Seeding torch, with what `longtail.randomness` derives, for new weights and for each step."""

import torch

from longtail.randomness import initial_weights_seed, training_step_seed


def seed_initial_weights(seed: int, stage: int) -> None:
    """Seed torch for building a stage's model: the same on every rank."""
    torch.manual_seed(initial_weights_seed(seed, stage))


def seed_step(seed: int, stage: int, step: int, rank: int) -> None:
    """Seed torch, on the CPU and on every GPU, for one training step of one rank."""
    torch.manual_seed(training_step_seed(seed, stage, step, rank))
