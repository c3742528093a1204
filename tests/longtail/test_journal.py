"""A journal: whole lines come back, a torn end is dropped, damage is named."""

from pathlib import Path
from typing import Any

import pytest

from longtail.journal import append_line, keep_lines, read_lines, read_records
from longtail.problems import BadInputError
from longtail.sealed import DamagedError, seal


def journal_of(path: Path, count: int = 3) -> bytes:
    content = b"".join(seal(b'{"step":%d}' % step) + b"\n" for step in range(count))
    path.write_bytes(content)
    return content


def test_lines_come_back_without_what_a_crash_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    assert list(read_lines(path, "")) == []
    content = journal_of(path)
    whole = [b'{"step":%d}' % step for step in range(3)]
    for length in range(len(content) + 1):
        path.write_bytes(content[:length])
        lines = content[:length].count(b"\n")
        assert list(read_lines(path, "")) == whole[:lines]
        keep_lines(path)
        assert path.read_bytes().count(b"\n") == lines and len(path.read_bytes()) <= length


def test_no_flipped_bit_takes_a_line_away(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    content = journal_of(path, 2)
    ends = {
        8 * place + bit for place in range(len(content)) for bit in range(8) if content[place] == 10
    }
    for bit in sorted({*range(0, 8 * len(content), 5), *ends}):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(damaged)
        try:
            found = list(read_lines(path, "remove that line"))
        except DamagedError as error:
            assert "j.jsonl: line" in str(error) and "remove that line" in str(error)
        else:
            assert found == [b'{"step":0}', b'{"step":1}']


def test_lines_beyond_a_count_are_removed(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    content = journal_of(path)
    keep_lines(path, 2)
    assert path.read_bytes() == b"".join(content.splitlines(keepends=True)[:2])
    keep_lines(tmp_path / "none.jsonl")


def test_what_was_appended_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    for step in range(3):
        with path.open("ab") as file:
            append_line(file, b'{"step":%d}' % step)
    assert path.read_bytes() == journal_of(tmp_path / "by_hand.jsonl")
    assert list(read_lines(path, "")) == [b'{"step":%d}' % step for step in range(3)]


def test_an_appended_line_is_in_the_file_before_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    with path.open("ab") as file:
        append_line(file, b'{"step":0}')
        assert list(read_lines(path, "")) == [b'{"step":0}']


def test_records_are_decoded_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    assert read_records(path, dict[str, int], "step", "") == []
    journal_of(path)
    assert read_records(path, dict[str, int], "step", "") == [{"step": n} for n in range(3)]
    assert read_records(path, dict[str, int], "step", "", 2) == [{"step": 0}, {"step": 1}]
    assert read_records(path, dict[str, Any], "step", "", 0) == []


def test_a_record_of_another_kind_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    journal_of(path)
    with path.open("ab") as file:
        append_line(file, b'{"step":"x"}')
    with pytest.raises(BadInputError, match=r"j\.jsonl: line 4 is no step \(.*\); start anew"):
        read_records(path, dict[str, int], "step", "start anew")
    # What is beyond those asked for is not judged.
    assert len(read_records(path, dict[str, int], "step", "start anew", 3)) == 3
