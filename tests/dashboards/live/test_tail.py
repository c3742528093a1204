"""Each whole line is read once, whatever happens to its file meanwhile."""

from pathlib import Path

from support.dashboards.made_grid_in_motion import line

from dashboards.live.tail import Tail


def test_lines_come_once_and_a_torn_one_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    tail = Tail(path)
    assert tail.new() == []
    first, second = line({"a": 1}), line({"a": 2})
    path.write_bytes(first + second[:10])
    assert tail.new() == [{"a": 1}] and tail.new() == []
    path.write_bytes(first + second)
    assert tail.new() == [{"a": 2}] and tail.damaged == []


def test_a_torn_line_that_its_writer_drops_is_never_seen(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(line({"a": 1}) + b'{"a": 2, "to')
    tail = Tail(path)
    assert tail.new() == [{"a": 1}]
    path.write_bytes(line({"a": 1}) + line({"a": 3}))
    assert tail.new() == [{"a": 3}]


def test_a_damaged_line_is_left_out_and_named(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(line({"a": 1}) + line({"a": 2}).replace(b"2", b"3", 1) + b"\xff\n\n")
    tail = Tail(path)
    assert tail.new() == [{"a": 1}] and tail.damaged == [2, 3, 4]


def test_a_file_that_begins_anew_or_goes_is_no_trouble(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(line({"a": 1}) * 3)
    tail = Tail(path)
    assert len(tail.new()) == 3
    path.write_bytes(line({"a": 9}))
    assert tail.new() == [{"a": 9}] and tail.num_lines == 1
    path.unlink()
    assert tail.new() == []


def test_only_new_bytes_are_read(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(line({"a": 1}))
    tail = Tail(path)
    tail.new()
    # What was read before may change: nobody looks there again.
    path.write_bytes(b"x" * (path.stat().st_size - 1) + b"\n" + line({"a": 2}))
    assert tail.new() == [{"a": 2}]
