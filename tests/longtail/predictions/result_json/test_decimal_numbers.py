import struct
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from longtail.predictions.result_json.decimal_numbers import (
    HIGHEST_POWER,
    LOWEST_POWER,
    UNREAD,
    read_decimal,
    read_integer,
)

PLAIN_INTEGERS = st.integers(-(10**18) + 1, 10**18 - 1)


def as_bytes(text: str) -> NDArray[np.uint8]:
    """The text with something behind it that is part of no number."""
    return np.frombuffer(f"{text},".encode(), dtype=np.uint8)


def assert_reads_as_python(text: str) -> None:
    value, position = read_decimal(as_bytes(text), 0)
    assert position == len(text)
    # Bit for bit, so that 0.0 is not -0.0.
    assert struct.pack("d", value) == struct.pack("d", float(text))


@settings(deadline=None, max_examples=500)
@given(st.floats(1e-40, 1e30) | st.floats(-1e30, -1e-40) | st.floats(1e-9, 1) | st.just(0.0))
def test_what_python_writes_is_read_bit_for_bit(value: float) -> None:
    assert_reads_as_python(repr(value))


@settings(deadline=None, max_examples=500)
@given(
    digits=st.integers(0, 10**19 - 1),
    power=st.integers(LOWEST_POWER, HIGHEST_POWER),
    sign=st.sampled_from(["", "-"]),
    letter=st.sampled_from(["e", "E"]),
)
@example(digits=0, power=0, sign="-", letter="e")
@example(digits=9007199254740993, power=0, sign="", letter="e")
@example(digits=18446744073709551615 // 10, power=-4, sign="", letter="E")
@example(digits=10**19 - 1, power=LOWEST_POWER, sign="", letter="e")
@example(digits=10**19 - 1, power=HIGHEST_POWER, sign="", letter="e")
def test_any_19_digits_round_as_python_does(
    digits: int, power: int, sign: str, letter: str
) -> None:
    assert_reads_as_python(f"{sign}{digits}{letter}{power}")
    assert_reads_as_python(f"{sign}{digits // 10}{letter}{power:+}")


@settings(deadline=None)
@given(st.integers(1, 10**19 - 1))
def test_whole_numbers_round_as_python_does(value: int) -> None:
    assert_reads_as_python(str(value))
    assert_reads_as_python(f"-{value}")


@settings(deadline=None, max_examples=500)
@given(
    mantissa=st.integers(2**52, 2**53 - 2),
    exponent=st.integers(-12, 9),
    step=st.sampled_from([-1, 0, 1]),
)
def test_half_way_between_two_floats_the_even_one_is_taken(
    mantissa: int, exponent: int, step: int
) -> None:
    middle = (Decimal(mantissa) + Decimal("0.5")) * Decimal(2) ** exponent
    shifted = middle.scaleb(19 - middle.adjusted() - 1)
    if shifted == shifted.to_integral_value() and shifted + step < 10**19:
        power = middle.adjusted() - 18
        assert_reads_as_python(f"{int(shifted) + step}e{power}")


@pytest.mark.parametrize(
    "text",
    [
        "0.000000000000000000001234567890123456789",
        "1234567890123456789",
        "123456789.0123456789",
        "1E+2",
        "1e-05",
        "-0.0",
        "640",
    ],
)
def test_the_ways_to_write_a_number(text: str) -> None:
    assert_reads_as_python(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "+1",
        "01",
        "-01",
        "00",
        "1.",
        ".5",
        "-.5",
        "1e",
        "1e+",
        "1.e5",
        "NaN",
        "Infinity",
        "-0",
    ],
)
def test_what_is_no_number_of_json_is_left(text: str) -> None:
    assert read_decimal(as_bytes(text), 0)[1] == UNREAD


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("12345678901234567890", id="20 digits"),
        pytest.param("1.2345678901234567890", id="20 digits with a point"),
        pytest.param("0.012345678901234567890", id="20 digits that count"),
        pytest.param("1e33", id="large exponent"),
        pytest.param("1e-65", id="small exponent"),
        pytest.param("1e00001", id="long exponent"),
    ],
)
def test_what_may_not_round_exactly_is_left(text: str) -> None:
    assert read_decimal(as_bytes(text), 0)[1] == UNREAD


@settings(deadline=None)
@given(PLAIN_INTEGERS)
@example(0)
@example(10**18 - 1)
def test_integers_are_read(value: int) -> None:
    assert read_integer(as_bytes(str(value)), 0) == (value, len(str(value)))


@pytest.mark.parametrize("text", ["", "-", "+1", "01", "1.0", "1e2", "1E2", "true", "1" * 19])
def test_other_than_integers_of_18_digits_are_left(text: str) -> None:
    assert read_integer(as_bytes(text), 0)[1] == UNREAD
