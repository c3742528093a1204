"""Which category and which image of another file are which of the training file.

K categories and N images of the training file, L categories and M images of the other one.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longtail.categories import CategoryTable
from longtail.data.lvis.annotations import Annotations
from longtail.problems import BadInputError

NONE = -1
"""In place of an index: there is none."""
BY_NAME = "by=name"


def matched_labels(
    training: CategoryTable, other: CategoryTable, file: str, *, by_name: bool = False
) -> NDArray[np.int64]:
    """(L,) the training file's index of each category of another file, or -1.

    A file with the same table has the same categories. Else several of one synset are that category
    together, and a synset that several categories of the training file have tells nothing.

    Args:
        training: K categories.
        other: L categories.
        file: Name of the other file, for the error text.
        by_name: Take the name, without case, where the other file has no synset.

    Raises:
        BadInputError: No category is one of the training file.
    """
    if training.same_ids(other) and training.names == other.names:
        return np.arange(len(training))
    by_synset = _unique(training.synsets)
    of_name = _unique([name.casefold() for name in training.names]) if by_name else {}
    labels = np.array(
        [
            by_synset.get(synset, NONE) if synset else of_name.get(name.casefold(), NONE)
            for synset, name in zip(other.synsets, other.names, strict=True)
        ],
        np.int64,
    )
    if (labels == NONE).all():
        raise BadInputError(_no_category(training, other, file, by_name=by_name))
    return labels


def matched_images(training: Annotations, other: Annotations) -> NDArray[np.int64]:
    """(N,) the other file's index of each image of the training file, or -1.

    An image is the one of the same id, if that is of the same size; else the one of the same size
    whose file has the same name, folders apart, if there is one such.
    """
    place = np.minimum(np.searchsorted(other.image_ids, training.image_ids), other.num_images - 1)
    same = other.image_ids[place] == training.image_ids
    same &= other.heights[place] == training.heights
    same &= other.widths[place] == training.widths
    found = np.where(same, place, NONE)
    left = np.flatnonzero(~same).tolist()
    if left:
        of_file = _unique([_last_part(other, m) for m in range(other.num_images)])
        for n in left:
            m = of_file.get(_last_part(training, n), NONE)
            if m != NONE and _size(training, n) == _size(other, m):
                found[n] = m
    return found


def _unique(words: Sequence[str]) -> dict[str, int]:
    """Where each word stands that stands once; empty ones do not count."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(words):
        places.setdefault(word, []).append(place)
    return {word: of[0] for word, of in places.items() if word and len(of) == 1}


def _last_part(annotations: Annotations, i: int) -> str:
    return Path(annotations.file_name(i)).name


def _size(annotations: Annotations, i: int) -> tuple[int, int]:
    return int(annotations.heights[i]), int(annotations.widths[i])


def _no_category(training: CategoryTable, other: CategoryTable, file: str, *, by_name: bool) -> str:
    if any(other.synsets) and any(training.synsets):
        remedy = f"its first synset is {next(filter(None, other.synsets))}; write those of WordNet"
    elif by_name:
        remedy = f"its first name is {other.names[0]}; write synsets, or the names of that file"
    else:
        remedy = f"one of the files has no synsets; write them, or add ,{BY_NAME}"
    return f"{file}: none of its {len(other)} categories is one of the training file: {remedy}"
