"""Names on axes: a long one is cut so that it still tells itself from the others."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import takewhile

CUT = "\u2026"
SEPARATORS = "_-. /"
NARROW, WIDE = {*"ijlIftr.,:;'|![]()/- "}, {*"mwMW@%"}
"""Letters that take less room than others, and more."""
LAST_LATIN = 0x2E7F


def short_names(names: Sequence[str], letters: int) -> list[str]:
    """Different words for different names.

    Args:
        names: Different ones.
        letters: Longer names lack their middle; where that makes them equal, what they have in
            common is cut instead, and where that is not enough they are numbered.
    """
    cut = [_without_middle(name, letters) for name in names]
    alike: dict[str, list[int]] = {}
    for place, label in enumerate(cut):
        alike.setdefault(label, []).append(place)
    for places in alike.values():
        if len(places) > 1:
            told = _told_apart([names[place] for place in places], letters)
            for place, label in zip(places, told, strict=True):
                cut[place] = label
    counts = Counter(cut)
    return [
        label if counts[label] == 1 else f"{number}: {_without_middle(label, letters - 4)}"
        for number, label in enumerate(cut, 1)
    ]


def short_by_name(names: Sequence[str], letters: int) -> dict[str, str]:
    """The same by the name, of names that may repeat."""
    unique = list(dict.fromkeys(names))
    return dict(zip(unique, short_names(unique, letters), strict=True))


def label_of(names: Sequence[str], letters: int) -> str:
    """A `labelExpr` that has them; a name that is not among them is shown whole."""
    return words_for(short_by_name(names, letters))


def words_for(labels: Mapping[str, str]) -> str:
    """A `labelExpr` that has a text for each label; another label is shown as it is."""
    changed = {label: text for label, text in labels.items() if label != text}
    if not changed:
        return "datum.label"
    held, shown = json.dumps([*changed]), json.dumps([*changed.values()])
    place = f"indexof({held}, datum.label)"
    return f"({place} < 0 ? datum.label : {shown}[{place}])"


def pixels_of(text: str, size: float) -> float:
    """About how wide a text is in the look's font, rather too wide.

    Args:
        text: One line.
        size: Of the type, in pixels.
    """
    return size * sum(map(_width, text))


def _width(letter: str) -> float:
    """In units of the size, from the font's metrics (those of Helvetica)."""
    if letter in NARROW:
        return 0.34
    if letter in WIDE or ord(letter) > LAST_LATIN:
        return 1.0
    return 0.73 if letter.isupper() else 0.57


def _without_middle(name: str, letters: int) -> str:
    half = (letters - 1) // 2
    return name if len(name) <= letters else f"{name[:half]}{CUT}{name[-half:]}"


def _told_apart(names: Sequence[str], letters: int) -> list[str]:
    """The parts in which they differ, after the beginning of what they have in common."""
    start = _common(names)
    end = _common([name[len(start) :][::-1] for name in names])
    labels = []
    for name in names:
        own = name[len(start) : len(name) - len(end)]
        own = _without_middle(own, letters - 2)
        room = letters - len(own) - 1 - bool(end)
        head = start if len(start) <= room else start[: max(0, room)] + CUT
        labels.append(head + own + (CUT if end else ""))
    return labels


def _common(names: Sequence[str]) -> str:
    """What all begin with, as much of it as ends with a separator."""
    alike = takewhile(lambda letters: len({*letters}) == 1, zip(*names, strict=False))
    common = "".join(letters[0] for letters in alike)
    return common[: max(common.rfind(letter) for letter in SEPARATORS) + 1]
