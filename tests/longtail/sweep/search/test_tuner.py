"""The search with real Ray Tune on one cluster; trials are answered without training."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from support.on_ray.clusters import Cluster
from support.places import ROOT

pytestmark = pytest.mark.slow
LAMBDA = "stages.1.classifier.tail_frequency"
RUNGS = [10, 30, 90]


@pytest.fixture(scope="module")
def found(ray_head: Cluster) -> dict[str, Any]:
    paths = [str(ROOT / "tests"), str(ROOT / "platform"), str(ROOT)]
    done = subprocess.run(
        [sys.executable, "tests/support/on_ray/sweep_on_ray.py"],
        cwd=ROOT,
        env={**ray_head.environment, "PYTHONPATH": os.pathsep.join([*paths, *sys.path])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def steps(run: dict[str, Any]) -> dict[str, list[int]]:
    """Rungs that each trial reported."""
    reached: dict[str, list[int]] = {}
    for trial, step, _ in run["reports"]:
        reached.setdefault(trial, []).append(step)
    return reached


def test_every_point_is_one_trial(found: dict[str, Any]) -> None:
    run = found["fixed"]
    values = sorted(run["values"].values())
    assert values == sorted(point[LAMBDA] for point in found["points"])
    assert list(run["ends"].values()) == [False] * 4
    assert list(steps(run).values()) == [[90]] * 4


def test_asha_stops_trials_and_the_best_comes_to_its_end(found: dict[str, Any]) -> None:
    run = found["halved"]
    reached = steps(run)
    assert len(run["ends"]) == 9 and not any(run["ends"].values())
    assert all(path == RUNGS[: len(path)] for path in reached.values())
    lengths = {trial: len(path) for trial, path in reached.items()}
    assert 1 <= sum(length == 3 for length in lengths.values()) <= 6
    assert sum(length == 1 for length in lengths.values()) >= 3
    # Nobody asks for another rung after it was stopped.
    assert sorted(run["asked"]) == sorted([trial, step] for trial, step, _ in run["reports"])


def test_trials_below_the_median_are_stopped(found: dict[str, Any]) -> None:
    run = found["median"]
    assert len(run["ends"]) == 4 and not any(run["ends"].values())
    last = {trial: max(path) for trial, path in steps(run).items()}
    best = max(run["reports"], key=lambda report: report[2])[0]
    assert last[best] == 90


def test_a_trial_that_fails_leaves_the_others_alone(found: dict[str, Any]) -> None:
    run = found["failing"]
    failed = {trial for trial, value in run["values"].items() if value > 0.001}
    assert failed and {trial for trial, fails in run["ends"].items() if fails} == failed
    assert set(steps(run)) == set(run["ends"]) - failed


def test_two_metrics_are_searched(found: dict[str, Any]) -> None:
    run = found["two metrics"]
    assert len(run["ends"]) == 4 and not any(run["ends"].values())


def test_a_search_that_cannot_be_served_ends(found: dict[str, Any]) -> None:
    assert len(found["lost"]["reports"]) < 4
