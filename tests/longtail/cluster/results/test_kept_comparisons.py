"""Comparisons of rows are made once, and again where what was kept is damaged."""

from pathlib import Path

import numpy as np
import pytest
from support.match_tables import simulated_tables

from longtail.categories import CategoryTable
from longtail.cluster.results.kept_comparisons import kept_comparisons, kept_half_widths
from longtail.evaluation.metrics.matches.files import write_matches
from longtail.evaluation.uncertainty.category_differences import category_half_widths
from longtail.evaluation.uncertainty.comparison import compare

TABLES = simulated_tables(np.random.default_rng(0), (0.5, 0.6, 0.9), "rcf", 40)
PAIRS = [(0, 1), (2, 1)]


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """Evaluations of three rows."""
    found = [tmp_path / str(number) for number in range(len(TABLES))]
    for folder, table in zip(found, TABLES, strict=True):
        write_matches(folder, {"segm": table})
    return found


def categories() -> CategoryTable:
    return TABLES[0].categories


def not_again() -> CategoryTable:
    raise AssertionError("it was kept")


def test_pairs_are_compared_once(folders: list[Path], tmp_path: Path) -> None:
    cache, missing = tmp_path / "comparisons", []
    found = kept_comparisons(folders, PAIRS, "segm", 30, cache, categories, missing.extend)
    assert missing == PAIRS
    assert found == [compare(TABLES[a], TABLES[b], 30) for a, b in PAIRS]
    more = [*PAIRS, (0, 2)]
    again = kept_comparisons(folders, more, "segm", 30, cache, categories, missing.extend)
    assert missing == more and again[:2] == found
    assert kept_comparisons(folders, more, "segm", 30, cache, not_again) == again


def test_a_damaged_comparison_is_made_again(folders: list[Path], tmp_path: Path) -> None:
    (found,) = kept_comparisons(folders, [(0, 1)], "segm", 30, tmp_path, categories)
    (path,) = tmp_path.glob("*.json")
    path.write_text(path.read_text().replace("0", "1"))
    assert kept_comparisons(folders, [(0, 1)], "segm", 30, tmp_path, categories) == [found]


def test_half_widths_are_kept_and_made_again_where_damaged(
    folders: list[Path], tmp_path: Path
) -> None:
    cache, pairs = tmp_path / "comparisons", [(0, 1), (1, 2)]
    found = kept_half_widths(folders, pairs, "segm", cache, categories)
    np.testing.assert_array_equal(found, category_half_widths(TABLES, pairs))
    np.testing.assert_array_equal(kept_half_widths(folders, pairs, "segm", cache, not_again), found)
    assert len(kept_half_widths(folders, [(0, 2)], "segm", cache, categories)) == 1
    for path in cache.glob("*.npz"):
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    again = kept_half_widths(folders, pairs, "segm", cache, categories)
    np.testing.assert_array_equal(again, found)


def test_rows_without_matches_are_refused(folders: list[Path], tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        kept_comparisons(folders, PAIRS, "box", 30, tmp_path, categories)
