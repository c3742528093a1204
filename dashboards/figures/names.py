"""Names on axes: a long one is cut so that it still tells itself from the others."""

import json
from collections import Counter
from collections.abc import Sequence
from itertools import takewhile

CUT = "\u2026"
SEPARATORS = "_-. /"


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


def label_of(names: Sequence[str], letters: int) -> str:
    """A `labelExpr` that has them; a name that is not among them is shown whole."""
    unique = list(dict.fromkeys(names))
    short = short_names(unique, letters)
    cut = {name: label for name, label in zip(unique, short, strict=True) if name != label}
    if not cut:
        return "datum.label"
    held, shown = json.dumps([*cut]), json.dumps([*cut.values()])
    place = f"indexof({held}, datum.label)"
    return f"{place} < 0 ? datum.label : {shown}[{place}]"


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
