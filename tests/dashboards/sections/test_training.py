"""The section of trainings and time."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.dashboards.made_nodes import MadeAttempt, write_grid, write_journal, write_node

from dashboards.figure import Figure
from dashboards.section import Note
from dashboards.sections.training import training
from dashboards.sources.found import Found, Report
from dashboards.sources.grid import read_grid
from dashboards.tables import Table


def _half_finished(runs: Path) -> Found:
    done = write_node(runs, "stage-0", "whole", 0, ended=100)
    write_journal(done, [MadeAttempt(0, 1, 50)])
    running = write_node(runs, "stage-1", "running", 0)
    write_journal(running, [MadeAttempt(0, 1, 30)])
    write_node(runs, "stage-2", "silent", 0)
    rows = {f"row_{i}": {"training": f"stage-{i}"} for i in range(3)}
    return read_grid(write_grid(runs, rows))


def test_a_half_finished_grid_says_what_runs_and_what_is_silent(tmp_path: Path) -> None:
    section = training(Report("", (_half_finished(tmp_path),)))
    assert section is not None
    notes = [of.text for of in section.blocks if isinstance(of, Note)]
    assert notes == [
        "Not finished, as far as they are: running, silent.",
        "No journal, so no curve: silent.",
    ]
    assert [of.name for of in section.blocks if isinstance(of, Figure | Table)] == [
        "training-curves",
        "training-loss-parts",
        "training-rates",
        "time",
        "time-table",
    ]


def test_a_node_of_two_grids_is_one_line_and_each_grid_has_its_time(tmp_path: Path) -> None:
    found = _half_finished(tmp_path)
    section = training(Report("", (found, found)))
    assert section is not None
    curves = next(of for of in section.blocks if isinstance(of, Figure))
    assert set(curves.tables["training-loss"].training) == {0, 1}
    names = [of.name for of in section.blocks if isinstance(of, Figure | Table)]
    assert names[-4:] == ["time", "time-table", "time-2", "time-table-2"]


def test_journals_of_before_have_no_memory_and_say_so(tmp_path: Path) -> None:
    found = _half_finished(tmp_path)
    (old, *others) = found.trainings
    peak = "train/peak_memory_bytes"
    lines = [{key: of[key] for key in of if key != peak} for of in old.records]
    section = training(
        Report("", (replace(found, trainings=(replace(old, records=lines), *others)),))
    )
    assert section is not None
    notes = [of.text for of in section.blocks if isinstance(of, Note)]
    assert "Memory was not recorded: whole." in notes
    figures = {of.name: of for of in section.blocks if isinstance(of, Figure)}
    peaks = figures["training-rates"].tables["training-peak-memory-bytes"]
    # The running one is drawn first.
    assert set(peaks.training) == {0}


def test_too_many_trainings_are_counted(tmp_path: Path) -> None:
    for i in range(14):
        node = write_node(tmp_path, f"stage-{i}", f"training {i}", 0, ended=20)
        write_journal(node, [MadeAttempt(0, 1, 5)])
    rows = {f"row_{i}": {"training": f"stage-{i}"} for i in range(14)}
    section = training(Report("", (read_grid(write_grid(tmp_path, rows)),)))
    assert section is not None and isinstance(section.blocks[0], Note)
    assert section.blocks[0].text.startswith("12 of 14 trainings")


@pytest.mark.parametrize("rows", [{}, {"one": {}}])
def test_without_trainings_there_is_no_section(
    tmp_path: Path, rows: dict[str, dict[str, str]]
) -> None:
    assert training(Report("", (read_grid(write_grid(tmp_path, rows)),))) is None
