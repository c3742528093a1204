"""When nodes were at work."""

import os
from pathlib import Path

import pytest
from support.dashboards.made_nodes import (
    BEGIN,
    MadeAttempt,
    write_grid,
    write_journal,
    write_node,
    write_places,
)

from dashboards.sources.grid import read_grid
from dashboards.sources.node_times import TIMES, NodeTime


def _grid(runs: Path) -> Path:
    """Two rows over one first stage, which was interrupted; the second one has only begun."""
    first = write_node(runs, "stage-0", "first", 0, ended=250)
    write_journal(first, [MadeAttempt(10, 1, 60), MadeAttempt(200, 41, 80)])
    second = write_node(runs, "stage-1", "second", 260, ["stage-0"], ended=300)
    write_journal(second, [MadeAttempt(270, 1, 20, together=2)])
    write_node(runs, "predictions-1", "predicting", 300, ["stage-1"], ended=320)
    write_node(runs, "evaluation-1", "one", 320, ["predictions-1"], ended=330)
    other = write_node(runs, "stage-2", "other", 260, ["stage-0"])
    write_journal(other, [MadeAttempt(270, 1, 10, together=2)])
    rows = {
        "one": {
            "training": "stage-1",
            "predictions": "predictions-1",
            "evaluation": "evaluation-1",
        },
        "two": {"training": "stage-2"},
    }
    return write_grid(runs, rows)


def _times(grid: Path) -> dict[str, NodeTime]:
    return {of.id: of for of in read_grid(grid).tree[TIMES]}


def _spans(of: NodeTime) -> list[tuple[float, float]]:
    return [(each.begin - BEGIN, each.end - BEGIN) for each in of.attempts]


def test_attempts_are_the_journals_and_ends_those_of_results(tmp_path: Path) -> None:
    times = _times(_grid(tmp_path))
    assert _spans(times["stage-0"]) == [(10, 70), (200, 250)]
    assert _spans(times["stage-1"]) == [(270, 300)]
    assert _spans(times["predictions-1"]) == [(300, 320)]
    assert _spans(times["evaluation-1"]) == [(320, 330)]
    assert times["stage-0"].begin == BEGIN
    assert [each.together for each in times["stage-1"].attempts] == [2]


def test_rows_that_share_a_node_are_named_and_an_unfinished_one_ends_with_its_journal(
    tmp_path: Path,
) -> None:
    times = _times(_grid(tmp_path))
    assert times["stage-0"].rows == ("one", "two") and times["stage-2"].rows == ("two",)
    assert not times["stage-2"].finished and _spans(times["stage-2"]) == [(270, 280)]


@pytest.mark.parametrize("written", [BEGIN - 1, BEGIN + 1e6])
def test_a_copy_that_lost_the_times_of_files_takes_better_ones(
    tmp_path: Path, written: float
) -> None:
    grid = _grid(tmp_path)
    for name in ("stage-0", "predictions-1"):
        os.utime(tmp_path / "nodes" / name / "result.json", (written, written))
    times = _times(grid)
    # The last record of its journal, and when the evaluation began.
    assert _spans(times["stage-0"])[-1] == (200, 240)
    assert _spans(times["predictions-1"]) == [(300, 320)]


def test_attempts_have_the_place_that_was_noted_when_they_began(tmp_path: Path) -> None:
    grid, nodes = _grid(tmp_path), tmp_path / "nodes"
    write_places(nodes / "stage-0", [(9, "a", 0), (199, "b", 1)])
    # The first was killed, nobody knows when.
    write_places(nodes / "predictions-1", [(302, "a", 0), (306, "b", 1)])
    times = _times(grid)
    groups = {
        name: [of.place and (of.place.host, of.place.group) for of in each.attempts]
        for name, each in times.items()
    }
    assert groups["stage-0"] == groups["predictions-1"] == [("a", 0), ("b", 1)]
    assert groups["stage-1"] == groups["evaluation-1"] == [None]
    assert _spans(times["stage-0"]) == [(10, 70), (200, 250)]
    assert _spans(times["predictions-1"]) == [(302, 302), (306, 320)]


def test_a_machine_whose_clock_is_wrong_loses_no_time(tmp_path: Path) -> None:
    grid = _grid(tmp_path)
    write_places(tmp_path / "nodes" / "predictions-1", [(1000, "a", 4)])
    (attempt,) = _times(grid)["predictions-1"].attempts
    assert (attempt.begin - BEGIN, attempt.end - BEGIN) == (300, 320)
    assert attempt.place is not None and attempt.place.group == 4


def test_trainings_of_rows_without_a_result_are_found(tmp_path: Path) -> None:
    found = read_grid(_grid(tmp_path))
    assert [(of.name, of.finished, len(of.records)) for of in found.trainings] == [
        ("first", True, 80),
        ("second", True, 20),
        ("other", False, 10),
    ]
    assert found.trainings[0].rows == ("one", "two")


def test_a_grid_of_nothing_has_no_times(tmp_path: Path) -> None:
    found = read_grid(write_grid(tmp_path, {"one": {}}))
    assert found.tree[TIMES] == () and found.trainings == ()
