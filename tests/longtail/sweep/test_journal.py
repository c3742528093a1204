"""What a sweep goes on from."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.sweep_scene import LAMBDA, MASK, sweep_of, trial_of

from longtail.config.search_space import Uniform
from longtail.problems import BadInputError
from longtail.sealed import seal
from longtail.sweep.cost import Work
from longtail.sweep.journal import TRIALS, Begun, Ended, Spent, SweepJournal, open_journal


def test_what_was_added_is_read_again(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "sweeps" / "s", sweep_of())
    journal.add(Begun(0, {LAMBDA: 0.1}))
    journal.add(Begun(1, {LAMBDA: 0.2}))
    journal.add(Spent(Work("training", [0, 1], 10, 3.5, 0.25)))
    journal.add(Ended(trial_of(1, 0.3, {LAMBDA: 0.2})))
    again = open_journal(tmp_path / "sweeps" / "s", sweep_of())
    assert again.begun == {0: {LAMBDA: 0.1}, 1: {LAMBDA: 0.2}}
    assert again.trials == [trial_of(1, 0.3, {LAMBDA: 0.2})]
    assert again.unfinished() == {0: {LAMBDA: 0.1}}
    assert again.work == [Work("training", [0, 1], 10, 3.5, 0.25)]


def test_a_torn_last_line_is_dropped(tmp_path: Path) -> None:
    journal = SweepJournal(tmp_path)
    journal.add(Begun(0, {LAMBDA: 0.1}))
    path = tmp_path / TRIALS
    path.write_bytes(path.read_bytes() + b'{"event":"ended","tri')
    again = SweepJournal(tmp_path)
    again.add(Begun(1, {LAMBDA: 0.2}))
    assert list(SweepJournal(tmp_path).begun) == [0, 1]


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    lines = (b'{"event":"begun","number":0,"point":{}}', b'{"event":"flown"}')
    (tmp_path / TRIALS).write_bytes(b"".join(seal(line) + b"\n" for line in lines))
    with pytest.raises(BadInputError, match=r"trials\.jsonl: line 2 is no event"):
        SweepJournal(tmp_path)


def test_a_failed_trial_is_tried_again(tmp_path: Path) -> None:
    journal = SweepJournal(tmp_path)
    journal.add(Begun(0, {LAMBDA: 0.1}))
    journal.add(Ended(trial_of(0, 0.1, {LAMBDA: 0.1}, state="failed")))
    journal.reopen_failed()
    assert journal.trials == [] and journal.unfinished() == {0: {LAMBDA: 0.1}}


def test_another_sweep_is_not_mixed_in(tmp_path: Path) -> None:
    open_journal(tmp_path, sweep_of())
    longer = replace(sweep_of(), num_trials=99)
    open_journal(tmp_path, longer)
    other = replace(sweep_of({MASK: Uniform(0.5, 2.0)}), seed=3)
    with pytest.raises(ValueError, match="a sweep with other space, seed; give another --name"):
        open_journal(tmp_path, other)


def test_a_damaged_request_is_named(tmp_path: Path) -> None:
    (tmp_path / "sweep.json").write_text("[]")
    with pytest.raises(BadInputError, match=r"sweep\.json: .*damaged.* remove the folder"):
        open_journal(tmp_path, sweep_of())
