"""Where attempts were made, line by line."""

import socket
import time
from pathlib import Path

import pytest

from longtail.cluster.nodes.places import PLACES, note_place, read_places
from longtail.cluster.pool.group_name import group_number, new_group_name
from longtail.sealed import DamagedError


def test_each_attempt_adds_a_line(tmp_path: Path) -> None:
    assert read_places(tmp_path) == []
    before = time.time()
    note_place(tmp_path, 3, workers=2, device="cpu")
    note_place(tmp_path)
    first, second = read_places(tmp_path)
    assert (first.group, first.workers, first.device) == (3, 2, "cpu")
    assert (second.group, second.workers, second.device) == (None, None, None)
    assert first.host == second.host == socket.gethostname()
    assert before <= first.time <= second.time <= time.time()


def test_a_line_that_a_crash_cut_short_is_dropped(tmp_path: Path) -> None:
    note_place(tmp_path, 1)
    file = tmp_path / PLACES
    file.write_bytes(file.read_bytes() + file.read_bytes()[:20])
    assert [of.group for of in read_places(tmp_path)] == [1]
    note_place(tmp_path, 2)
    assert [of.group for of in read_places(tmp_path)] == [1, 2]


def test_a_changed_line_is_refused(tmp_path: Path) -> None:
    note_place(tmp_path, 1)
    file = tmp_path / PLACES
    file.write_bytes(file.read_bytes().replace(b'"group":1', b'"group":2'))
    with pytest.raises(DamagedError, match="remove that line, or the file"):
        read_places(tmp_path)


def test_the_name_of_a_group_has_its_number() -> None:
    assert group_number(new_group_name(12)) == 12
    assert new_group_name(12) != new_group_name(12)
    assert group_number("somebody-else") is None
