"""A grid or sweep at several moments, from hand-made folders."""

import json
from pathlib import Path

import pytest
from support.dashboards.made_grid_in_motion import (
    BEGAN,
    append,
    line,
    node_of,
    row_of,
    started,
    step,
    write_plan,
)

from dashboards.live.sight import Sight, Watcher
from dashboards.live.watched import find_watched
from dashboards.live.words import told
from longtail.problems import BadInputError

NOW = BEGAN + 110
WAITING = ("waiting", "waiting", "waiting")


def look(runs: Path, now: float = NOW) -> Sight:
    return Watcher(find_watched(runs, None)).look(now)


def finish(runs: Path, node: str, **summary: float) -> None:
    folder = runs / "nodes" / node
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "result.json").write_text(json.dumps({"files": {}, "summary": summary}))


def states_of(sight: Sight) -> list[str]:
    return [item.state for item in sight.nodes]


def test_an_empty_folder_has_nothing_to_show(tmp_path: Path) -> None:
    sight = look(tmp_path)
    assert (sight.watched.kind, sight.nodes, sight.problems) == ("nodes", (), ())


def test_what_waits_says_for_what(tmp_path: Path) -> None:
    nodes = [*row_of(0, "a", ("running", "waiting", "waiting")), *row_of(1, "b", WAITING)]
    write_plan(tmp_path / "grids" / "two", nodes)
    sight = look(tmp_path)
    assert sight.counts == {"running": 1, "waiting": 5}
    waits = {item.node.title: item.waits_for for item in sight.nodes}
    assert waits["a predictions"] == ("a training",)
    assert waits["a evaluation"] == ("a predictions",)
    assert waits["b training"] == ()
    first, second, *_ = sight.ordered
    assert (first.node.title, second.node.title) == ("a training", "b training")


def test_a_result_on_storage_counts_before_the_plan_says_so(tmp_path: Path) -> None:
    nodes = row_of(0, "a", ("done", "done", "running"))
    write_plan(tmp_path / "grids" / "one", nodes)
    watcher = Watcher(find_watched(tmp_path, None))
    assert states_of(watcher.look(NOW)) == ["done", "done", "running"]
    finish(tmp_path, nodes[2]["id"], AP=0.25)
    sight = watcher.look(NOW)
    assert states_of(sight) == ["done"] * 3 and sight.nodes[2].ap == 0.25 and sight.is_over


@pytest.mark.parametrize(
    ("summary", "words"),
    [({"AP": -1.0}, "AP not defined"), ({"AP": 0.0}, "AP 0.00"), ({}, "")],
)
def test_an_undefined_ap_is_not_zero(tmp_path: Path, summary: dict[str, float], words: str) -> None:
    nodes = row_of(0, "a", ("done", "done", "done"))
    write_plan(tmp_path / "grids" / "one", nodes)
    finish(tmp_path, nodes[2]["id"], **summary)
    assert told(look(tmp_path).nodes[2], NOW) == words


def test_a_training_is_followed_as_its_journal_grows(tmp_path: Path) -> None:
    nodes = row_of(0, "a", ("running", "waiting", "waiting"))
    write_plan(tmp_path / "grids" / "one", nodes)
    watcher = Watcher(find_watched(tmp_path, None))
    assert watcher.look(NOW).nodes[0].training is None
    append(tmp_path, nodes[0]["id"], started(100), step(10, 2.0, BEGAN + 10))
    training = watcher.look(NOW).nodes[0].training
    assert training is not None and training.iteration == 10
    append(tmp_path, nodes[0]["id"], step(20, 1.0, BEGAN + 20))
    item = watcher.look(NOW).nodes[0]
    assert item.training is not None and item.training.losses == (2.0, 1.0)
    assert item.silent == NOW - BEGAN - 20


def test_a_failure_says_why_and_what_it_blocks(tmp_path: Path) -> None:
    error = "no memory"
    nodes = row_of(0, "a", ("failed", "blocked", "blocked"), error=error)
    write_plan(tmp_path / "grids" / "one", nodes, ended="failed")
    sight = look(tmp_path)
    assert [item.node.error for item in sight.of("failed")] == [error]
    assert sight.counts == {"failed": 1, "blocked": 2} and sight.is_over


def test_a_command_that_was_killed_leaves_nothing_running(tmp_path: Path) -> None:
    nodes = row_of(0, "a", ("running", "waiting", "waiting"))
    # No process has a number so high.
    write_plan(tmp_path / "grids" / "one", nodes, process=2**22 + 1)
    sight = look(tmp_path)
    assert states_of(sight) == ["interrupted", "waiting", "waiting"]
    assert sight.problems == ("its command was killed; run it again to go on",)


def test_what_a_command_left_waits_for_it(tmp_path: Path) -> None:
    nodes = row_of(0, "a", ("waiting", "waiting", "waiting"))
    write_plan(tmp_path / "grids" / "one", nodes, ended="interrupted")
    stage, predictions, _ = look(tmp_path).nodes
    assert told(stage, NOW) == "waits for its command to run again"
    assert told(predictions, NOW) == "waits for a training"


def test_a_command_on_another_machine_is_believed_for_a_while(tmp_path: Path) -> None:
    nodes = row_of(0, "a", ("running", "waiting", "waiting"))
    write_plan(tmp_path / "grids" / "one", nodes, host="elsewhere", process=2**22 + 1)
    assert look(tmp_path).problems == ()
    late = look(tmp_path, BEGAN + 100 + 600)
    assert late.problems == ("no sign of its command on elsewhere for 10 min",)
    assert late.nodes[0].state == "running"


def test_damage_is_named_and_the_rest_shown(tmp_path: Path) -> None:
    nodes = row_of(0, "a", ("running", "waiting", "waiting"))
    plan = write_plan(tmp_path / "grids" / "one", nodes)
    broken = step(10, 2.0, BEGAN).replace(b"2.0", b"3.0")
    journal = append(tmp_path, nodes[0]["id"], started(100), broken)
    (told,) = look(tmp_path).problems
    assert told == f"{journal}: not what was written in line 2; left out"
    plan.write_text("{")
    told, *_ = look(tmp_path).problems
    assert told.startswith(f"{plan}: cannot be read")


def test_without_a_plan_all_nodes_that_began_are_shown(tmp_path: Path) -> None:
    (tmp_path / "grids" / "old").mkdir(parents=True)
    for kind, number, label in (("stage", 0, "a training"), ("predictions", 1, "a predictions")):
        node = node_of(kind, number, label, "")
        folder = tmp_path / "nodes" / node["id"]
        folder.mkdir(parents=True)
        (folder / "node.json").write_text(json.dumps(node))
    append(tmp_path, "stage-000000000000", started(10), step(1, 1.0, NOW - 5))
    (tmp_path / "nodes" / "stage-damaged").mkdir()
    sight = look(tmp_path)
    shown = {item.node.label: item.state for item in sight.nodes}
    assert shown == {
        "a training": "running",
        "a predictions": "waiting",
        "stage-damaged": "waiting",
    }
    (told,) = sight.problems
    assert "stage-damaged/node.json: cannot be read" in told


def trial(number: int, state: str, ap: float) -> bytes:
    curve = [{"step": 1, "metrics": {"AP": ap}}]
    ended = {"number": number, "point": {}, "state": state, "curve": curve}
    ended |= {"training": f"stage-{number:012}", "evaluation": "e", "hours": 0.1, "error": None}
    return line({"event": "ended", "trial": ended})


def test_a_sweep_counts_its_trials(tmp_path: Path) -> None:
    folder = tmp_path / "sweeps" / "lambda"
    nodes = [node_of("stage", n, f"trial {n} training", "paused") for n in range(3)]
    write_plan(folder, nodes, kind="sweep")
    begun = [line({"event": "begun", "number": number, "point": {}}) for number in range(4)]
    ended = [trial(0, "stopped", 0.1), trial(1, "finished", 0.3), trial(2, "failed", -1.0)]
    (folder / "trials.jsonl").write_bytes(b"".join([*begun, *ended]))
    sight = look(tmp_path)
    assert sight.trials is not None
    assert (sight.trials.begun, sight.trials.best) == (4, (1, 0.3))
    assert sight.trials.ended == {"stopped": 1, "finished": 1, "failed": 1}
    assert states_of(sight) == ["stopped", "paused", "failed"]


def test_the_newest_is_watched_or_the_one_that_is_named(tmp_path: Path) -> None:
    write_plan(tmp_path / "grids" / "one", [])
    (tmp_path / "sweeps" / "two").mkdir(parents=True)
    (tmp_path / "sweeps" / "two" / "trials.jsonl").write_text("")
    assert find_watched(tmp_path, None).name == "two"
    assert find_watched(tmp_path, "one").kind == "grid"
    with pytest.raises(BadInputError, match=r"--grid three: no grid .* there are: one, two"):
        find_watched(tmp_path, "three")
