"""Random numbers that depend on the seed and on what they are for, never on who draws first."""

import numpy as np

# Separate the streams of random numbers that one seed starts.
ORDER, AUGMENTATION = 0, 1


def random_numbers(seed: int, *purpose: int) -> np.random.Generator:
    """A generator of its own for each purpose, such as (AUGMENTATION, epoch, position)."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=purpose))
