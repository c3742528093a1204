"""Where training's randomness comes from: nothing is carried from one step to the next.

Every draw of a step follows from (seed, stage, step, rank), so a run that resumes at a step draws
what the uninterrupted run drew there and no generator state has to be saved. Data randomness is
derived in the same way by `longtail.data.loading.batches`, from (seed, epoch, position).
"""

import numpy as np
import torch

_INITIAL_WEIGHTS, _TRAINING_STEP, _DATA = 0, 1, 2


def seed_initial_weights(seed: int, stage: int) -> None:
    """Seed torch for building a stage's model: the same on every rank.

    The variant's other settings play no part, so rows of an ablation start from equal weights
    wherever their models are equal.
    """
    torch.manual_seed(_derived(_INITIAL_WEIGHTS, seed, stage))


def seed_step(seed: int, stage: int, step: int, rank: int) -> None:
    """Seed torch, on the CPU and on every GPU, for one training step of one rank."""
    torch.manual_seed(_derived(_TRAINING_STEP, seed, stage, step, rank))


def data_seed(seed: int, stage: int) -> int:
    """The seed of a stage's image order and augmentations: stages do not repeat each other's."""
    return _derived(_DATA, seed, stage)


def _derived(*words: int) -> int:
    return int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0])
