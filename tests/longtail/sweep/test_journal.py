"""What a sweep goes on from."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.sweep_scene import LAMBDA, MASK, sweep_of, trial_of

from longtail.config.search_space import Uniform
from longtail.problems import BadInputError
from longtail.sealed import seal
from longtail.search.journal import TRIALS
from longtail.sweep.cost import Work
from longtail.sweep.journal import SweepJournal, TrialEnded, TrialStarted, WorkDone, open_journal

OF_BEFORE = """\
{"event":"begun","number":0,"point":{"stages.1.classifier.tail_frequency":0.1},"sha256": "d048979f1da87f22cf543c2e80ffce27a67d76eda89ebb9866ef8a20d5eaca70"}
{"event":"begun","number":1,"point":{"stages.1.classifier.tail_frequency":0.2},"sha256": "7e3a147d284d7aeebd8685c87249abec34c3c87ef1e63beab0861a4db4ec0d2f"}
{"event":"spent","work":{"kind":"training","trials":[0,1],"iterations":10,"seconds":3.5,"hours":0.25},"sha256": "0737064477879e835862f767fb7f7dfda852ae521d21ed0b8ccdea4e4754b5a0"}
{"event":"ended","trial":{"number":1,"point":{"stages.1.classifier.tail_frequency":0.2},"state":"finished","curve":[{"step":900,"metrics":{"AP":0.3,"APr":0.1}}],"training":"t000000000001","evaluation":"e000000000001","hours":0.5,"error":null},"sha256": "6cea4a73618a4e5549e2e6b50cc7904336b04210aefe0578ee6d0190d3965af2"}
"""  # noqa: E501
"""A journal that an earlier version wrote; its classes had other names."""


def test_what_was_added_is_read_again(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "sweeps" / "s", sweep_of())
    journal.add(TrialStarted(0, {LAMBDA: 0.1}))
    journal.add(TrialStarted(1, {LAMBDA: 0.2}))
    journal.add(WorkDone(Work("training", [0, 1], 10, 3.5, 0.25)))
    journal.add(TrialEnded(trial_of(1, 0.3, {LAMBDA: 0.2})))
    again = open_journal(tmp_path / "sweeps" / "s", sweep_of())
    assert again.started == {0: {LAMBDA: 0.1}, 1: {LAMBDA: 0.2}}
    assert again.trials == [trial_of(1, 0.3, {LAMBDA: 0.2})]
    assert again.unfinished() == {0: {LAMBDA: 0.1}}
    assert again.work == [Work("training", [0, 1], 10, 3.5, 0.25)]


def test_a_torn_last_line_is_dropped(tmp_path: Path) -> None:
    journal = SweepJournal(tmp_path)
    journal.add(TrialStarted(0, {LAMBDA: 0.1}))
    path = tmp_path / TRIALS
    path.write_bytes(path.read_bytes() + b'{"event":"ended","tri')
    again = SweepJournal(tmp_path)
    again.add(TrialStarted(1, {LAMBDA: 0.2}))
    assert list(SweepJournal(tmp_path).started) == [0, 1]


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    lines = (b'{"event":"begun","number":0,"point":{}}', b'{"event":"flown"}')
    (tmp_path / TRIALS).write_bytes(b"".join(seal(line) + b"\n" for line in lines))
    with pytest.raises(BadInputError, match=r"trials\.jsonl: line 2 is no event"):
        SweepJournal(tmp_path)


def test_a_failed_trial_is_tried_again(tmp_path: Path) -> None:
    journal = SweepJournal(tmp_path)
    journal.add(TrialStarted(0, {LAMBDA: 0.1}))
    journal.add(TrialEnded(trial_of(0, 0.1, {LAMBDA: 0.1}, state="failed")))
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


def test_a_journal_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    (tmp_path / TRIALS).write_text(OF_BEFORE)
    journal = SweepJournal(tmp_path)
    assert journal.unfinished() == {0: {LAMBDA: 0.1}}
    assert journal.trials == [trial_of(1, {"AP": 0.3, "APr": 0.1}, {LAMBDA: 0.2})]
    assert journal.work == [Work("training", [0, 1], 10, 3.5, 0.25)]
    ended = trial_of(0, 0.2, {LAMBDA: 0.1})
    journal.add(TrialEnded(ended))
    assert (tmp_path / TRIALS).read_text().startswith(OF_BEFORE)
    assert SweepJournal(tmp_path).trials[0] == ended


def test_lines_are_written_as_an_earlier_version_did(tmp_path: Path) -> None:
    journal = SweepJournal(tmp_path)
    journal.add(TrialStarted(0, {LAMBDA: 0.1}))
    journal.add(TrialStarted(1, {LAMBDA: 0.2}))
    journal.add(WorkDone(Work("training", [0, 1], 10, 3.5, 0.25)))
    journal.add(TrialEnded(trial_of(1, {"AP": 0.3, "APr": 0.1}, {LAMBDA: 0.2})))
    assert (tmp_path / TRIALS).read_text() == OF_BEFORE
