"""What Ray Tune says of trials is handed on, and nothing of it is kept in Tune's own files.

Searches on a cluster: `tests/longtail/sweep/search/test_tuner.py`, `tests/ensemble/test_tune.py`.
"""

import pickle
from types import SimpleNamespace
from typing import Any

from longtail.search.tuner import TrialListener, _StopAll

TRIAL = SimpleNamespace(trial_id="t", config={"x": 1}, last_result={"AP": 0.3})


def test_reports_and_ends_are_handed_on() -> None:
    reports: list[Any] = []
    ends: list[Any] = []
    listener = TrialListener(lambda *said: reports.append(said), lambda *said: ends.append(said))
    listener.on_trial_result(1, [], TRIAL, {"AP": 0.2})
    listener.on_trial_complete(1, [], TRIAL)
    listener.on_trial_error(1, [], TRIAL)
    assert reports == [("t", {"x": 1}, {"AP": 0.2})]
    assert ends == [("t", {"x": 1}, {"AP": 0.3}, failed) for failed in (False, True)]


def test_a_problem_ends_all_trials_and_never_one_alone() -> None:
    problems: list[BaseException] = []
    stopper = _StopAll(lambda: problems[0] if problems else None)
    assert not stopper.stop_all()
    problems.append(RuntimeError("the cluster is gone"))
    assert stopper.stop_all() and not stopper("t", {"AP": 0.2})


def test_callbacks_are_pickled_as_nothing() -> None:
    kept = (TrialListener(lambda *_: None, lambda *_: None), _StopAll(lambda: None))
    assert [vars(pickle.loads(pickle.dumps(item))) for item in kept] == [{}, {}]
