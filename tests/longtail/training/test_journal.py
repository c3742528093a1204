import json
from pathlib import Path

import pytest

from longtail.problems import BadInputError
from longtail.sealed import seal
from longtail.training.journal import JOURNAL, Journal, read_journal, read_progress


def _losses(lines: list[dict[str, float]]) -> list[tuple[float, float]]:
    return [(line["step"], line["train/loss"]) for line in lines]


def test_lines_come_back_with_time_and_attempt(tmp_path: Path) -> None:
    journal = Journal(tmp_path / JOURNAL)
    journal.append(20, {"train/loss": 1.5})
    (line,) = read_journal(tmp_path / JOURNAL)
    assert line["step"] == 20 and line["train/loss"] == 1.5
    assert line["attempt"] == 1 and line["time"] > 1.7e9


def test_a_missing_journal_has_no_lines(tmp_path: Path) -> None:
    assert read_journal(tmp_path / JOURNAL) == []


def test_a_torn_last_line_is_ignored_at_every_length(tmp_path: Path) -> None:
    path = tmp_path / JOURNAL
    journal = Journal(path)
    journal.append(1, {"train/loss": 3.0})
    whole = path.stat().st_size
    journal.append(2, {"train/loss": 2.0})
    content = path.read_bytes()
    for length in range(whole, len(content)):
        path.write_bytes(content[:length])
        assert _losses(read_journal(path)) == [(1, 3.0)]


def test_opening_removes_a_torn_tail(tmp_path: Path) -> None:
    path = tmp_path / JOURNAL
    Journal(path).append(1, {"train/loss": 3.0})
    with path.open("a") as file:
        file.write('{"step": 2, "train/lo')
    Journal(path).append(2, {"train/loss": 2.0})
    assert _losses(read_journal(path)) == [(1, 3.0), (2, 2.0)]


def test_a_journal_of_one_torn_line_becomes_empty(tmp_path: Path) -> None:
    path = tmp_path / JOURNAL
    path.write_text('{"step"')
    Journal(path)
    assert path.read_bytes() == b""


def test_the_last_value_of_a_step_wins(tmp_path: Path) -> None:
    path = tmp_path / JOURNAL
    first = Journal(path)
    for step in (10, 20, 30):
        first.append(step, {"train/loss": 1.0})
    second = Journal(path)
    second.append(20, {"train/loss": 2.0})
    lines = read_journal(path)
    assert _losses(lines) == [(10, 1.0), (20, 2.0), (30, 1.0)]
    assert [line["attempt"] for line in lines] == [1, 2, 1]


def test_events_are_no_metric_lines(tmp_path: Path) -> None:
    journal = Journal(tmp_path / JOURNAL)
    journal.start(0, 100, protected_categories=7)
    assert read_journal(tmp_path / JOURNAL) == []
    assert json.loads((tmp_path / JOURNAL).read_text())["protected_categories"] == 7


def test_values_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        Journal(tmp_path / JOURNAL).append(1, {"train/loss": float("nan")})


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / JOURNAL
    journal = Journal(path)
    for step in (1, 2, 3):
        journal.append(step, {"train/loss": 1.0})
    first, second, third = path.read_text().splitlines()
    path.write_text("\n".join([first, second.replace("1.0", "1.1"), third, ""]))
    with pytest.raises(BadInputError, match=r"metrics.jsonl: line 2: .*; remove that line"):
        read_journal(path)


def test_progress_follows_the_last_attempt(tmp_path: Path) -> None:
    lines = [
        {"event": "started", "step": 0, "iterations": 100, "time": 0.0, "attempt": 1},
        {"step": 60, "train/loss": 3.0, "time": 60.0, "attempt": 1},
        {"event": "started", "step": 40, "iterations": 100, "time": 100.0, "attempt": 2},
        {"step": 50, "train/loss": 2.0, "time": 105.0, "attempt": 2},
    ]
    content = [seal(json.dumps(line).encode()) + b"\n" for line in lines]
    (tmp_path / JOURNAL).write_bytes(b"".join(content))
    progress = read_progress(tmp_path)
    assert progress is not None
    assert (progress.iteration, progress.iterations, progress.loss) == (50, 100, 2.0)
    assert progress.iterations_per_second == pytest.approx(2.0)
    assert progress.eta_seconds == pytest.approx(25.0)


def test_progress_just_after_the_start_has_no_speed(tmp_path: Path) -> None:
    Journal(tmp_path / JOURNAL).start(40, 100)
    progress = read_progress(tmp_path)
    assert progress is not None
    assert (progress.iteration, progress.loss, progress.eta_seconds) == (40, None, None)


def test_there_is_no_progress_before_the_start(tmp_path: Path) -> None:
    assert read_progress(tmp_path) is None
