"""How a search is written on the command line: `path=loguniform(1e-4,1e-2)`."""

import json
import re
from typing import Any

from longtail.config.dimensions import Choice, Dimension, Integer, LogUniform, Uniform
from longtail.config.search_space import SearchSpace
from longtail.config.variant import Variant

FORMS = "loguniform(LOW,HIGH), uniform(LOW,HIGH), int(LOW,HIGH), [A,B,C] or choice(A,B,C)"
_CALL = re.compile(r"(\w+)\((.*)\)")


def parse_search(words: tuple[str, ...], base: Variant) -> SearchSpace:
    """Turn `path=range` words into a space; it is not held against the variant yet.

    Args:
        words: As given to `--search`; the end of a path will do where no other ends so.
        base: The variant whose paths they are.

    Raises:
        ValueError: A word says no range, or two words name the same path.
    """
    dimensions: dict[str, Dimension] = {}
    for word in words:
        path, equals, text = word.partition("=")
        if not equals:
            raise ValueError(f"--search {word}: expected PATH=RANGE, where RANGE is {FORMS}")
        whole = base.whole_path(path.strip())
        if whole in dimensions:
            raise ValueError(f"--search {word}: {whole} is given twice; leave one out")
        dimensions[whole] = _dimension(word, text.strip())
    return SearchSpace(dimensions)


def _dimension(word: str, text: str) -> Dimension:
    if text.startswith("["):
        return Choice(tuple(_list(word, text)))
    call = _CALL.fullmatch(text)
    if call is None:
        raise ValueError(
            f"--search {word}: {text!r} is no range; give {FORMS}, in quotes. --set holds a value"
            " fixed"
        )
    name, inside = call.groups()
    values = [_value(part.strip()) for part in inside.split(",")] if inside.strip() else []
    match name:
        case "choice":
            return Choice(tuple(values))
        case "uniform":
            return Uniform(*_ends(word, values))
        case "loguniform":
            return LogUniform(*_ends(word, values))
        case "int":
            low, high = _ends(word, values)
            if not (low.is_integer() and high.is_integer()):
                raise ValueError(f"--search {word}: {low:g}, {high:g} must be whole numbers")
            return Integer(int(low), int(high))
        case _:
            raise ValueError(f"--search {word}: {name} is unknown; there is {FORMS}")


def _list(word: str, text: str) -> list[Any]:
    try:
        return list(json.loads(text))
    except json.JSONDecodeError as error:
        raise ValueError(
            f"--search {word}: {text} is no JSON list ({error}); words are choice(A,B)"
        ) from None


def _value(text: str) -> Any:
    """JSON if it parses, else a word, as in `--set`."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _ends(word: str, values: list[Any]) -> tuple[float, float]:
    numbers = [value for value in values if type(value) in (int, float)]
    if len(values) != 2 or len(numbers) != 2:
        raise ValueError(f"--search {word}: expected two numbers, as in uniform(0.5,2)")
    return float(numbers[0]), float(numbers[1])
