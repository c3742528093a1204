"""Tables in a page: small, and what was put in comes out."""

import base64
import math
import struct

import pandas as pd
import pytest

from dashboards.pages.inline import LEAST_PACKED, by_column, packed


def test_short_columns_and_words_stay_as_they_are() -> None:
    frame = pd.DataFrame({"name": ["a", "b"], "ap": [0.25, math.nan], "id": [1, 2]})
    assert by_column(frame) == {"name": ["a", "b"], "ap": [0.25, None], "id": [1, 2]}


def test_a_long_column_of_hundredths_comes_back_unchanged() -> None:
    values = [round(number * 3.27, 2) % 655 for number in range(LEAST_PACKED)]
    column = pd.Series([*(round(value, 2) for value in values), math.nan, 655.34, 0.0])
    text = packed(column)
    assert text is not None and len(text) < 3 * len(column)
    read = struct.unpack(f"<{len(column)}H", base64.b64decode(text))
    assert [None if of == 65535 else of / 100 for of in read] == [
        None if math.isnan(value) else value for value in column
    ]


@pytest.mark.parametrize("value", [-0.01, 655.35, 0.125, math.inf])
def test_a_number_that_would_change_leaves_its_column_alone(value: float) -> None:
    column = pd.Series([1.5] * LEAST_PACKED + [value])
    assert packed(column) is None
    assert by_column(pd.DataFrame({"ap": column}))["ap"] == column.tolist()


def test_a_column_of_whole_numbers_stays_whole() -> None:
    assert packed(pd.Series(range(LEAST_PACKED))) is None
