"""What a person sees of running nodes where the output is no terminal."""

import io
import json
import time
from pathlib import Path

from rich.console import Console

from longtail.cluster.nodes.ledger import node_directory
from longtail.cluster.nodes.plan import Plan
from longtail.cluster.nodes.statuses import State, look_up
from longtail.cluster.progress import ProgressDisplay
from longtail.training.journal import JOURNAL, Journal


def test_starts_ends_and_progress_are_told_in_plain_lines(plan: Plan, tmp_path: Path) -> None:
    output = io.StringIO()
    display = ProgressDisplay(Console(file=output, width=120), tmp_path, slots=1, every=0)
    statuses = look_up(plan, tmp_path)
    stage = next(iter(statuses.values()))
    stage.state, stage.started = State.RUNNING, time.monotonic() - 10
    with display:
        display.update(statuses)
        journal = Journal(node_directory(tmp_path, stage.node) / JOURNAL)
        journal.start(0, 100)
        journal.append(20, {"train/loss": 2.5})
        display.update(statuses)
        stage.state = State.DONE
        display.update(statuses)
        display.update(statuses)
    lines = output.getvalue().splitlines()
    assert lines[0].startswith("started  sigmoid training  stage-")
    assert lines[1] == "running  sigmoid training"
    assert lines[3].startswith("running  sigmoid training  20/100") and "loss 2.500" in lines[3]
    assert lines[4].startswith("total    5 waiting, 1 running; ")
    assert lines[5] == "done     sigmoid training (10 s)"
    assert sum(line.startswith("done") for line in lines) == 1


def test_nodes_found_finished_are_not_announced(plan: Plan, tmp_path: Path) -> None:
    output = io.StringIO()
    statuses = look_up(plan, tmp_path)
    for item in statuses.values():
        item.state, item.found = State.DONE, True
    display = ProgressDisplay(Console(file=output), tmp_path, slots=1)
    display.update(statuses)
    assert output.getvalue() == ""


def test_a_pass_is_one_line_that_follows_a_node_still_learning(plan: Plan, tmp_path: Path) -> None:
    output = io.StringIO()
    display = ProgressDisplay(Console(file=output, width=120), tmp_path, slots=1, every=0)
    statuses = look_up(plan, tmp_path)
    first, second = (statuses[row.stages[0].id] for row in plan.rows)
    for item in (first, second):
        item.state, item.started = State.RUNNING, time.monotonic()
        item.in_pass = (first.node.id, second.node.id)
    folders = [node_directory(tmp_path, item.node) for item in (first, second)]
    for steps, folder in zip((10, 20), folders, strict=True):
        journal = Journal(folder / JOURNAL)
        journal.start(0, 100)
        journal.append(steps, {"train/loss": 2.5})
    display.update(statuses)
    (folders[0] / "diverged.txt").write_text("loss nan")
    display.update(statuses)
    first.state, second.state = State.FAILED, State.DONE
    display.update(statuses)
    lines = [line for line in output.getvalue().splitlines() if not line.startswith("total")]
    title = "sigmoid training and 1 more, shared trunk (2)"
    assert lines[0].startswith(f"started  {title}  stage-")
    assert lines[1].startswith(f"running  {title}  10/100")
    assert lines[2].startswith(f"running  {title}  20/100")
    assert lines[3:] == ["failed   sigmoid training", "done     eql training (0 s)"]


def test_predictions_tell_their_images(plan: Plan, tmp_path: Path) -> None:
    output = io.StringIO()
    display = ProgressDisplay(Console(file=output, width=120), tmp_path, slots=1, every=0)
    statuses = look_up(plan, tmp_path)
    (item, *_) = [of for of in statuses.values() if of.node.kind == "predictions"]
    item.state, item.started = State.RUNNING, time.monotonic()
    folder = node_directory(tmp_path, item.node)
    folder.mkdir(parents=True)
    for rank, images in enumerate((30, 10)):
        worker = {"images": images, "of": 50, "seconds": 10.0}
        (folder / f"progress-{rank}.json").write_text(json.dumps(worker))
    (folder / "progress-2.json").write_text("torn")
    display.update(statuses)
    lines = output.getvalue().splitlines()
    # Four images a second; the second worker has 40 of its own left, at one a second.
    title = "sigmoid predictions"
    assert lines[1] == f"running  {title}  40/100 images  4.00 images/s  left 0:40"
