"""Whole numbers that a float table wrote with a point: 139.0 is 139."""

from typing import Any

# Doubles hold every whole number up to here.
LAST_EXACT = 2.0**53


def with_whole_numbers(record: dict[str, Any]) -> dict[str, Any]:
    """A decoded record with ints for floats that are whole, in its fields and lists of them.

    Outlines may stay as they are: a coordinate is a float in any case. Runs of a mask and its size
    are whole numbers.
    """
    return {key: _whole(value) for key, value in record.items()}


def _whole(value: Any) -> Any:
    match value:
        case float() if value.is_integer() and abs(value) <= LAST_EXACT:
            return int(value)
        case [*items] if not any(isinstance(item, list) for item in items):
            return [_whole(item) for item in items]
        case dict():
            return with_whole_numbers(value)
        case _:
            return value
