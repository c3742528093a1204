"""Journals as tables of lines."""

from pathlib import Path

import numpy as np
import pytest
from support.dashboards.made_nodes import MadeAttempt, made_loss, write_journal, write_node

from dashboards.figures.training.lines import (
    MOST_TRAININGS,
    drawn_trainings,
    line_table,
    recorded_metrics,
    thinned,
)
from dashboards.sources.found import Training
from longtail.training.journal import JOURNAL, read_journal


def made(runs: Path, *attempts: MadeAttempt, name: str = "1", finished: bool = True) -> Training:
    node = write_node(runs, f"stage-{name}", f"training {name}", 0)
    write_journal(node, attempts)
    return Training(name, (), node, read_journal(node / JOURNAL), {}, finished)


def test_a_short_journal_is_drawn_as_it_is(tmp_path: Path) -> None:
    table = line_table([made(tmp_path, MadeAttempt(0, 1, 200))], "train/loss")
    assert table.step.tolist() == list(range(1, 201))
    expected = [made_loss(step) for step in range(1, 201)]
    assert table.value.tolist() == pytest.approx(expected, rel=1e-4)
    assert table.attempt.tolist() == [0] * 200


def test_a_long_journal_keeps_its_spikes_and_ends(tmp_path: Path) -> None:
    table = line_table([made(tmp_path, MadeAttempt(0, 1, 3000))], "train/loss")
    assert len(table) <= 300
    assert (table.step.iloc[0], table.step.iloc[-1]) == (1, 3000)
    assert set(range(50, 3000, 100)) <= set(table.step)
    assert table.step.is_monotonic_increasing


def test_thinning_keeps_the_extremes_of_every_stretch() -> None:
    values = np.random.default_rng(0).normal(size=10_000)
    kept = thinned(values, 300)
    assert len(kept) <= 300 and {int(values.argmin()), int(values.argmax())} <= set(kept.tolist())
    assert thinned(values[:5], 300).tolist() == [0, 1, 2, 3, 4]
    assert thinned(values[:0], 300).tolist() == []


def test_restarts_are_marked_where_an_attempt_goes_on(tmp_path: Path) -> None:
    attempts = MadeAttempt(0, 1, 60), MadeAttempt(100, 41, 80), MadeAttempt(200, 71, 90)
    table = line_table([made(tmp_path, *attempts)], "train/loss")
    assert table.step.tolist() == list(range(1, 91))
    marked = table[table.attempt > 0]
    assert dict(zip(marked.step, marked.attempt, strict=True)) == {41: 2, 71: 3}


def test_restarts_stay_in_a_thinned_line(tmp_path: Path) -> None:
    attempts = MadeAttempt(0, 1, 1502), MadeAttempt(2000, 1503, 3000)
    table = line_table([made(tmp_path, *attempts)], "train/loss")
    assert table[table.attempt == 2].step.tolist() == [1503]


def test_trainings_are_told_by_their_place_and_miss_what_they_did_not_record(
    tmp_path: Path,
) -> None:
    one, other = (made(tmp_path, MadeAttempt(0, 1, 3), name=name) for name in "12")
    records = [{**line, "val/AP": 12.5} if line["step"] == 2 else line for line in other.records]
    other = Training("2", (), other.folder, records, {})
    table = line_table([one, other], "val/AP")
    assert table.to_dict("records") == [{"training": 1, "step": 2, "value": 12.5, "attempt": 0}]
    assert recorded_metrics([one, other])[:2] == ["train/loss", "train/loss_box"]
    assert recorded_metrics([one, other])[-1] == "val/AP"


def test_unfinished_trainings_come_first_and_silent_ones_are_left_out(tmp_path: Path) -> None:
    whole = [made(tmp_path, MadeAttempt(0, 1, 2), name=f"w{i}") for i in range(MOST_TRAININGS)]
    running = made(tmp_path, MadeAttempt(0, 1, 2), name="running", finished=False)
    silent = Training("silent", (), tmp_path, [], {}, finished=False)
    drawn = drawn_trainings([*whole, silent, running])
    assert [of.name for of in drawn] == ["running", *(f"w{i}" for i in range(MOST_TRAININGS - 1))]
