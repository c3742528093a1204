"""Numbers of annotation files as exporters write them."""

import math

LARGEST_ID = 2**53 - 1
"""What every evaluator holds exactly."""


def whole_number(value: object) -> int | None:
    """An integer, also one that a table wrote as 139.0; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return None


def real_number(value: object) -> float | int | None:
    """A finite number as the file has it; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return value if math.isfinite(value) else None
    except OverflowError:
        return None


def is_id(value: int | None) -> bool:
    """Whether a whole number can be the id of an image or a category."""
    return value is not None and 0 <= value <= LARGEST_ID


def is_flag(value: object) -> bool:
    """Whether a value says yes or no: 0, 1, 0.0, 1.0, true, false."""
    return isinstance(value, bool | int | float) and value in (0, 1)
