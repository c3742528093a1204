"""What a person sees of running nodes where the output is no terminal."""

import io
import time
from pathlib import Path

from rich.console import Console

from longtail.cluster.ledger import node_directory
from longtail.cluster.plan import Plan
from longtail.cluster.progress import ProgressDisplay
from longtail.cluster.standings import State, look_up
from longtail.training.journal import JOURNAL, Journal


def test_starts_ends_and_progress_are_told_in_plain_lines(plan: Plan, tmp_path: Path) -> None:
    output = io.StringIO()
    display = ProgressDisplay(Console(file=output, width=120), tmp_path, places=1, every=0)
    standings = look_up(plan, tmp_path)
    stage = next(iter(standings.values()))
    stage.state, stage.started = State.RUNNING, time.monotonic() - 10
    with display:
        display.update(standings)
        journal = Journal(node_directory(tmp_path, stage.node) / JOURNAL)
        journal.start(0, 100)
        journal.append(20, {"train/loss": 2.5})
        display.update(standings)
        stage.state = State.DONE
        display.update(standings)
        display.update(standings)
    lines = output.getvalue().splitlines()
    assert lines[0].startswith("started  sigmoid training  stage-")
    assert lines[1] == "running  sigmoid training"
    assert lines[3].startswith("running  sigmoid training  20/100") and "loss 2.500" in lines[3]
    assert lines[4].startswith("total    5 waiting, 1 running; ")
    assert lines[5] == "done     sigmoid training (10 s)"
    assert sum(line.startswith("done") for line in lines) == 1


def test_nodes_found_finished_are_not_announced(plan: Plan, tmp_path: Path) -> None:
    output = io.StringIO()
    standings = look_up(plan, tmp_path)
    for item in standings.values():
        item.state, item.found = State.DONE, True
    display = ProgressDisplay(Console(file=output), tmp_path, places=1)
    display.update(standings)
    assert output.getvalue() == ""
