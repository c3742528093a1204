"""The numbers of the LVIS protocol, written as lvis-api writes them, to have its last digits."""

import numpy as np
from numpy.typing import NDArray

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0.0, 1.0, 101)
AREA_BOUNDS = np.array([[0, 1e5**2], [0, 32**2], [32**2, 96**2], [96**2, 1e5**2]])


def from_bits(bits: NDArray[np.uint16]) -> NDArray[np.bool_]:
    """(D,) bits of thresholds as (D, 10) booleans."""
    return (bits[:, None] >> np.arange(len(IOU_THRESHOLDS), dtype=np.uint16) & 1).astype(np.bool_)


def as_bits(flags: NDArray[np.bool_]) -> NDArray[np.uint16]:
    """(D, T) booleans of at most 16 thresholds as bits; LVIS has 10."""
    weights = 1 << np.arange(flags.shape[1], dtype=np.uint16)
    bits: NDArray[np.uint16] = (flags * weights).sum(axis=1, dtype=np.uint16)
    return bits
