"""What finished nodes tell, on journals with known times."""

import json
import logging
import os
from pathlib import Path

import pytest
from support.dashboards.made_nodes import BEGIN, MadeAttempt, write_journal

from longtail.cluster.costs.finished import FinishedNode, finished_nodes
from longtail.cluster.costs.work import likeness
from longtail.cluster.nodes.ledger import RESULT, begin, finish, node_directory
from longtail.cluster.nodes.node import Node
from longtail.cluster.nodes.places import PLACES
from longtail.cluster.nodes.plan import DataFiles, make_plan
from longtail.config.stages import Schedule, Stage
from longtail.config.variant import Variant
from longtail.sealed import seal

SHORT = Variant(stages=(Stage(schedule=Schedule(iterations=50, warmup_iterations=0)),))
MEGABYTES = 3 * 2**30
"""Of the peaks in made-up journals."""


def make(
    runs: Path,
    node: Node,
    places: list[tuple[float, int | None, str | None]],
    attempts: list[MadeAttempt],
) -> Path:
    """A finished training; `places` are seconds, workers and device."""
    folder = node_directory(runs, node)
    begin(folder, node, {})
    write_places(folder, places)
    write_journal(folder, attempts)
    (folder / "model.pt").write_bytes(b"x" * 1000)
    finish(folder, [folder / "model.pt"], {"iterations": 50})
    return folder


def write_places(folder: Path, places: list[tuple[float, int | None, str | None]]) -> None:
    records = [
        {"time": BEGIN + at, "host": "a", "group": 0, "workers": workers, "device": device}
        for at, workers, device in places
    ]
    lines = (seal(json.dumps(of).encode()) + b"\n" for of in records)
    (folder / PLACES).write_bytes(b"".join(lines))


@pytest.fixture
def nodes(data: DataFiles) -> tuple[Node, Node]:
    """A training and its predictions."""
    (row,) = make_plan({"a": SHORT}, (0,), data).rows
    return row.stages[0], row.predictions


def test_the_pace_of_a_training_is_that_of_its_attempts_for_each_worker(
    nodes: tuple[Node, Node], tmp_path: Path
) -> None:
    # 29 steps in 58 s by 2 workers, then 20 - 1 in 19 s by 4: 48 x 16 images, 192 worker-seconds.
    attempts = [MadeAttempt(10, 1, 30, pace=2.0), MadeAttempt(200, 31, 50, pace=1.0)]
    make(tmp_path, nodes[0], [(5, 2, "cpu"), (190, 4, "cpu")], attempts)
    (found,) = finished_nodes(tmp_path)
    assert found.images_per_second == pytest.approx(48 * 16 / (58 * 2 + 19 * 4))
    assert found.likeness == likeness(nodes[0])
    assert (found.device, found.on_gpu, found.images_per_worker) == ("cpu", False, 4)
    assert (found.peak_bytes, found.peak_gpu_bytes) == (MEGABYTES, None)
    assert found.num_bytes > 1000


def test_attempts_whose_workers_are_not_known_tell_no_pace(
    nodes: tuple[Node, Node], tmp_path: Path
) -> None:
    make(tmp_path, nodes[0], [(5, None, None)], [MadeAttempt(10, 1, 50)])
    (found,) = finished_nodes(tmp_path)
    assert (found.images_per_second, found.device, found.images_per_worker) == (None, None, 0)


def test_one_line_of_metrics_tells_no_pace(nodes: tuple[Node, Node], tmp_path: Path) -> None:
    make(tmp_path, nodes[0], [(5, 1, "NVIDIA X")], [MadeAttempt(10, 50, 50)])
    (found,) = finished_nodes(tmp_path)
    assert found.images_per_second is None and found.on_gpu


def predicted(
    runs: Path, nodes: tuple[Node, Node], places: list[tuple[float, int | None, str | None]]
) -> FinishedNode:
    """100 images and 2000 detections, ready after 60 s."""
    training, predictions = nodes
    make(runs, training, [(5, 1, "cpu")], [MadeAttempt(10, 1, 50)])
    folder = node_directory(runs, predictions)
    begin(folder, predictions, {})
    write_places(folder, places)
    finish(folder, [folder / PLACES], {"images": 100, "detections": 2000})
    os.utime(folder / RESULT, (BEGIN + 60, BEGIN + 60))
    (found,) = (of for of in finished_nodes(runs) if of.likeness.kind == "predictions")
    return found


def test_predictions_took_from_their_attempt_to_their_result(
    nodes: tuple[Node, Node], tmp_path: Path
) -> None:
    found = predicted(tmp_path, nodes, [(10, 2, "cpu")])
    assert found.images_per_second == pytest.approx(100 / (50 * 2))
    assert found.likeness == likeness(nodes[1])
    assert found.num_detections == 2000 and found.num_bytes > 0


@pytest.mark.parametrize("places", [[(1, 2, "cpu"), (30, 2, "cpu")], [(70, 2, "cpu")], []])
def test_predictions_of_several_attempts_or_other_clocks_tell_no_pace(
    places: list[tuple[float, int | None, str | None]], nodes: tuple[Node, Node], tmp_path: Path
) -> None:
    assert predicted(tmp_path, nodes, places).images_per_second is None


def test_a_damaged_node_is_left_out_with_a_warning(
    nodes: tuple[Node, Node], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = make(tmp_path, nodes[0], [(5, 1, "cpu")], [MadeAttempt(10, 1, 50)])
    file = folder / PLACES
    file.write_bytes(file.read_bytes().replace(b'"host": "a"', b'"host": "b"'))
    with caplog.at_level(logging.WARNING):
        assert finished_nodes(tmp_path) == []
    assert f"{folder}: left out of the estimate" in caplog.text


def test_a_folder_without_nodes_tells_nothing(tmp_path: Path) -> None:
    assert finished_nodes(tmp_path) == []
