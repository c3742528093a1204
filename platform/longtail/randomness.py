"""Where randomness comes from: every draw follows from the run's seed and from what it is for.

Nothing is carried from one draw to the next, so a run that resumes draws what the uninterrupted one
drew there, no generator's state has to be saved, and neither the number of workers nor who draws
first changes anything.

Two derivations, both by numpy's `SeedSequence`: training turns the words (purpose, seed, stage,
...) into one number that torch is seeded with; data has a generator for each (seed; purpose, ...),
the purpose being the spawn key.
"""

import numpy as np

_INITIAL_WEIGHTS, _TRAINING_STEP, _DATA = 0, 1, 2
_ORDER, _AUGMENTATION, _JOINED = 0, 1, 2


def initial_weights_seed(seed: int, stage: int) -> int:
    """The seed of a stage's new weights, the same on every rank.

    The variant's other settings play no part, so rows of an ablation start from equal weights
    wherever their models are equal.
    """
    return _number(_INITIAL_WEIGHTS, seed, stage)


def training_step_seed(seed: int, stage: int, step: int, rank: int) -> int:
    """The seed of what one rank draws in one training step."""
    return _number(_TRAINING_STEP, seed, stage, step, rank)


def data_seed(seed: int, stage: int) -> int:
    """The seed of a stage's image order and augmentations: stages do not repeat each other's."""
    return _number(_DATA, seed, stage)


def order_generator(seed: int, epoch: int) -> np.random.Generator:
    """What draws the images of an epoch and their order; `seed` is a `data_seed`."""
    return generator_for(seed, _ORDER, epoch)


def joined_generator(seed: int, epoch: int) -> np.random.Generator:
    """What draws an epoch's images of joined files, and where they stand; by a `data_seed`."""
    return generator_for(seed, _JOINED, epoch)


def augmentation_generator(seed: int, epoch: int, position: int) -> np.random.Generator:
    """What draws the augmentation of the image at a position of an epoch, by a `data_seed`."""
    return generator_for(seed, _AUGMENTATION, epoch, position)


def generator_for(seed: int, *purpose: int) -> np.random.Generator:
    """A generator of its own for each purpose, such as (picture, split, image)."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=purpose))


def _number(*words: int) -> int:
    return int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0])
