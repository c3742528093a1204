"""Paces that a command line states, by which a dry run counts hours."""

import math
from collections.abc import Collection, Iterable

from longtail.cluster.costs.paces import EVERY_ROW


def parse_paces(words: Iterable[str], names: Collection[str]) -> dict[str, float]:
    """Images a second by row: `7.7` is for every row, `ROW=2.1` for that one.

    Args:
        words: Of `--pace`.
        names: Of the rows that are trained or predicted.

    Raises:
        ValueError: A word is no pace, names no row, or one is given twice.
    """
    paces: dict[str, float] = {}
    for word in words:
        row, equals, number = word.rpartition("=")
        if equals and row not in names:
            raise ValueError(f"--pace {word}: {row!r} is none of the rows {', '.join(names)}")
        key = row if equals else EVERY_ROW
        if key in paces:
            of = f"row {row}" if equals else "every row"
            raise ValueError(f"--pace {word}: the pace of {of} is given twice; leave one out")
        paces[key] = _pace(word, number)
    return paces


def _pace(word: str, number: str) -> float:
    try:
        pace = float(number)
    except ValueError:
        pace = math.nan
    if not (math.isfinite(pace) and pace > 0):
        raise ValueError(
            f"--pace {word}: give the images a second of one worker in training, as 7.7, or of one"
            " row, as ROW=2.1"
        )
    return pace
