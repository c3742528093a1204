"""Comparisons that are kept under the digests of the matches they are made of.

The same rows again, in whatever grid or report, need not be compared again.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from longtail.categories import CategoryTable
from longtail.config.base import fingerprint
from longtail.evaluation.matching.overlaps import Kind
from longtail.evaluation.metrics.matches.files import matches_path, read_matches_of
from longtail.evaluation.uncertainty.category_differences import RESAMPLES, category_half_widths
from longtail.evaluation.uncertainty.comparison import Comparison, compare_pairs
from longtail.files import sha256_of
from longtail.sealed import DamagedError, read_sealed, write_sealed_json
from longtail.sealed_arrays import read_arrays, write_arrays

logger = logging.getLogger(__name__)
COMPARISONS = "comparisons"
"""Their folder in the runs folder."""
AGAIN = "it is computed again"
WIDTHS = "half_widths"

Pair: TypeAlias = tuple[int, int]
OnMissing: TypeAlias = Callable[[Sequence[Pair]], None]
ReadCategories: TypeAlias = Callable[[], CategoryTable]


def kept_comparisons(
    folders: Sequence[Path],
    pairs: Sequence[Pair],
    kind: Kind,
    resamples: int,
    cache: Path,
    categories: ReadCategories,
    on_missing: OnMissing = lambda pairs: None,
) -> list[Comparison]:
    """Comparisons of rows, read where they were made before, else made and kept.

    Args:
        folders: Of the rows' evaluations, with `matches_*.npz`.
        pairs: Numbers of the rows A and B; differences are B - A.
        kind: What was matched.
        resamples: Of the images.
        cache: Where comparisons are kept; made if absent.
        categories: Those that were matched; read only if a comparison is made.
        on_missing: Told which are to be made, before they are; not called for none.

    Raises:
        FileNotFoundError: A row keeps no matches of the kind.
        BadInputError: Matches are damaged, or of other categories.
        ValueError: Rows were judged by different annotations.
    """
    used = sorted({number for pair in pairs for number in pair})
    digests = {number: sha256_of(matches_path(folders[number], kind)) for number in used}
    paths = {
        pair: cache / f"{_key(kind, resamples, [digests[number] for number in pair])}.json"
        for pair in pairs
    }
    kept: dict[Pair, Comparison | None] = {of: read_comparison(path) for of, path in paths.items()}
    if missing := [pair for pair, found in kept.items() if found is None]:
        on_missing(missing)
        made = _compare(folders, missing, kind, resamples, categories())
        for pair, found in zip(missing, made, strict=True):
            write_comparison(paths[pair], found)
            kept[pair] = found
    return [known for pair in pairs if (known := kept[pair]) is not None]


def kept_half_widths(
    folders: Sequence[Path],
    pairs: Sequence[Pair],
    kind: Kind,
    cache: Path,
    categories: ReadCategories,
) -> NDArray[np.float64]:
    """(P, K) `category_half_widths` of rows, read where they were made before.

    Args and errors as of `kept_comparisons`; there is at least one pair, the smaller number first.
    """
    digests = [sha256_of(matches_path(folder, kind)) for folder in folders]
    key = _key(kind, RESAMPLES, digests, half_widths=[list(pair) for pair in pairs])
    path = cache / f"{key}.npz"
    try:
        return read_arrays(path, AGAIN)[WIDTHS]
    except FileNotFoundError:
        pass
    except DamagedError as error:
        logger.warning(str(error))
    table = categories()
    tables = (read_matches_of(folder, kind, table) for folder in folders)
    widths = category_half_widths(tables, pairs)
    cache.mkdir(parents=True, exist_ok=True)
    write_arrays(path, {WIDTHS: widths}, compressed=True)
    return widths


def write_comparison(path: Path, comparison: Comparison) -> None:
    """Keep a comparison; the folder is made if absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_sealed_json(path, comparison.as_dict())


def read_comparison(path: Path) -> Comparison | None:
    """A comparison that was kept; None where there is none, or its file was damaged."""
    try:
        return msgspec.json.decode(read_sealed(path, AGAIN), type=Comparison)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    except DamagedError as error:
        logger.warning(str(error))
        return None


def _compare(
    folders: Sequence[Path],
    pairs: Sequence[Pair],
    kind: Kind,
    resamples: int,
    categories: CategoryTable,
) -> list[Comparison]:
    used = sorted({number for pair in pairs for number in pair})
    tables = (read_matches_of(folders[number], kind, categories) for number in used)
    places = [(used.index(a), used.index(b)) for a, b in pairs]
    return compare_pairs(tables, places, resamples)


def _key(kind: Kind, resamples: int, digests: Sequence[str], **more: object) -> str:
    return fingerprint({"kind": kind, "resamples": resamples, "matches": list(digests), **more})
