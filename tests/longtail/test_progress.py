"""What loops say of themselves where nobody watches, and that a terminal gets bars."""

from pathlib import Path

import pytest
from rich.console import Console

from longtail import progress
from longtail.progress import (
    block_progress,
    evaluation_progress,
    merging_progress,
    reading_progress,
    tracked_records,
)


@pytest.mark.parametrize(("seconds", "lines"), [(0.0, 2), (3600.0, 0)])
def test_lines_are_rare_where_nobody_watches(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
    lines: int,
) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", seconds)
    path = tmp_path / "result.json"
    path.write_bytes(b"x" * 200)
    with reading_progress(path) as on_read:
        on_read(50)
        on_read(200)
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == lines
    assert ("read 25 % of" in err) == (lines > 0)


def test_a_reader_without_a_size_tells_bytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    with reading_progress(tmp_path) as on_read:
        on_read(7)
    assert capsys.readouterr().err.startswith("read 7 bytes of ")


def test_blocks_and_resamples_are_told_apart(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    with evaluation_progress() as (on_block, on_resample):
        on_block(1, 3)
        on_resample(2, 4)
    with block_progress() as on_block:
        on_block(3, 3)
    out, err = capsys.readouterr()
    assert out == "" and err.splitlines() == [
        "evaluated 1 of 3 blocks of images",
        "evaluated 2 of 4 resamples",
        "evaluated 3 of 3 blocks of images",
    ]


@pytest.mark.parametrize(
    ("total", "told"), [(3, [1, 2, 3]), (25, [*range(2, 25, 2), 25]), (20, [*range(2, 21, 2)])]
)
def test_a_merge_tells_about_ten_times(
    capsys: pytest.CaptureFixture[str], total: int, told: list[int]
) -> None:
    with merging_progress(Console(stderr=True), total) as on_block:
        for block in range(total):
            on_block(block)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"merged {done} of {total} blocks of images" for done in told]


@pytest.mark.parametrize(("count", "lines"), [(2, 0), (3, 1)])
def test_many_records_are_announced_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, count: int, lines: int
) -> None:
    monkeypatch.setattr(progress, "MANY_RECORDS", 2)
    records = list(range(count))
    assert list(tracked_records(records, "reading images of a.json")) == records
    told = ["reading images of a.json: 3 records, once for all later openings"] * lines
    assert capsys.readouterr().err.splitlines() == told


def test_a_terminal_has_bars_and_no_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    monkeypatch.setenv("FORCE_COLOR", "1")
    with merging_progress(Console(stderr=True, force_terminal=True), 2) as on_block:
        on_block(0)
    with evaluation_progress() as (on_block_of, on_resample):
        on_block_of(1, 2)
        on_resample(1, 2)
    err = capsys.readouterr().err
    assert "merging blocks" in err and "evaluating" in err and "evaluated" not in err
