"""Round numbers that name places of an axis."""

import math


def linear_ticks(low: float, high: float, at_most: int = 6) -> list[float]:
    """Round numbers from `low` to `high`, 1, 2 or 5 times a power of ten apart."""
    rough = (high - low) / at_most
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [float(f"{place * step:.12g}") for place in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten from `low` to `high`; over less than two decades their 2- and 5-fold too."""
    decades = math.log10(high / low)
    if decades < 0.5:
        return linear_ticks(low, high)
    factors = (1, 2, 5) if decades < 2.5 else (1,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    apart = math.ceil(len(powers) / 7)
    values = (float(f"{f}e{power}") for power in powers if power % apart == 0 for f in factors)
    return [value for value in values if low <= value <= high]
