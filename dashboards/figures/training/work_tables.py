"""What a chart of time draws: bars of work, lines of waiting, and idleness that is cut out."""

import re
from collections.abc import Sequence

import pandas as pd

from dashboards.figures.training.clock import Clock, duration
from dashboards.figures.training.lanes import Lanes, node_name, place_name
from dashboards.sources.node_times import NodeTime

KINDS = {
    "stage": "training",
    "pseudo_labels": "labelling",
    "predictions": "predicting",
    "evaluation": "evaluating",
}
ENDING = re.compile(r"( stage \d+)? (training|predictions)$")
"""Of a node's label: the colour and the tooltip say it, too."""
ROWS_IN_WORDS = 3
SHARE_OF_A_LETTER = 0.0085
"""Of the axis."""


def bar_table(times: Sequence[NodeTime], lanes: Lanes, clock: Clock) -> pd.DataFrame:
    """A line for each attempt.

    Returns:
        `lane`, `node` (label), `work` (training, ...), `begin` and `end` on the clock, `took` in
        words, `rows` it serves, `place`, `state`, `word`, and the `side` of the bar on which that
        has room. The word is about sharing, for a node's last bar; on a lane of a place the node is
        named, as far as there is room inside the bar.
    """
    lines = []
    last = max(clock.at(attempt.end) for of in times for attempt in of.attempts) or 1.0
    for of, own in zip(times, lanes.of, strict=True):
        for number, (attempt, lane) in enumerate(zip(of.attempts, own, strict=True), 1):
            is_last = number == len(of.attempts)
            word = _word(of, attempt.together) if is_last else ""
            begin, end = clock.at(attempt.begin) / last, clock.at(attempt.end) / last
            if lane in lanes.places:
                word = _named_inside(of, word, end - begin)
                side = "inside" if word else ""
            else:
                side = _side(word, begin, end)
            lines.append(
                {
                    "lane": lane,
                    "node": of.label,
                    "work": KINDS.get(of.kind, of.kind),
                    "begin": round(clock.at(attempt.begin), 4),
                    "end": round(clock.at(attempt.end), 4),
                    "took": duration(attempt.seconds),
                    "rows": _rows(of.rows),
                    "place": "not noted" if attempt.place is None else place_name(attempt.place),
                    "word": word,
                    "state": _state(of, number),
                    "side": side,
                }
            )
    return pd.DataFrame(lines)


def wait_table(times: Sequence[NodeTime], lanes: Lanes, clock: Clock) -> pd.DataFrame:
    """`lane`, `begin` and `end` on the clock, from when a node was made to its end. On a lane of a
    place: to when its work began, and only since what was done there before has ended."""
    spans = [
        (own[-1], of.begin, of.end)
        for of, own in zip(times, lanes.of, strict=True)
        if lanes.places.isdisjoint(own)
    ]
    placed = [
        (attempt, lane, of.begin if number == 0 else attempt.begin)
        for of, own in zip(times, lanes.of, strict=True)
        for number, (attempt, lane) in enumerate(zip(of.attempts, own, strict=True))
        if lane in lanes.places
    ]
    ended: dict[str, float] = {}
    for attempt, lane, made in sorted(placed, key=lambda of: (of[0].begin, of[0].end)):
        since = max(made, ended.get(lane, made))
        if since < attempt.begin:
            spans.append((lane, since, attempt.begin))
        ended[lane] = attempt.end
    lines = [(lane, round(clock.at(a), 4), round(clock.at(b), 4)) for lane, a, b in spans]
    return pd.DataFrame(lines, columns=["lane", "begin", "end"])


def cut_table(clock: Clock) -> pd.DataFrame:
    """`at` on the clock and the length in words, `idle`, of what is cut out."""
    lines = [
        (round((clock.at(begin) + clock.at(end)) / 2, 4), duration(end - begin))
        for begin, end in clock.cuts
    ]
    return pd.DataFrame(lines, columns=["at", "idle"])


def _rows(rows: Sequence[str]) -> str:
    more = len(rows) - ROWS_IN_WORDS
    return ", ".join(rows[:ROWS_IN_WORDS]) + (f" and {more} more" if more > 0 else "")


def _word(of: NodeTime, together: int) -> str:
    words = [f"for {len(of.rows)} rows"] if len(of.rows) > 1 else []
    words += [f"{together} in one pass"] if together > 1 else []
    words += [] if of.finished else ["not finished"]
    return "; ".join(words)


def _named_inside(of: NodeTime, about: str, share: float) -> str:
    """The most that can be said within a bar of a share of the axis; "" if not even a name."""
    name = node_name(of)
    words = [f"{name}; {about}"] if about else []
    words += [name, ENDING.sub("", of.label)]
    return next((word for word in words if len(word) * SHARE_OF_A_LETTER <= share), "")


def _side(word: str, begin: float, end: float) -> str:
    """Where a word has room, in shares of the axis."""
    needed = len(word) * SHARE_OF_A_LETTER
    if not word:
        return ""
    if end + needed <= 1:
        return "after"
    if end - begin >= needed:
        return "inside"
    return "before" if begin >= needed else ""


def _state(of: NodeTime, number: int) -> str:
    if number < len(of.attempts):
        return f"attempt {number}, interrupted"
    ended = "finished" if of.finished else "not finished"
    return f"attempt {number}, {ended}" if number > 1 else ended
