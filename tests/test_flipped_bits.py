"""A flipped bit in a file that is read again gives no other value, and no traceback."""

from pathlib import Path

import pytest
from support import files_of_merges, files_of_runs
from support.flipped_bits import NOTICED, Kind, flips

KINDS = {kind.name: kind for kind in (*files_of_runs.KINDS, *files_of_merges.KINDS)}
FEW, MANY = 40, 500
"""Bits of a file."""


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_flipped_bit_is_noticed_or_means_nothing(kind: Kind, tmp_path: Path) -> None:
    found = list(flips(kind, tmp_path, FEW))
    assert len(found) >= FEW
    assert [what for what in found if what[1] not in NOTICED] == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_many_flipped_bits_are_noticed_or_mean_nothing(kind: Kind, tmp_path: Path) -> None:
    assert [what for what in flips(kind, tmp_path, MANY) if what[1] not in NOTICED] == []
