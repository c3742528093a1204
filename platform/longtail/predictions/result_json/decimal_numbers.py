"""JSON numbers read out of bytes by compiled code, correctly rounded, or not at all.

A decimal w x 10^q is rounded to the nearest float64 by one product with a 128-bit power of five
(Lemire, "Number parsing at a gigabyte per second", 2021; that this always suffices: Mushtak and
Lemire, "Fast number parsing without fallback", 2023). Numbers of more than 19 significant digits,
or of exponents that no detection has, are left to a slower reader.

A kernel reads at a position of a text that ends in a byte which is part of no number. It returns
the position behind the number, or `UNREAD` for what it leaves to others and for what is no number.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

UNREAD = -1
MAX_DIGITS = 19
MAX_INTEGER_DIGITS = 18
MAX_EXPONENT_DIGITS = 4
LOWEST_POWER, HIGHEST_POWER = -64, 32
ZERO, NINE, MINUS, PLUS, POINT = map(ord, "09-+.")
SMALL_E, LARGE_E = map(ord, "eE")
# 53 bits of the result, one to round by and one that may be lost when the product is normalised.
PRODUCT_BITS_LEFT = np.uint64(2**64 - 1 >> 55)
LOW_HALF = np.uint64(2**32 - 1)
TOP_BIT = np.uint64(2**63)
EXACT_INTEGERS = np.uint64(2**53)


def _power_of_five(power: int) -> int:
    """5^power times a power of two, cut to 128 bits, the highest one set; a fraction is rounded up.

    Rounding fractions up is what the proof asks for.
    """
    five: int = 5 ** abs(power)
    size = five.bit_length()
    if power >= 0:
        return five << 128 - size if size <= 128 else five >> size - 128
    # Down to 5^-27 the quotient has 128 bits; below, a longer one is cut.
    quotient = (1 << (size + 127 if power >= -27 else 2 * size + 128)) // five + 1
    return quotient >> max(quotient.bit_length() - 128, 0)


_FIVES = [_power_of_five(power) for power in range(LOWEST_POWER, HIGHEST_POWER + 1)]
FIVES_HIGH = np.array([five >> 64 for five in _FIVES], dtype=np.uint64)
FIVES_LOW = np.array([five & 2**64 - 1 for five in _FIVES], dtype=np.uint64)
TENS = np.array([10.0**power for power in range(23)])
"""The powers of ten that a float64 holds exactly."""
LOWEST_TWO = -512
TWOS = np.array([2.0**power for power in range(LOWEST_TWO, 513)])


@njit(nogil=True)
def read_integer(data: NDArray[np.uint8], start: int) -> tuple[np.int64, int]:
    """The integer at `start`, of at most 18 digits, and the position behind it."""
    position = start
    is_negative = data[position] == MINUS
    if is_negative:
        position += 1
    first = position
    value = np.int64(0)
    while ZERO <= data[position] <= NINE:
        value = np.int64(10) * value + np.int64(data[position] - ZERO)
        position += 1
    num_digits = position - first
    if num_digits == 0 or num_digits > MAX_INTEGER_DIGITS:
        return np.int64(0), UNREAD
    if num_digits > 1 and data[first] == ZERO:
        return np.int64(0), UNREAD
    if data[position] == POINT or data[position] == SMALL_E or data[position] == LARGE_E:
        return np.int64(0), UNREAD
    return -value if is_negative else value, position


@njit(nogil=True)
def read_decimal(data: NDArray[np.uint8], start: int) -> tuple[np.float64, int]:
    """The number at `start`, with or without fraction and exponent, and the position behind it."""
    position = start
    is_negative = data[position] == MINUS
    if is_negative:
        position += 1
    first = position
    digits, position = _append_digits(data, position, np.uint64(0))
    num_digits = position - first
    if num_digits == 0 or (num_digits > 1 and data[first] == ZERO):
        return np.float64(0.0), UNREAD
    has_point = data[position] == POINT
    has_exponent = data[position] == SMALL_E or data[position] == LARGE_E
    if is_negative and digits == 0 and not (has_point or has_exponent):
        # To readers that take it for an integer it has no sign.
        return np.float64(0.0), UNREAD
    power = 0
    if has_point:
        digits, end = _append_digits(data, position + 1, digits)
        power = position + 1 - end
        if power == 0:
            return np.float64(0.0), UNREAD
        num_digits -= power
        position = end
    if num_digits > MAX_DIGITS and num_digits - _zeros_in_front(data, first) > MAX_DIGITS:
        return np.float64(0.0), UNREAD
    if data[position] == SMALL_E or data[position] == LARGE_E:
        exponent, position = _read_exponent(data, position + 1)
        if position == UNREAD:
            return np.float64(0.0), UNREAD
        power += int(exponent)
    if not LOWEST_POWER <= power <= HIGHEST_POWER:
        return np.float64(0.0), UNREAD
    value = nearest_float(digits, power)
    return -value if is_negative else value, position


@njit(nogil=True)
def nearest_float(digits: np.uint64, power: int) -> np.float64:
    """The float64 nearest to digits x 10^power, of two as near ones the even one.

    Args:
        digits: Below 2^64.
        power: From `LOWEST_POWER` to `HIGHEST_POWER`, so that no result is subnormal.
    """
    if digits <= EXACT_INTEGERS and -len(TENS) < power < len(TENS):
        # Both are exact, so that the one operation rounds correctly (Clinger 1990).
        if power < 0:
            return np.float64(np.float64(digits) / TENS[-power])
        return np.float64(np.float64(digits) * TENS[power])
    if digits == 0:
        return np.float64(0.0)
    scaled, shift = _normalised(digits)
    high, low = _product(scaled, FIVES_HIGH[power - LOWEST_POWER])
    if high & PRODUCT_BITS_LEFT == PRODUCT_BITS_LEFT:
        carry, _ = _product(scaled, FIVES_LOW[power - LOWEST_POWER])
        low += carry
        if carry > low:
            high += np.uint64(1)
    is_long = np.int64(high >> np.uint64(63))
    cut = np.uint64(is_long + 9)
    mantissa = high >> cut
    # A product that lies exactly half-way is rounded to even; below and above none can.
    is_half = low <= np.uint64(1) and -4 <= power <= 23 and mantissa & np.uint64(3) == np.uint64(1)
    if is_half and mantissa << cut == high:
        mantissa &= ~np.uint64(1)
    mantissa = (mantissa + (mantissa & np.uint64(1))) >> np.uint64(1)
    # 217706 / 65536 is log2(10), near enough for these powers.
    two = ((217706 * power) >> 16) + is_long - shift + 11
    return np.float64(np.float64(mantissa) * TWOS[two - LOWEST_TWO])


@njit(nogil=True)
def _append_digits(
    data: NDArray[np.uint8], position: int, digits: np.uint64
) -> tuple[np.uint64, int]:
    while ZERO <= data[position] <= NINE:
        digits = np.uint64(10) * digits + np.uint64(data[position] - ZERO)
        position += 1
    return digits, position


@njit(nogil=True)
def _zeros_in_front(data: NDArray[np.uint8], first: int) -> int:
    """Digits that come before the first one that counts."""
    zeros = 0
    position = first
    while data[position] == ZERO or data[position] == POINT:
        zeros += data[position] == ZERO
        position += 1
    return zeros


@njit(nogil=True)
def _read_exponent(data: NDArray[np.uint8], start: int) -> tuple[np.int64, int]:
    position = start
    is_negative = data[position] == MINUS
    if is_negative or data[position] == PLUS:
        position += 1
    first = position
    digits, position = _append_digits(data, position, np.uint64(0))
    if not 1 <= position - first <= MAX_EXPONENT_DIGITS:
        return np.int64(0), UNREAD
    exponent = np.int64(digits)
    return -exponent if is_negative else exponent, position


@njit(nogil=True)
def _normalised(value: np.uint64) -> tuple[np.uint64, int]:
    """A positive number shifted until its top bit is set, and by how much."""
    shift = 0
    step = 32
    while step:
        if value >> np.uint64(64 - step) == 0:
            value <<= np.uint64(step)
            shift += step
        step >>= 1
    return value, shift


@njit(nogil=True)
def _product(a: np.uint64, b: np.uint64) -> tuple[np.uint64, np.uint64]:
    """The high and the low 64 bits of a product."""
    half = np.uint64(32)
    a_high, a_low = a >> half, a & LOW_HALF
    b_high, b_low = b >> half, b & LOW_HALF
    low = a_low * b_low
    middle = a_high * b_low + (low >> half)
    middle_low = (middle & LOW_HALF) + a_low * b_high
    high = a_high * b_high + (middle >> half) + (middle_low >> half)
    return high, (middle_low << half) | (low & LOW_HALF)
