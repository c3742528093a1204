"""Journals of trials grow by sealed lines, and lose no more than a line that was cut off."""

from pathlib import Path

import msgspec
import pytest

from longtail.journal import read_records
from longtail.problems import BadInputError
from longtail.sealed import seal
from longtail.search.journal import append, reopen


class Pair(msgspec.Struct, frozen=True):
    """A record."""

    name: str
    value: float


ONE, TWO = Pair("one", 1.0), Pair("two", 2.0)
WORDS = "pair", "remove it"


def journal_of(folder: Path, *pairs: Pair) -> Path:
    path = folder / "pairs.jsonl"
    for pair in pairs:
        append(path, pair)
    return path


def test_records_are_read_in_their_order(tmp_path: Path) -> None:
    path = journal_of(tmp_path, ONE, TWO)
    assert read_records(path, Pair, *WORDS) == [ONE, TWO]
    assert read_records(path, Pair, *WORDS, most=1) == [ONE]
    assert read_records(tmp_path / "absent.jsonl", Pair, *WORDS) == []


def test_a_record_is_one_sealed_line(tmp_path: Path) -> None:
    path = journal_of(tmp_path, ONE)
    assert path.read_bytes() == seal(b'{"name":"one","value":1.0}') + b"\n"


def test_a_line_that_was_cut_off_is_left_out_and_removed_when_writing_goes_on(
    tmp_path: Path,
) -> None:
    path = journal_of(tmp_path, ONE, TWO)
    path.write_bytes(path.read_bytes()[:-5])
    size = path.stat().st_size
    assert read_records(path, Pair, *WORDS) == [ONE]
    assert path.stat().st_size == size
    assert reopen(path, Pair, *WORDS) == [ONE]
    append(path, TWO)
    assert read_records(path, Pair, *WORDS) == [ONE, TWO]


def test_records_beyond_those_wanted_are_removed(tmp_path: Path) -> None:
    path = journal_of(tmp_path, ONE, TWO)
    assert reopen(path, Pair, *WORDS, most=1) == [ONE]
    assert read_records(path, Pair, *WORDS) == [ONE]


def test_another_record_is_named_by_its_line(tmp_path: Path) -> None:
    path = journal_of(tmp_path, ONE)
    path.write_bytes(path.read_bytes() + seal(b'{"name":2}') + b"\n")
    with pytest.raises(BadInputError, match=r"pairs\.jsonl: line 2 is no pair .*; remove it"):
        read_records(path, Pair, *WORDS)


def test_a_changed_line_is_named(tmp_path: Path) -> None:
    path = journal_of(tmp_path, ONE, TWO)
    path.write_bytes(path.read_bytes().replace(b"one", b"ten"))
    with pytest.raises(BadInputError, match="line 1: damaged, it does not match its SHA-256"):
        reopen(path, Pair, *WORDS)
